import * as z from "zod/mini";
import { NAME } from "../terms.ts";

/* What calls of a route ask to do, and how they name what they do it to. */

/** An action of a resource type: `document:read`. */
export const actionName = z
  .string()
  .check(
    z.regex(/^[a-z][a-z0-9_-]{0,62}:[a-z][a-z0-9_-]{0,62}$/, "is no action: a resource type, a colon, and its action"),
  );

/** A JSON pointer (RFC 6901); `*` stands for each item of a list. */
const pointer = z
  .string()
  .check(z.maxLength(200), z.regex(/^\/(?:[^~]|~[01])+$/, "is no JSON pointer to a part of the body"));

const place = z.union([
  /** A parameter of the path. */
  z.strictObject({ path: z.string().check(z.minLength(1), z.maxLength(64)) }),
  z.strictObject({
    /** A parameter of the query. */
    query: z.string().check(z.regex(/^[A-Za-z_][A-Za-z0-9_-]{0,62}$/, "is not a plain name")),
    /** How it may name several; one value alone where it may not. */
    several: z._default(z.enum(["no", "repeated", "commas", "repeated_or_commas"]), "no"),
  }),
  z.strictObject({ body: pointer }),
]);
export type PlaceConfig = z.output<typeof place>;

/** What calls are about. */
export const routeResource = z.strictObject({
  /** Where the id stands; several places have to say the same. None for what is only made by the call. */
  id: z.optional(z.union([place, z.array(place).check(z.minLength(1), z.maxLength(4))])),
  /** Whole numbers, or any text. */
  idType: z._default(z.enum(["string", "int"]), "string"),
  /** Attributes by the caller's own word: what it wants to make, not what is there. */
  attributes: z._default(z.record(z.string(), place), {}),
  /** A name of `policy.metadata`: an origin that is asked what is there. */
  metadata: z.optional(z.string()),
  /** What a refusal by rules looks like; `not_found` tells nobody what there is. */
  refusedAs: z._default(z.enum(["forbidden", "not_found"]), "forbidden"),
});

/** Bodies are JSON and looked into, where no contract says what they are. */
export const jsonBody = z.strictObject({
  /** Arrays and objects within each other. */
  maxDepth: z._default(z.int().check(z.minimum(1), z.maximum(32)), 32),
});

/** An origin's word on its resources. */
export const metadataSource = z.strictObject({
  /** The resource type that it knows. */
  type: z.string().check(z.regex(NAME)),
  /** Which of the type's attributes it tells; all of them when absent. */
  attributes: z.optional(z.array(z.string()).check(z.minLength(1))),
  /** `https`, with `{id}` as one segment of the path or one value of the query. */
  url: z.string().check(z.maxLength(2_000)),
  timeoutMs: z._default(z.int().check(z.minimum(1), z.maximum(10_000)), 1_000),
  /** How long an answer counts. What changes at the origin is seen so much later. */
  ttlSeconds: z._default(z.int().check(z.minimum(1), z.maximum(3_600)), 30),
  maxBytes: z._default(z.int().check(z.minimum(2), z.maximum(256 * 1024)), 16 * 1024),
  /** How many resources one call may name: each that is not in memory is a question. */
  maxResources: z._default(z.int().check(z.minimum(1), z.maximum(100)), 20),
  /** What becomes of calls while it cannot be asked: refused, or decided on without what it would say. */
  onUnavailable: z.enum(["deny", "without_attributes"]),
  /** The audience of an identity of the gate's own that comes with each question; none is sent when absent. */
  identity: z.optional(z.string().check(z.minLength(1), z.maxLength(512))),
});
