import * as z from "zod";
import { onward } from "./origin_schema.ts";
import { httpUrl, secretBinding } from "./terms.ts";

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
  timeoutMs: z.int().min(50).max(5_000).default(1_000),
  /** Of its answer. */
  maxBytes: z
    .int()
    .min(64)
    .max(64 * 1024)
    .default(8 * 1024),
  /** For how long an answer counts for the very same question: subject, action, resource, and all that is told of them. 0 asks each time. */
  cacheSeconds: z.int().min(0).max(300).default(0),
  /** The secret that holds a bearer token for it. */
  tokenBinding: secretBinding.optional(),
  /** Or a token that is fetched for it by client credentials. */
  onward: onward.optional(),
  /** What becomes of a call while it cannot be asked: nothing lets it pass. */
  onUnavailable: z.literal("deny").default("deny"),
  tells: z.array(z.enum(TOLD_FACTS)).default([]),
});

export type ExternalConfig = z.output<typeof external>;
