import * as z from "zod/mini";
import { instant } from "../terms.ts";

/* Lists of networks, with a reason and an end for each. */

/** Whoever writes a list decides when it ends: one that nobody remembers keeps out whoever has the address by then. */
const expires = z.union([z.literal("never"), instant]);
const reason = z.string().check(z.minLength(1), z.maxLength(200));
const asn = z.int().check(z.minimum(1), z.maximum(2 ** 32 - 1));
const own = { reason: z.optional(reason), expires: z.optional(expires) };

/** A named list, which the gateway, routes and the issuer refer to. */
export const list = z.strictObject({
  /** What becomes of a call from there. `allow` outdoes the lists that `beats` names, and no others. */
  action: z.enum(["allow", "deny", "challenge", "log"]),
  reason,
  expires,
  /** Addresses and ranges of them (CIDR); with terms of their own where they differ from the list's. */
  ranges: z._default(
    z.array(z.union([z.string(), z.strictObject({ range: z.string(), ...own })])).check(z.maxLength(200_000)),
    [],
  ),
  /** Autonomous systems by number. */
  asns: z._default(z.array(z.union([asn, z.strictObject({ asn, ...own })])).check(z.maxLength(100_000)), []),
  beats: z._default(z.array(z.string()).check(z.maxLength(32)), []),
  /** A call whose address cannot be read, or whose network nobody tells: not on the list, or on it. */
  whenUnknown: z._default(z.enum(["pass", "match"]), "pass"),
});

/** Lists by name, all of which a call is held against. */
export const listNames = z.array(z.string()).check(z.maxLength(32));
