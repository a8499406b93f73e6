import * as z from "zod/mini";

/* What callers may send and see, by OpenAPI 3.1. */

/** A document as it is: plain JSON. What routes use of it is checked when they are compiled. */
export const openapiDocument = z.looseObject({
  openapi: z.string().check(z.regex(/^3\.1\.\d+$/, "is not OpenAPI 3.1")),
  paths: z.record(z.string(), z.record(z.string(), z.unknown())),
});

const MIB = 1024 * 1024;
/** What is looked into is held in memory. */
export const MAX_CHECKED_BYTES = 4 * MIB;

/** Holds a route's requests and responses to the operations of a document. */
export const routeContract = z.strictObject({
  /** A name of `openapi`. */
  document: z.string(),
  /** The path in the document, where it is not the route's own (`/orders/:id` is `/orders/{id}`). */
  path: z.optional(z.string().check(z.startsWith("/"))),
  /** Query parameters that the operation does not have. */
  unknownQuery: z._default(z.enum(["refuse", "pass"]), "refuse"),
  /** Responses that do not fit are held back, or only told of in the log. What the document hides is hidden in both. */
  responses: z._default(z.enum(["enforce", "report"]), "enforce"),
  /** Members of a body that their sender may not write: the request is refused, or goes on without them. */
  unwritable: z._default(z.enum(["refuse", "drop"]), "refuse"),
  /** What the origin does with members that a PUT leaves out. Where it deletes them, only who may write all of them may replace the whole. */
  leftOut: z._default(z.enum(["deleted", "kept"]), "deleted"),
  /** The largest response that is looked into; a larger one does not fit. */
  maxResponseBytes: z._default(z.int().check(z.minimum(1), z.maximum(MAX_CHECKED_BYTES)), MIB),
  /** Arrays and objects within each other, in bodies both ways. */
  maxDepth: z._default(z.int().check(z.minimum(1), z.maximum(64)), 32),
});

const size = z.int().check(z.minimum(1), z.maximum(100_000));

/** How much of a list one call may ask for. */
export const pageSize = z.strictObject({
  /** The query's parameter that says how many items. */
  parameter: z.string().check(z.regex(/^[A-Za-z_][A-Za-z0-9_-]{0,62}$/, "is not a plain name")),
  max: size,
  /** More is refused, or lowered to the maximum on its way to the origin. */
  over: z._default(z.enum(["refuse", "clamp"]), "refuse"),
  /** What the origin is asked for where the caller says nothing. */
  whenAbsent: z.optional(size),
});
