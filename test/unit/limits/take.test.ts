import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CounterState } from "../../../src/limits/counter.ts";
import type { LimitDemand } from "../../../src/limits/limit.ts";
import { take } from "../../../src/limits/take.ts";
import { bucket, demand, fixed, WINDOW_START_MS } from "../../support/limit_policies.ts";

const T0 = WINDOW_START_MS;

/** Takes and keeps what changed. */
function takeFrom(counters: Map<string, CounterState>, demands: readonly LimitDemand[], nowMs: number) {
  const { verdict, changed } = take(counters, demands, nowMs);
  for (const [key, { state }] of changed) counters.set(key, state);
  return verdict;
}

const anyDemand = fc
  .record({
    subject: fc.constantFrom("a", "b"),
    policy: fc.constantFrom(fixed(5), fixed(20, "wide"), bucket(5), { ...bucket(7, "slow"), intervalSeconds: 3 }),
    cost: fc.integer({ min: 1, max: 8 }),
  })
  .map(({ subject, policy, cost }) => demand(subject, policy, cost));

const anyCall = fc.record({
  demands: fc.array(anyDemand, { minLength: 1, maxLength: 4 }),
  nowMs: fc.integer({ min: T0 - 60_000, max: T0 + 60_000 }),
});

describe("take: for any schedule of calls, clocks stepping either way", () => {
  it("a denied take leaves every counter equal", () => {
    fc.assert(
      fc.property(fc.array(anyCall, { maxLength: 30 }), (calls) => {
        const counters = new Map<string, CounterState>();
        for (const { demands, nowMs } of calls) {
          const before = new Map(counters);
          if (!takeFrom(counters, demands, nowMs).granted) expect(counters).toEqual(before);
        }
      }),
    );
  });

  it("a verdict is granted exactly when each of its limits is", () => {
    fc.assert(
      fc.property(fc.array(anyCall, { maxLength: 30 }), (calls) => {
        const counters = new Map<string, CounterState>();
        for (const { demands, nowMs } of calls) {
          const verdict = takeFrom(counters, demands, nowMs);
          expect(verdict.granted).toBe(verdict.limits.every((limit) => limit.granted));
          expect(verdict.limits).toHaveLength(demands.length);
        }
      }),
    );
  });

  it("what a verdict says remains can be taken, and no more", () => {
    fc.assert(
      fc.property(fc.array(anyCall, { maxLength: 20 }), anyDemand, (calls, last) => {
        const counters = new Map<string, CounterState>();
        for (const { demands, nowMs } of calls) takeFrom(counters, demands, nowMs);
        const nowMs = T0 + 60_000;
        const remaining = takeFrom(counters, [last], nowMs).limits[0]?.remaining ?? 0;
        expect(take(counters, [{ ...last, cost: remaining + 1 }], nowMs).verdict.granted).toBe(false);
        if (remaining > 0) expect(take(counters, [{ ...last, cost: remaining }], nowMs).verdict.granted).toBe(true);
      }),
    );
  });

  it("after resetSeconds of a denial the same cost is granted, where the limit allows it at all", () => {
    fc.assert(
      fc.property(fc.array(anyCall, { maxLength: 20 }), anyDemand, (calls, last) => {
        const counters = new Map<string, CounterState>();
        for (const { demands, nowMs } of calls) takeFrom(counters, demands, nowMs);
        fc.pre(last.cost <= (last.policy.algorithm === "fixed" ? last.policy.limit : last.policy.burst));
        const nowMs = T0 + 60_000;
        const [limit] = take(counters, [last], nowMs).verdict.limits;
        const retryMs = limit?.granted === false ? limit.resetSeconds * 1000 : 0;
        expect(take(counters, [last], nowMs + retryMs).verdict.granted).toBe(true);
      }),
    );
  });
});

describe("take", () => {
  it("adds up demands on one counter and names the one that did not fit", () => {
    const { verdict, changed } = take(new Map(), [demand("a", fixed(5), 3), demand("a", fixed(5), 3)], T0);
    expect(verdict.limits.map(({ granted, remaining }) => [granted, remaining])).toEqual([
      [true, 5],
      [false, 5],
    ]);
    expect(changed.size).toBe(0);
  });

  it("keeps counters apart by subject, name, algorithm and pace", () => {
    const demands = [
      demand("a", fixed(1)),
      demand("b", fixed(1)),
      demand("a", fixed(1, "other")),
      demand("a", bucket(1, "fixed")),
      demand("a", { ...fixed(1), windowSeconds: 60 }),
    ];
    const { verdict, changed } = take(new Map(), demands, T0);
    expect(verdict.granted).toBe(true);
    expect(changed.size).toBe(5);
  });

  it("says how long each counter must be kept", () => {
    const { changed } = take(new Map(), [demand("a", fixed(5)), demand("a", bucket(5), 3)], T0 + 2500);
    expect([...changed.values()].map(({ freshInMs }) => freshInMs)).toEqual([7500, 180_000]);
  });

  it.each([
    ["a cost of 0", demand("a", fixed(5), 0), T0],
    ["a fractional cost", demand("a", fixed(5), 1.5), T0],
    ["a limit of 0", demand("a", fixed(0)), T0],
    ["a NaN limit", demand("a", fixed(Number.NaN)), T0],
    ["a window of 0", demand("a", { ...fixed(5), windowSeconds: 0 }), T0],
    ["a refill of 0", demand("a", { ...bucket(5), refill: 0 }), T0],
    ["a bucket beyond exact counting", demand("a", { ...bucket(1e9), intervalSeconds: 86_400 }), T0],
    ["a NaN clock", demand("a", fixed(5)), Number.NaN],
    ["a clock with fractions", demand("a", fixed(5)), T0 + 0.5],
  ])("throws a RangeError for %s", (_, wrong, nowMs) => {
    expect(() => take(new Map(), [wrong], nowMs)).toThrow(RangeError);
  });
});
