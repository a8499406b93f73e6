import * as z from "zod/mini";
import { seconds } from "../terms.ts";

/** A parameter of a route's path as part of a limit's key. */
export const KEY_PARAMETER = /^param:([A-Za-z_][A-Za-z0-9_]*)$/;

const keyPart = z.union([
  z.enum(["principal", "client", "api_key", "address", "route", "operation"]),
  z.string().check(z.regex(KEY_PARAMETER, "is no part of a key: `param:name` names a parameter of the path")),
]);

const common = {
  /** Whose counter: one thing, or several together, each combination having a counter of its own. */
  key: z._default(z.union([keyPart, z.array(keyPart).check(z.minLength(1), z.maxLength(4))]), "principal"),
  /** What happens while the shared counters do not answer within 250 ms. */
  onUnavailable: z._default(z.enum(["allow", "deny", "local"]), "deny"),
  /** Whether each call asks the shared counters, or an isolate takes a twentieth of the limit ahead and spends it from memory. */
  precision: z._default(z.enum(["exact", "leased"]), "exact"),
  /** Counted and logged, but never denying: to see what a limit would do before it does it. */
  dryRun: z._default(z.boolean(), false),
};

const units = z.int().check(z.minimum(1), z.maximum(1_000_000));

/** A limit as a route uses it, where a call costs more than one unit. */
export const limitUse = z.strictObject({
  name: z.string(),
  /** What a call takes before it goes to the origin. */
  cost: z._default(units, 1),
  /** The most that a call may cost in all, by the origin's word in `Sallyport-Cost`; without this nobody listens to it. */
  maxOriginCost: z.optional(units),
});

/** A named limit, which routes refer to. */
export const limit = z.discriminatedUnion("algorithm", [
  z.strictObject({
    algorithm: z.literal("fixed"),
    limit: z.int().check(z.minimum(1), z.maximum(1_000_000_000)),
    windowSeconds: seconds.check(z.maximum(31 * 86_400)),
    ...common,
  }),
  z.strictObject({
    algorithm: z.literal("bucket"),
    // Counted in whole units of a token and a millisecond's refill: the bounds keep that product exact.
    burst: z.int().check(z.minimum(1), z.maximum(1_000_000)),
    refill: z.int().check(z.minimum(1), z.maximum(1_000_000)),
    intervalSeconds: seconds.check(z.maximum(86_400)),
    ...common,
  }),
]);
