import * as z from "zod";

const limitBase = { name: z.string(), precision: z.enum(["exact", "leased"]) };

/** A key's terms as D1 and KV keep them. Strict: terms that this release does not know may be restrictions, and bind nobody unread. */
export const apiKeyTerms = z.strictObject({
  addresses: z.array(z.string()).readonly().exactOptional(),
  origins: z.array(z.string()).readonly().exactOptional(),
  limits: z
    .array(
      z.discriminatedUnion("algorithm", [
        z.strictObject({ ...limitBase, algorithm: z.literal("fixed"), limit: z.number(), windowSeconds: z.number() }),
        z.strictObject({
          ...limitBase,
          algorithm: z.literal("bucket"),
          burst: z.number(),
          refill: z.number(),
          intervalSeconds: z.number(),
        }),
      ]),
    )
    .readonly()
    .exactOptional(),
  credits: z
    .strictObject({
      amount: z.number(),
      refill: z.strictObject({ amount: z.number(), intervalSeconds: z.number() }).nullable(),
      series: z.number(),
      startedAtMs: z.number(),
    })
    .exactOptional(),
});
