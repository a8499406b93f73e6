import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TokenBucketPolicy } from "../../../src/limits/limit.ts";
import {
  bucketAt,
  bucketRemaining,
  bucketScale,
  chargeBucket,
  msUntilTokens,
  type TokenBucketState,
} from "../../../src/limits/token_bucket.ts";
import { bucket, WINDOW_START_MS } from "../../support/limit_policies.ts";

const T0 = WINDOW_START_MS;

interface Grant {
  readonly atMs: number;
  readonly cost: number;
}

const anyPolicy = fc
  .record({
    burst: fc.integer({ min: 1, max: 20 }),
    refill: fc.integer({ min: 1, max: 50 }),
    intervalSeconds: fc.constantFrom(0.001, 0.25, 1, 7, 60),
  })
  .map((pace): TokenBucketPolicy => ({ name: "any", algorithm: "bucket", ...pace }));

const schedule = fc.array(
  fc.record({ stepMs: fc.integer({ min: -500, max: 3000 }), cost: fc.integer({ min: 1, max: 10 }) }),
  { maxLength: 60 },
);

/** What is granted, each at the latest time of any grant up to it. */
function grants(policy: TokenBucketPolicy, calls: readonly { stepMs: number; cost: number }[]): Grant[] {
  const granted: Grant[] = [];
  let state: TokenBucketState | undefined;
  let nowMs = T0;
  let atMs = Number.MIN_SAFE_INTEGER;
  for (const { stepMs, cost } of calls) {
    nowMs += stepMs;
    const charged = chargeBucket(policy, bucketAt(policy, state, nowMs), cost);
    if (charged === null) continue;
    state = charged;
    atMs = Math.max(atMs, nowMs);
    granted.push({ atMs, cost });
  }
  return granted;
}

describe("token bucket", () => {
  it("never grants more than burst + rate x t over any interval, whichever way the clock steps", () => {
    fc.assert(
      fc.property(anyPolicy, schedule, (policy, calls) => {
        const all = grants(policy, calls);
        const intervalMs = policy.intervalSeconds * 1000;
        for (const [index, first] of all.entries()) {
          let sum = 0;
          for (const { atMs, cost } of all.slice(index)) {
            sum += cost;
            // In whole numbers: sum <= burst + refill x t / interval.
            expect(sum * intervalMs).toBeLessThanOrEqual(
              policy.burst * intervalMs + policy.refill * (atMs - first.atMs),
            );
          }
        }
      }),
    );
  });

  it("grants a full burst at once, and again after the time that refills it", () => {
    fc.assert(
      fc.property(anyPolicy, (policy) => {
        const empty = chargeBucket(policy, bucketAt(policy, undefined, T0), policy.burst);
        expect(empty).not.toBeNull();
        if (empty === null) return;
        const waitMs = msUntilTokens(policy, empty, policy.burst, T0);
        expect(bucketRemaining(policy, bucketAt(policy, empty, T0 + waitMs))).toBe(policy.burst);
        expect(bucketRemaining(policy, bucketAt(policy, empty, T0 + waitMs - 1))).toBeLessThan(policy.burst);
      }),
    );
  });

  it("counts exactly where refills do not divide: 3 a second, 333 ms are no token and 1000 ms are three", () => {
    const policy = { ...bucket(3), refill: 3, intervalSeconds: 1 };
    const empty = chargeBucket(policy, bucketAt(policy, undefined, T0), 3) ?? undefined;
    expect(bucketRemaining(policy, bucketAt(policy, empty, T0 + 333))).toBe(0);
    expect(bucketRemaining(policy, bucketAt(policy, empty, T0 + 334))).toBe(1);
    expect(bucketRemaining(policy, bucketAt(policy, empty, T0 + 1000))).toBe(3);
  });

  it("uses the coarsest exact units", () => {
    expect(bucketScale({ ...bucket(10), refill: 250, intervalSeconds: 1 })).toEqual({
      unitsPerToken: 4,
      unitsPerMs: 1,
      capacity: 40,
    });
  });

  it("a burst lowered caps what is kept", () => {
    expect(bucketAt({ ...bucket(2), intervalSeconds: 1 }, { atMs: T0, level: 9000 }, T0)).toEqual({
      atMs: T0,
      level: 2000,
    });
  });
});
