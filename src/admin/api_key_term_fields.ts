import * as z from "zod";
import type { CreditTerms, KeyLimit } from "../protocol/api_key_terms.ts";
import { distinct, nameField } from "./field_shapes.ts";

/*
 * What a key may be bound to, as it is written in JSON. Whether a text is an address or an origin is the use case's to say.
 */
const YEAR_SECONDS = 366 * 86_400;

const count = z.int().min(1).max(1_000_000_000);
const bucketCount = z.int().min(1).max(1_000_000);

export const ownerField = nameField
  .nullable()
  .describe(
    "Who answers for the key: a user's id, a client's id, or any other name. A leaked key's user is written to.",
  );

/** Names that read alike everywhere, and that no JavaScript object has by itself. */
const METADATA_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$/;
const METADATA_MEMBERS = 16;

export const metadataField = z
  .record(z.string().regex(METADATA_NAME), z.string().max(200))
  .refine((members) => Object.keys(members).length <= METADATA_MEMBERS, `has more than ${METADATA_MEMBERS} members`)
  .meta({
    maxProperties: METADATA_MEMBERS,
    description: "Notes of operators: short texts by name. No place for secrets.",
  });

export const addressesField = distinct(z.string().max(49))
  .min(1)
  .max(50)
  .nullable()
  .describe("Addresses and CIDR ranges, IPv4 and IPv6, that the key may be used from; null for anywhere.");

export const originsField = distinct(z.string().max(255))
  .min(1)
  .max(20)
  .nullable()
  .describe("For publishable keys: the web origins whose pages may use the key; null for any.");

const limitBase = {
  name: z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/),
  precision: z.enum(["exact", "leased"]).default("exact"),
};

/** One limit of a key, in the words of the configuration. */
const limitField = z.discriminatedUnion("algorithm", [
  z.strictObject({
    ...limitBase,
    algorithm: z.literal("fixed"),
    limit: count,
    window_seconds: z
      .int()
      .min(1)
      .max(31 * 86_400),
  }),
  z.strictObject({
    ...limitBase,
    algorithm: z.literal("bucket"),
    burst: bucketCount,
    refill: bucketCount,
    interval_seconds: z.int().min(1).max(86_400),
  }),
]);

const limitShapes = z.array(limitField);

/** The limits of a key, read. */
export const limitsField = limitShapes
  .max(4)
  .transform((limits) => limits.map(readLimit))
  .describe("Counted for this key alone, beside the limits of each route: a call has to fit all of them.");

export const limitsShape = limitShapes;

const refillShape = z.strictObject({
  amount: count,
  interval_seconds: z.int().min(60).max(YEAR_SECONDS),
});

export const creditsShape = z
  .strictObject({
    amount: count.describe("What the key begins with, and the most it can have."),
    refill: refillShape.nullable().describe("What comes back at whole intervals; null for nothing."),
  })
  .nullable();

/** Credits, read. */
export const creditsField = creditsShape
  .transform((credits) => (credits === null ? null : readCredits(credits)))
  .describe(
    "Calls that the key may make in all; null for no end. Setting it, to the same too, begins with the whole amount.",
  );

function readLimit(limit: z.output<typeof limitField>): KeyLimit {
  if (limit.algorithm === "fixed") {
    const { window_seconds: windowSeconds, ...rest } = limit;
    return { ...rest, windowSeconds };
  }
  const { interval_seconds: intervalSeconds, ...rest } = limit;
  return { ...rest, intervalSeconds };
}

/** `limit` as JSON. */
export function showLimit(limit: KeyLimit): z.output<typeof limitField> {
  if (limit.algorithm === "fixed") {
    const { windowSeconds, ...rest } = limit;
    return { ...rest, window_seconds: windowSeconds };
  }
  const { intervalSeconds, ...rest } = limit;
  return { ...rest, interval_seconds: intervalSeconds };
}

function readCredits({ amount, refill }: NonNullable<z.output<typeof creditsShape>>): CreditTerms {
  return {
    amount,
    refill: refill === null ? null : { amount: refill.amount, intervalSeconds: refill.interval_seconds },
  };
}

/** `credits` as JSON. What is left of them is another question, for only their counter knows. */
export function showCredits(credits: CreditTerms | null): z.output<typeof creditsShape> {
  if (credits === null) return null;
  const { amount, refill } = credits;
  return {
    amount,
    refill: refill === null ? null : { amount: refill.amount, interval_seconds: refill.intervalSeconds },
  };
}
