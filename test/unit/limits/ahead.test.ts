import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ahead, covers } from "../../../src/limits/ahead.ts";
import { type CounterState, counterAt, counterState } from "../../../src/limits/counter.ts";
import { take } from "../../../src/limits/take.ts";
import { bucket, demand, fixed, WINDOW_START_MS } from "../../support/limit_policies.ts";

const T0 = WINDOW_START_MS;

const schedule = fc.array(
  fc.record({ stepMs: fc.integer({ min: -2000, max: 9000 }), cost: fc.integer({ min: 1, max: 6 }) }),
  { maxLength: 40 },
);

describe("counters kept ahead", () => {
  it.each([fixed(45), bucket(45), { ...bucket(200, "fast"), intervalSeconds: 1 }])(
    "recovered at any moment, never grant what the counter itself would deny ($name)",
    (policy) => {
      fc.assert(
        fc.property(schedule, fc.integer({ min: 0, max: 30_000 }), (calls, laterMs) => {
          const counters = new Map<string, CounterState>();
          const kept = new Map<string, CounterState>();
          let nowMs = T0;
          for (const { stepMs, cost } of calls) {
            nowMs += stepMs;
            for (const [key, { counter, state }] of take(counters, [demand("a", policy, cost)], nowMs).changed) {
              counters.set(key, state);
              if (!covers(kept.get(key), counter)) kept.set(key, counterState(ahead(counter)));
            }
            const all = (from: typeof kept) => take(from, [demand("a", policy)], nowMs + laterMs).verdict.limits[0];
            expect(all(kept)?.remaining ?? 0).toBeLessThanOrEqual(all(counters)?.remaining ?? 0);
          }
        }),
      );
    },
  );

  it.each([
    ["a limit below 20 by nothing", fixed(19), { algorithm: "fixed", window: T0 / 10_000, used: 0 }],
    ["a limit of 20 by one", fixed(20), { algorithm: "fixed", window: T0 / 10_000, used: 1 }],
    ["a burst below 20 by nothing", bucket(19), { algorithm: "bucket", atMs: T0, level: 19 * 60_000 }],
    ["a burst of 40 by two", bucket(40), { algorithm: "bucket", atMs: T0, level: 38 * 60_000 }],
  ])("are ahead of %s", (_, policy, expected) => {
    expect(counterState(ahead(counterAt(policy, undefined, T0)))).toEqual(expected);
  });

  it("of a bucket in debt are in the same debt", () => {
    const debt = { algorithm: "bucket", atMs: T0, level: -7 * 60_000 } as const;
    expect(counterState(ahead(counterAt(bucket(40), debt, T0)))).toEqual(debt);
  });

  it("are never ahead of the limit", () => {
    const full = { algorithm: "fixed", window: T0 / 10_000, used: 40 } as const;
    expect(counterState(ahead(counterAt(fixed(40), full, T0)))).toEqual(full);
  });
});
