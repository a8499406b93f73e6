import * as z from "zod";
import { seconds } from "./terms.ts";

const limitKey = z.enum(["principal", "address", "route"]);
const onUnavailable = z.enum(["allow", "deny", "local"]);
/** A named limit, which routes refer to. */
export const limit = z.discriminatedUnion("algorithm", [
  z.strictObject({
    algorithm: z.literal("fixed"),
    limit: z.int().min(1).max(1_000_000_000),
    windowSeconds: seconds.max(31 * 86_400),
    key: limitKey.default("principal"),
    onUnavailable: onUnavailable.default("deny"),
  }),
  z.strictObject({
    algorithm: z.literal("bucket"),
    // Counted in whole units of a token and a millisecond's refill: the bounds keep that product exact.
    burst: z.int().min(1).max(1_000_000),
    refill: z.int().min(1).max(1_000_000),
    intervalSeconds: seconds.max(86_400),
    key: limitKey.default("principal"),
    onUnavailable: onUnavailable.default("deny"),
  }),
]);
