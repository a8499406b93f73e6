import * as z from "zod";

/* Lists of networks, with a reason and an end for each. */

/** Whoever writes a list decides when it ends: one that nobody remembers keeps out whoever has the address by then. */
const expires = z.union([z.literal("never"), z.iso.datetime()]);
const reason = z.string().min(1).max(200);
const asn = z
  .int()
  .min(1)
  .max(2 ** 32 - 1);
const own = { reason: reason.optional(), expires: expires.optional() };

/** A named list, which the gateway, routes and the issuer refer to. */
export const list = z.strictObject({
  /** What becomes of a call from there. `allow` outdoes the lists that `beats` names, and no others. */
  action: z.enum(["allow", "deny", "challenge", "log"]),
  reason,
  expires,
  /** Addresses and ranges of them (CIDR); with terms of their own where they differ from the list's. */
  ranges: z
    .array(z.union([z.string(), z.strictObject({ range: z.string(), ...own })]))
    .max(200_000)
    .default([]),
  /** Autonomous systems by number. */
  asns: z
    .array(z.union([asn, z.strictObject({ asn, ...own })]))
    .max(100_000)
    .default([]),
  beats: z.array(z.string()).max(32).default([]),
  /** A call whose address cannot be read, or whose network nobody tells: not on the list, or on it. */
  whenUnknown: z.enum(["pass", "match"]).default("pass"),
});

/** Lists by name, all of which a call is held against. */
export const listNames = z.array(z.string()).max(32);
