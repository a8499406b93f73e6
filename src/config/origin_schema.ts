import * as z from "zod";
import { httpUrl, scopeToken, seconds, secretBinding } from "./terms.ts";

/* Where calls go that pass the gate, and what stands before such a place. Each isolate counts for itself. */

const FAILURES = [502, 503, 504] as const;
const percent = z.int().min(1).max(100);

/** When an origin that keeps failing is left alone. */
const breaker = z.strictObject({
  /** Opens when this share of the calls in the window failed, in percent. */
  failurePercent: percent.default(50),
  /** Of fewer calls in the window nothing is concluded. */
  minCalls: z.int().min(1).max(10_000).default(20),
  windowSeconds: seconds.max(300).default(10),
  /** How long nothing goes to the origin once it is open. */
  openSeconds: seconds.max(300).default(5),
  /** How many calls try it out after that. All have to succeed. */
  probes: z.int().min(1).max(100).default(3),
  /** Answers that count as failures, beside none at all. */
  failureStatuses: z
    .array(z.int().min(500).max(599))
    .max(100)
    .default([...FAILURES]),
});

/** Which calls are made once more, and how many of them. */
const retries = z.strictObject({
  /** Calls in all, the first one included. */
  maxAttempts: z.int().min(2).max(5).default(2),
  /** `PUT` and `DELETE` only where the origin says that repeating them is harmless, and never with a body. */
  methods: z
    .array(z.enum(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]))
    .min(1)
    .default(["GET", "HEAD", "OPTIONS"]),
  on: z
    .array(z.union([z.literal("unreachable"), ...FAILURES.map((status) => z.literal(status))]))
    .min(1)
    .default(["unreachable", ...FAILURES]),
  /** Repetitions earned by a hundred calls. */
  budgetPercent: z.int().min(0).max(100).default(20),
  /** Repetitions earned by each second, so that an origin with few calls has some too. */
  budgetPerSecond: z.int().min(0).max(100).default(1),
  /** The pause before a repetition is anything up to this, doubled each time. */
  backoffMs: z.int().min(1).max(10_000).default(50),
  maxBackoffMs: z.int().min(1).max(10_000).default(1_000),
});

/** The gate's own token for the origin, by client credentials (RFC 6749 §4.4). */
export const onward = z.strictObject({
  tokenUrl: httpUrl,
  clientId: z.string().min(1).max(1_024),
  clientSecretBinding: secretBinding,
  scope: z.array(scopeToken).min(1).optional(),
  /** The API that the token is for (RFC 8707). */
  resource: httpUrl.optional(),
});

export const origin = z.strictObject({
  /** Scheme and authority, no path: the canonical path is appended. */
  url: httpUrl.refine((text) => new URL(text).pathname === "/" && !text.includes("?"), { error: "must have no path" }),
  /** The `aud` of the identity that the origin receives. */
  audience: z.string().min(1),
  /** How long the origin may take until its response begins, repetitions included. */
  timeoutMs: z.int().min(1).max(300_000).default(10_000),
  /** Calls at once, each until its response has ended. */
  maxConcurrent: z.int().min(1).max(10_000).optional(),
  /** How long a caller may take nothing of a body that waits before it loses its place among `maxConcurrent`, and the rest of the body. */
  readerIdleSeconds: seconds.max(3_600).default(60),
  breaker: breaker.optional(),
  retries: retries.optional(),
  onward: onward.optional(),
});
