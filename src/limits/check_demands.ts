import type { LimitDemand, LimitPolicy } from "./limit.ts";
import { bucketScale } from "./token_bucket.ts";

/**
 * Most units a bucket may hold: scripting hosts that print numbers with 14 digits still keep them exactly, and sums of
 * two stay exact in a double.
 */
const MAX_CAPACITY = 99_999_999_999_999;

function positive(value: number, what: string): void {
  if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`${what} must be a positive integer`);
}

function checkPolicy(policy: LimitPolicy): void {
  switch (policy.algorithm) {
    case "fixed":
      positive(policy.limit, "limit");
      positive(policy.windowSeconds * 1000, "windowSeconds, in milliseconds,");
      return;
    case "bucket":
      positive(policy.burst, "burst");
      positive(policy.refill, "refill");
      positive(policy.intervalSeconds * 1000, "intervalSeconds, in milliseconds,");
      if (bucketScale(policy).capacity > MAX_CAPACITY) {
        throw new RangeError("burst and interval are too large to count exactly together");
      }
  }
}

/**
 * Throws `RangeError` for demands that no correct caller makes: a cost that is not a positive integer, a policy out of
 * range, a time that is not whole milliseconds. A NaN let through would compare false everywhere, and so deny nothing.
 */
export function checkDemands(demands: readonly LimitDemand[], nowMs: number): void {
  if (!Number.isSafeInteger(nowMs)) throw new RangeError("nowMs must be whole milliseconds");
  for (const { cost, policy } of demands) {
    positive(cost, "cost");
    checkPolicy(policy);
  }
}
