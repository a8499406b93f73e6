import * as z from "zod/mini";
import { httpUrl, scopeToken, seconds, secretBinding } from "../terms.ts";

/* Where calls go that pass the gate, and what stands before such a place. Each isolate counts for itself. */

const FAILURES = [502, 503, 504] as const;
const percent = z.int().check(z.minimum(1), z.maximum(100));

/** When an origin that keeps failing is left alone. */
const breaker = z.strictObject({
  /** Opens when this share of the calls in the window failed, in percent. */
  failurePercent: z._default(percent, 50),
  /** Of fewer calls in the window nothing is concluded. */
  minCalls: z._default(z.int().check(z.minimum(1), z.maximum(10_000)), 20),
  windowSeconds: z._default(seconds.check(z.maximum(300)), 10),
  /** How long nothing goes to the origin once it is open. */
  openSeconds: z._default(seconds.check(z.maximum(300)), 5),
  /** How many calls try it out after that. All have to succeed. */
  probes: z._default(z.int().check(z.minimum(1), z.maximum(100)), 3),
  /** Answers that count as failures, beside none at all. */
  failureStatuses: z._default(z.array(z.int().check(z.minimum(500), z.maximum(599))).check(z.maxLength(100)), [
    ...FAILURES,
  ]),
});

/** Which calls are made once more, and how many of them. */
const retries = z.strictObject({
  /** Calls in all, the first one included. */
  maxAttempts: z._default(z.int().check(z.minimum(2), z.maximum(5)), 2),
  /** `PUT` and `DELETE` only where the origin says that repeating them is harmless, and never with a body. */
  methods: z._default(z.array(z.enum(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])).check(z.minLength(1)), [
    "GET",
    "HEAD",
    "OPTIONS",
  ]),
  on: z._default(
    z.array(z.union([z.literal("unreachable"), ...FAILURES.map((status) => z.literal(status))])).check(z.minLength(1)),
    ["unreachable", ...FAILURES],
  ),
  /** Repetitions earned by a hundred calls. */
  budgetPercent: z._default(z.int().check(z.minimum(0), z.maximum(100)), 20),
  /** Repetitions earned by each second, so that an origin with few calls has some too. */
  budgetPerSecond: z._default(z.int().check(z.minimum(0), z.maximum(100)), 1),
  /** The pause before a repetition is anything up to this, doubled each time. */
  backoffMs: z._default(z.int().check(z.minimum(1), z.maximum(10_000)), 50),
  maxBackoffMs: z._default(z.int().check(z.minimum(1), z.maximum(10_000)), 1_000),
});

/** The gate's own token for the origin, by client credentials (RFC 6749 §4.4). */
export const onward = z.strictObject({
  tokenUrl: httpUrl,
  clientId: z.string().check(z.minLength(1), z.maxLength(1_024)),
  clientSecretBinding: secretBinding,
  scope: z.optional(z.array(scopeToken).check(z.minLength(1))),
  /** The API that the token is for (RFC 8707). */
  resource: z.optional(httpUrl),
});

export const origin = z.strictObject({
  /** Scheme and authority, no path: the canonical path is appended. */
  url: httpUrl.check(
    z.refine((text) => new URL(text).pathname === "/" && !text.includes("?"), { error: "must have no path" }),
  ),
  /** The `aud` of the identity that the origin receives. */
  audience: z.string().check(z.minLength(1)),
  /** How long the origin may take until its response begins, repetitions included. */
  timeoutMs: z._default(z.int().check(z.minimum(1), z.maximum(300_000)), 10_000),
  /** Calls at once, each until its response has ended. */
  maxConcurrent: z.optional(z.int().check(z.minimum(1), z.maximum(10_000))),
  /** How long a caller may take nothing of a body that waits before it loses its place among `maxConcurrent`, and the rest of the body. */
  readerIdleSeconds: z._default(seconds.check(z.maximum(3_600)), 60),
  breaker: z.optional(breaker),
  retries: z.optional(retries),
  onward: z.optional(onward),
});
