import * as z from "zod";
import { seconds } from "./terms.ts";

/* What is out of the ordinary for a principal, and what becomes of it. */

const action = z.enum(["log", "challenge", "deny"]).default("log");

export const signals = z.strictObject({
  /** A country that the principal never called from. */
  newCountry: z
    .strictObject({
      action,
      /** From the first call on: every country is ordinary for so long. */
      learnSeconds: seconds.max(90 * 86_400).default(3 * 86_400),
    })
    .optional(),
  /** Two places, one after the other, that nobody gets to in that time. */
  impossibleTravel: z
    .strictObject({
      action,
      kmPerHour: z.int().min(100).max(40_000).default(1_000),
      /** Places nearer to each other than this are one: networks are not located more exactly. */
      minKm: z.int().min(10).max(20_000).default(500),
    })
    .optional(),
  /** More calls in a minute than is usual for the principal. */
  rate: z
    .strictObject({
      action,
      times: z.number().min(1.5).max(1_000).default(10),
      minPerMinute: z.int().min(1).max(1_000_000).default(120),
    })
    .optional(),
  /** Many answers of 4xx in two minutes. */
  errors: z
    .strictObject({
      action,
      least: z.int().min(1).max(1_000_000).default(30),
      percent: z.int().min(1).max(100).default(50),
    })
    .optional(),
  /** How long a signal stays raised after what raised it last. */
  cooldownSeconds: seconds.max(7 * 86_400).default(900),
  /** How long somebody who does not come back is remembered. */
  forgetAfterSeconds: seconds
    .min(3_600)
    .max(400 * 86_400)
    .default(30 * 86_400),
  /** Where it is not known what is raised: go on, or wait for it and deny where it cannot be learnt. */
  onUnknown: z.enum(["proceed", "deny"]).default("proceed"),
});
