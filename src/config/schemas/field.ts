import * as z from "zod/mini";
import { MAX_CHECKED_BYTES } from "./openapi.ts";

/* Who reads and writes which properties of a type of resources, and where its resources stand in what a route sends and answers. */

/** A JSON pointer (RFC 6901) to a property; `*` stands for each item of a list. */
const pointer = z.string().check(z.maxLength(200), z.startsWith("/"));

/** Everybody who may call, nobody, or who has one of these: `orders:write`, `role:hr`, `permission:person:read_salary`, `relation:owner`. */
const audience = z.union([
  z.enum(["anyone", "nobody"]),
  z.array(z.string().check(z.minLength(1), z.maxLength(200))).check(z.minLength(1), z.maxLength(32)),
]);

const others = z._default(z.enum(["nobody", "anyone"]), "nobody");

/** Whom the properties of a type of resources are for, on every route whose action is on it. */
export const resourceFields = z.strictObject({
  /** By pointer. A property, and what is in it, is as what it is a part of where nothing else is said. */
  properties: z.record(pointer, z.strictObject({ read: z.optional(audience), write: z.optional(audience) })),
  /** Properties that nothing is said of, nor of what they are in. */
  unlisted: z._default(z.strictObject({ read: others, write: others }), { read: "nobody", write: "nobody" }),
  /** Members of a body that their sender may not write: the request is refused, or goes on without them. */
  onForbidden: z._default(z.enum(["refuse", "drop"]), "refuse"),
  /** What the origins do with members that a PUT leaves out. */
  leftOut: z._default(z.enum(["deleted", "kept"]), "deleted"),
  /** Where a resource says its own id: in lists, relations are to each item. */
  id: z._default(pointer, "/id"),
});

const place = z.strictObject({
  /** The resource, or each of them: empty for the whole, `/*` for a list, `/items/*` for a list in an envelope. */
  at: z._default(z.union([z.literal(""), pointer]), ""),
  /** What else passes, as it is. */
  beside: z._default(z.array(pointer).check(z.maxLength(32)), []),
});
const placeOrNone = z._default(z.union([z.literal("none"), place]), { at: "", beside: [] });

/** Where a route has resources whose properties are for some. */
export const fieldPlaces = z.strictObject({
  /** Their type, where it is not the action's. */
  type: z.optional(z.string()),
  /** In bodies; `none` where they have no properties of such a resource: they pass as they are. */
  request: placeOrNone,
  /** The same in responses. */
  response: placeOrNone,
  /** The largest response that is looked into; a larger one is withheld. */
  maxResponseBytes: z._default(z.int().check(z.minimum(1), z.maximum(MAX_CHECKED_BYTES)), 1024 * 1024),
  /** Arrays and objects within each other, in bodies both ways. */
  maxDepth: z._default(z.int().check(z.minimum(1), z.maximum(64)), 32),
});

/** The same, or `openapi` where the route's document says whom its properties are for. */
export const routeFields = z.union([z.literal("openapi"), fieldPlaces]);
