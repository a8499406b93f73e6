import * as z from "zod/mini";

/** A part of all calls, chosen by the request's id, so that it can be said of each whether it belongs to it. */
const sample = z.strictObject({ sample: z.number().check(z.gt(0), z.lt(1)) });

/** Which decisions of a route are recorded: none, the denials, a sample of both, all, or all before anything follows from them. */
export const routeAudit = z.union([z.enum(["none", "denied", "all", "required"]), sample]);

/** What is recorded at every route. */
export const gatewayAudit = z.strictObject({
  /** Uses of API keys, on routes that do not record the decision itself. */
  keyUses: z._default(z.union([z.enum(["none", "all"]), sample]), "none"),
  /** The caller's address: as limits count it (the /64 of IPv6), with all its bits, or not at all. */
  address: z._default(z.enum(["unit", "exact", "none"]), "unit"),
});
