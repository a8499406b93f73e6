import * as z from "zod";
import { NAME } from "./terms.ts";

/* What calls of a route ask to do, and how they name what they do it to. */

/** An action of a resource type: `document:read`. */
export const actionName = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,62}:[a-z][a-z0-9_-]{0,62}$/, "is no action: a resource type, a colon, and its action");

/** A JSON pointer (RFC 6901); `*` stands for each item of a list. */
const pointer = z
  .string()
  .max(200)
  .regex(/^\/(?:[^~]|~[01])+$/, "is no JSON pointer to a part of the body");

const place = z.union([
  /** A parameter of the path. */
  z.strictObject({ path: z.string().min(1).max(64) }),
  z.strictObject({
    /** A parameter of the query. */
    query: z.string().regex(/^[A-Za-z_][A-Za-z0-9_-]{0,62}$/, "is not a plain name"),
    /** How it may name several; one value alone where it may not. */
    several: z.enum(["no", "repeated", "commas", "repeated_or_commas"]).default("no"),
  }),
  z.strictObject({ body: pointer }),
]);
export type PlaceConfig = z.output<typeof place>;

/** What calls are about. */
export const routeResource = z.strictObject({
  /** Where the id stands; several places have to say the same. None for what is only made by the call. */
  id: z.union([place, z.array(place).min(1).max(4)]).optional(),
  /** Whole numbers, or any text. */
  idType: z.enum(["string", "int"]).default("string"),
  /** Attributes by the caller's own word: what it wants to make, not what is there. */
  attributes: z.record(z.string(), place).default({}),
  /** A name of `policy.metadata`: an origin that is asked what is there. */
  metadata: z.string().optional(),
  /** What a refusal by rules looks like; `not_found` tells nobody what there is. */
  refusedAs: z.enum(["forbidden", "not_found"]).default("forbidden"),
});

/** Bodies are JSON and looked into, where no contract says what they are. */
export const jsonBody = z.strictObject({
  /** Arrays and objects within each other. */
  maxDepth: z.int().min(1).max(32).default(32),
});

/** An origin's word on its resources. */
export const metadataSource = z.strictObject({
  /** The resource type that it knows. */
  type: z.string().regex(NAME),
  /** Which of the type's attributes it tells; all of them when absent. */
  attributes: z.array(z.string()).min(1).optional(),
  /** `https`, with `{id}` as one segment of the path or one value of the query. */
  url: z.string().max(2_000),
  timeoutMs: z.int().min(1).max(10_000).default(1_000),
  /** How long an answer counts. What changes at the origin is seen so much later. */
  ttlSeconds: z.int().min(1).max(3_600).default(30),
  maxBytes: z
    .int()
    .min(2)
    .max(256 * 1024)
    .default(16 * 1024),
  /** What becomes of calls while it cannot be asked: refused, or decided on without what it would say. */
  onUnavailable: z.enum(["deny", "without_attributes"]),
  /** The audience of an identity of the gate's own that comes with each question; none is sent when absent. */
  identity: z.string().min(1).max(512).optional(),
});
