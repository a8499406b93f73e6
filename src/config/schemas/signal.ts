import * as z from "zod/mini";
import { seconds } from "../terms.ts";

/* What is out of the ordinary for a principal, and what becomes of it. */

const action = z._default(z.enum(["log", "challenge", "deny"]), "log");

export const signals = z.strictObject({
  /** A country that the principal never called from. */
  newCountry: z.optional(
    z.strictObject({
      action,
      /** From the first call on: every country is ordinary for so long. */
      learnSeconds: z._default(seconds.check(z.maximum(90 * 86_400)), 3 * 86_400),
    }),
  ),
  /** Two places, one after the other, that nobody gets to in that time. */
  impossibleTravel: z.optional(
    z.strictObject({
      action,
      kmPerHour: z._default(z.int().check(z.minimum(100), z.maximum(40_000)), 1_000),
      /** Places nearer to each other than this are one: networks are not located more exactly. */
      minKm: z._default(z.int().check(z.minimum(10), z.maximum(20_000)), 500),
    }),
  ),
  /** More calls in a minute than is usual for the principal. */
  rate: z.optional(
    z.strictObject({
      action,
      times: z._default(z.number().check(z.minimum(1.5), z.maximum(1_000)), 10),
      minPerMinute: z._default(z.int().check(z.minimum(1), z.maximum(1_000_000)), 120),
    }),
  ),
  /** Many answers of 4xx in two minutes. */
  errors: z.optional(
    z.strictObject({
      action,
      least: z._default(z.int().check(z.minimum(1), z.maximum(1_000_000)), 30),
      percent: z._default(z.int().check(z.minimum(1), z.maximum(100)), 50),
    }),
  ),
  /** How long a signal stays raised after what raised it last. */
  cooldownSeconds: z._default(seconds.check(z.maximum(7 * 86_400)), 900),
  /** How long somebody who does not come back is remembered. */
  forgetAfterSeconds: z._default(seconds.check(z.minimum(3_600), z.maximum(400 * 86_400)), 30 * 86_400),
  /** Where it is not known what is raised: go on, or wait for it and deny where it cannot be learnt. */
  onUnknown: z._default(z.enum(["proceed", "deny"]), "proceed"),
});
