import type { FixedWindowPolicy, LimitDemand, LimitPolicy, TokenBucketPolicy } from "../../src/limits/limit.ts";

/** The start of a window of 10 s and of 60 s. */
export const WINDOW_START_MS = 1_800_000_000_000;

/** At most `limit` in each 10 s. */
export function fixed(limit: number, name = "fixed"): FixedWindowPolicy {
  return { name, algorithm: "fixed", limit, windowSeconds: 10 };
}

/** At most `burst` at once, and one more each minute: slow, for a store whose keys expire by the real clock. */
export function bucket(burst: number, name = "bucket"): TokenBucketPolicy {
  return { name, algorithm: "bucket", burst, refill: 1, intervalSeconds: 60 };
}

/** A demand of `cost` on `policy`. */
export function demand(subject: string, policy: LimitPolicy, cost = 1): LimitDemand {
  return { subject, policy, cost };
}
