import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CounterState, counterKey } from "../../../src/limits/counter.ts";
import { giveBack, type Reservation, reserve, settleRefill } from "../../../src/limits/give_back.ts";
import type { LimitPolicy } from "../../../src/limits/limit.ts";
import { take } from "../../../src/limits/take.ts";
import { bucketScale } from "../../../src/limits/token_bucket.ts";
import { bucket, demand, fixed, WINDOW_START_MS } from "../../support/limit_policies.ts";

const T0 = WINDOW_START_MS;

interface Step {
  readonly afterMs: number;
  readonly cost: number;
  /** Whether a grant is undone, and after how many more steps. */
  readonly undoneAfter: number | null;
}

const steps = fc.array(
  fc.record({
    afterMs: fc.integer({ min: 0, max: 1500 }),
    cost: fc.integer({ min: 1, max: 4 }),
    undoneAfter: fc.option(fc.integer({ min: 0, max: 6 })),
  }),
  { maxLength: 40 },
);

interface Grant {
  readonly atMs: number;
  readonly cost: number;
}

/** Grants that stood, of a counter whose other grants were given back. */
function standing(policy: LimitPolicy, schedule: readonly Step[]): Grant[] {
  const counters = new Map<string, CounterState>();
  let open: readonly Reservation[] = [];
  const due: { step: number; id: string }[] = [];
  const grants: Grant[] = [];
  let nowMs = T0;
  for (const [step, { afterMs, cost, undoneAfter }] of schedule.entries()) {
    nowMs += afterMs;
    const demands = [demand("a", policy, cost)];
    const { verdict, changed } = take(counters, demands, nowMs);
    if (verdict.granted) {
      open = settleRefill(open, counters, demands, nowMs);
      for (const [key, { state }] of changed) counters.set(key, state);
      open = [...open, reserve(`r${step}`, demands, counters, nowMs)];
      if (undoneAfter === null) grants.push({ atMs: nowMs, cost });
      else due.push({ step: step + undoneAfter, id: `r${step}` });
    }
    for (const { id } of due.filter((one) => one.step === step)) {
      const held = open.find((one) => one.id === id);
      if (held === undefined) continue;
      open = open.filter((one) => one !== held);
      for (const [key, state] of giveBack(counters, held)) counters.set(key, state);
    }
  }
  return grants;
}

describe("giving back", () => {
  it("never makes a bucket grant more than burst + rate x t, counting the grants that stood", () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 8 }), (schedule, burst) => {
        const all = standing({ ...bucket(burst), intervalSeconds: 1 }, schedule);
        for (const [index, first] of all.entries()) {
          let sum = 0;
          for (const { atMs, cost } of all.slice(index)) {
            sum += cost;
            expect(sum * 1000).toBeLessThanOrEqual(burst * 1000 + (atMs - first.atMs));
          }
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("never makes a fixed window grant more than its limit, counting the grants that stood", () => {
    fc.assert(
      fc.property(steps, (schedule) => {
        const perWindow = new Map<number, number>();
        for (const { atMs, cost } of standing(fixed(6), schedule)) {
          const window = Math.floor(atMs / 10_000);
          perWindow.set(window, (perWindow.get(window) ?? 0) + cost);
        }
        for (const granted of perWindow.values()) expect(granted).toBeLessThanOrEqual(6);
      }),
    );
  });

  it.each([fixed(5), bucket(5)])("at once, leaves the counter as it was ($algorithm)", (policy) => {
    const counters = new Map<string, CounterState>();
    const demands = [demand("a", policy, 2), demand("a", policy)];
    for (const [key, { state }] of take(counters, demands, T0).changed) counters.set(key, state);
    const changed = giveBack(counters, reserve("r", demands, counters, T0));
    expect(take(changed, [demand("a", policy, 5)], T0).verdict.granted).toBe(true);
  });

  it("returns to a bucket only what its running full has not made good", () => {
    const policy = { ...bucket(5), intervalSeconds: 1 };
    const key = counterKey(demand("a", policy));
    const counters = new Map<string, CounterState>([[key, { algorithm: "bucket", atMs: T0, level: 3000 }]]);
    const open = [reserve("r", [demand("a", policy, 2)], counters, T0)];
    const [settled] = settleRefill(open, counters, [demand("a", policy)], T0 + 1500);
    const room = bucketScale(policy).capacity - 4500;
    expect(settled?.holdings.map(({ amount }) => amount)).toEqual([room]);
  });
});
