import * as z from "zod/mini";
import { httpUrl, secretBinding } from "../terms.ts";
import { onward } from "./origin.ts";

/** What a decision point of others is told of a call beside who, what and to which resource. */
export const TOLD_FACTS = [
  "roles",
  "tenant",
  "subject_attributes",
  "resource_attributes",
  "address",
  "country",
  "authentication",
] as const;

/** A decision point of others (AuthZEN 1.0), which has to permit as well what we permit. */
export const external = z.strictObject({
  /** Its access evaluation endpoint, in full. */
  url: httpUrl,
  timeoutMs: z._default(z.int().check(z.minimum(50), z.maximum(5_000)), 1_000),
  /** Of its answer. */
  maxBytes: z._default(z.int().check(z.minimum(64), z.maximum(64 * 1024)), 8 * 1024),
  /** For how long an answer counts for the very same question: subject, action, resource, and all that is told of them. 0 asks each time. */
  cacheSeconds: z._default(z.int().check(z.minimum(0), z.maximum(300)), 0),
  /** The secret that holds a bearer token for it. */
  tokenBinding: z.optional(secretBinding),
  /** Or a token that is fetched for it by client credentials. */
  onward: z.optional(onward),
  /** What becomes of a call while it cannot be asked: nothing lets it pass. */
  onUnavailable: z._default(z.literal("deny"), "deny"),
  tells: z._default(z.array(z.enum(TOLD_FACTS)), []),
});

export type ExternalConfig = z.output<typeof external>;
