import * as z from "zod/mini";

const limitBase = { name: z.string(), precision: z.enum(["exact", "leased"]) };

/** A key's terms as D1 and KV keep them. Strict: terms that this release does not know may be restrictions, and bind nobody unread. */
export const apiKeyTerms = z.strictObject({
  addresses: z.exactOptional(z.readonly(z.array(z.string()))),
  origins: z.exactOptional(z.readonly(z.array(z.string()))),
  limits: z.exactOptional(
    z.readonly(
      z.array(
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
      ),
    ),
  ),
  credits: z.exactOptional(
    z.strictObject({
      amount: z.number(),
      refill: z.nullable(z.strictObject({ amount: z.number(), intervalSeconds: z.number() })),
      series: z.number(),
      startedAtMs: z.number(),
    }),
  ),
});
