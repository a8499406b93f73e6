import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LeasedLimiter } from "../../../src/adapters/leased_limiter.ts";
import { MemoryLimiter } from "../../../src/adapters/memory_limiter.ts";
import { Outage } from "../../../src/kernel/outage.ts";
import { leaseLifeMs } from "../../../src/limits/lease.ts";
import type { LimitDemand, LimitPolicy } from "../../../src/limits/limit.ts";
import { isolateOn, SlowWire, settle } from "../../support/isolates.ts";
import { bucket, demand, fixed, WINDOW_START_MS } from "../../support/limit_policies.ts";

const T0 = WINDOW_START_MS;

function leased(policy: LimitPolicy, cost = 1): LimitDemand {
  return { ...demand("a", policy, cost), leased: true };
}

interface Moment {
  readonly afterMs: number;
  readonly calls: readonly { readonly isolate: number; readonly cost: number; readonly mixed: boolean }[];
  /** The isolate that takes all there is, to the last unit. */
  readonly drain: number | null;
  /** Which answers arrive next, one after another, counted round. */
  readonly order: readonly number[];
  /** The isolate that crashes at the end, with all that it holds. */
  readonly crash: number | null;
}

const ISOLATES = 4;
const DRAINING = [128, 64, 32, 16, 8, 4, 2, 1, 1, 1];

/** Moments up to `longestMs` apart, many of them within `lifeMs`; calls of one unit mostly, and some that take a lot. */
function moments(longestMs: number, lifeMs: number) {
  const cost = fc.oneof(
    { weight: 6, arbitrary: fc.constant(1) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 9 }) },
    { weight: 1, arbitrary: fc.integer({ min: 10, max: 90 }) },
  );
  return fc.array(
    fc.record<Moment>({
      afterMs: fc.oneof(fc.nat(longestMs), fc.nat(lifeMs), fc.constant(Math.max(0, lifeMs - 1))),
      calls: fc.array(fc.record({ isolate: fc.nat(ISOLATES - 1), cost, mixed: fc.boolean() }), { maxLength: 12 }),
      drain: fc.oneof(fc.constant(null), fc.nat(ISOLATES - 1)),
      order: fc.array(fc.nat(20), { minLength: 1, maxLength: 5 }),
      crash: fc.option(fc.nat(ISOLATES - 1), { freq: 4 }),
    }),
    { maxLength: 12 },
  );
}

interface Grant {
  readonly atMs: number;
  readonly cost: number;
}

/** Every grant of `policy` in a schedule over several isolates. Answers that nobody waits for may arrive much later. */
async function grantsOf(policy: LimitPolicy, schedule: readonly Moment[]): Promise<Grant[]> {
  let nowMs = T0;
  const wire = new SlowWire();
  const isolates = Array.from({ length: ISOLATES }, () => isolateOn(wire, () => nowMs));
  const grants: Grant[] = [];
  for (const { afterMs, calls, drain, order, crash } of schedule) {
    nowMs += afterMs;
    const drains = drain === null ? [] : DRAINING.map((cost) => ({ isolate: drain, cost, mixed: false }));
    const all = [...calls, ...drains];
    let open = all.length;
    for (const { isolate, cost, mixed } of all) {
      const demands = [leased(policy, cost), ...(mixed ? [demand("b", fixed(8, "exact"))] : [])];
      const answer = isolates[isolate]?.take(demands, nowMs).then(({ granted }) => {
        open -= 1;
        if (granted) grants.push({ atMs: nowMs, cost });
      });
      void answer;
    }
    await settle();
    for (let turn = 0; open > 0; turn++) {
      expect(wire.waiting).toBeGreaterThan(0);
      await wire.deliver(order[turn % order.length] ?? 0);
    }
    if (crash !== null) isolates[crash] = isolateOn(wire, () => nowMs);
  }
  while (wire.waiting > 0) await wire.deliver(0);
  return grants;
}

describe("leases: for any schedule over several isolates, with answers in any order and crashes", () => {
  it.each([20, 45, 100])("a fixed limit of %d grants at most that in each window", async (limit) => {
    await fc.assert(
      fc.asyncProperty(moments(6_000, 100), async (schedule) => {
        const perWindow = new Map<number, number>();
        for (const { atMs, cost } of await grantsOf(fixed(limit), schedule)) {
          const window = Math.floor(atMs / 10_000);
          perWindow.set(window, (perWindow.get(window) ?? 0) + cost);
        }
        for (const granted of perWindow.values()) expect(granted).toBeLessThanOrEqual(limit);
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    [20, 1],
    [45, 3],
    [100, 30],
    [200, 30],
  ])(
    "a bucket of %d, %d more each second, grants at most burst + rate x t over any interval",
    async (burst, refill) => {
      const policy = { ...bucket(burst), refill, intervalSeconds: 1 };
      await fc.assert(
        fc.asyncProperty(moments(2_000, leaseLifeMs(policy)), async (schedule) => {
          const grants = await grantsOf(policy, schedule);
          for (const [index, first] of grants.entries()) {
            let sum = 0;
            for (const { atMs, cost } of grants.slice(index)) {
              sum += cost;
              expect(sum * 1000).toBeLessThanOrEqual(burst * 1000 + refill * (atMs - first.atMs));
            }
          }
        }),
        { numRuns: 200 },
      );
    },
  );
});

/** One isolate on a wire that answers at once. */
function prompt() {
  const clock = { nowMs: T0 };
  const wire = new SlowWire();
  const limiter = isolateOn(wire, () => clock.nowMs);
  const take = async (...demands: LimitDemand[]) => {
    const verdict = limiter.take(demands, clock.nowMs);
    await settle();
    while (wire.waiting > 0) await wire.deliver(0);
    return verdict;
  };
  return { clock, wire, limiter, take };
}

describe("leases", () => {
  it.each([fixed(100), { ...bucket(100), intervalSeconds: 10 }])(
    "99 calls on a limit of 100 cost a call to the shared counter for every two or three ($algorithm)",
    async (policy) => {
      const { wire, take } = prompt();
      let granted = 0;
      for (let call = 0; call < 99; call++) if ((await take(leased(policy))).granted) granted += 1;
      expect(granted).toBeGreaterThanOrEqual(95);
      expect(wire.calls).toBeLessThanOrEqual(50);
    },
  );

  it("of a limit of 10,000 need one call in 250", async () => {
    const { wire, take } = prompt();
    for (let call = 0; call < 2_000; call++) expect((await take(leased(fixed(10_000)))).granted).toBe(true);
    expect(wire.calls).toBeLessThanOrEqual(9);
  });

  it("count remaining down truly in one isolate, to the last unit, and then deny", async () => {
    const { take } = prompt();
    for (let left = 44; left >= 0; left--) {
      expect(await take(leased(fixed(45)))).toMatchObject({
        granted: true,
        limits: [{ remaining: left, resetSeconds: 10 }],
      });
    }
    expect(await take(leased(fixed(45)))).toMatchObject({
      granted: false,
      limits: [{ granted: false, remaining: 0, resetSeconds: 10 }],
    });
  });

  it("are none of a limit below 20, and none for a cost above the lease", async () => {
    const { wire, take } = prompt();
    await take(leased(fixed(19)));
    await take(leased(fixed(19)));
    expect(wire.calls).toBe(2);
    await take(leased(fixed(100), 6));
    expect(wire.calls).toBe(3);
  });

  it("wait for one taking, however many ask at once", async () => {
    const { wire, limiter } = prompt();
    const verdicts = Promise.all(Array.from({ length: 5 }, () => limiter.take([leased(fixed(100))], T0)));
    await settle();
    expect([wire.calls, wire.waiting]).toEqual([1, 1]);
    await wire.deliver(0);
    expect((await verdicts).every(({ granted }) => granted)).toBe(true);
  });

  it("are filled up behind a call that lowers them to a half, without its waiting", async () => {
    const { wire, limiter, take } = prompt();
    await take(leased(fixed(100)));
    const calls = wire.calls;
    for (let call = 0; call < 4; call++) {
      expect((await limiter.take([leased(fixed(100))], T0)).granted).toBe(true);
    }
    expect([wire.calls, wire.waiting]).toEqual([calls + 1, 1]);
  });

  it("of a bucket add nothing to it: what is held until the last moment is missing from the burst", async () => {
    const policy = { ...bucket(100), refill: 30, intervalSeconds: 1 };
    const { clock, take } = prompt();
    await take(leased(policy));
    clock.nowMs += leaseLifeMs(policy) - 1;
    let granted = 0;
    while ((await take(leased(policy))).granted) granted += 1;
    expect(granted).toBeLessThanOrEqual(100);
    expect(granted).toBeGreaterThanOrEqual(94);
  });

  it("end with their window, and by age, and are lost: the clock that steps back does not bring them again", async () => {
    const { clock, wire, take } = prompt();
    await take(leased(fixed(100)));
    clock.nowMs = T0 + 10_000;
    const calls = wire.calls;
    expect(await take(leased(fixed(100)))).toMatchObject({ limits: [{ remaining: 99 }] });
    expect(wire.calls).toBe(calls + 1);
    clock.nowMs = T0;
    expect(await take(leased(fixed(100)))).toMatchObject({ limits: [{ remaining: 98 }] });
  });

  it("a denied call gives back what it took from memory", async () => {
    const { take } = prompt();
    const spent = demand("b", fixed(1, "exact"));
    await take(spent);
    for (let call = 0; call < 10; call++) {
      expect(await take(leased(fixed(100)), spent)).toMatchObject({ granted: false, limits: [{ remaining: 100 }, {}] });
    }
    expect(await take(leased(fixed(100)))).toMatchObject({ granted: true, limits: [{ remaining: 99 }] });
  });

  it("an outage of the shared counter is one only for calls that need it", async () => {
    const { wire, limiter, take } = prompt();
    await take(leased(fixed(100)));
    wire.take = () => Promise.reject(new Outage("limiter"));
    for (let call = 0; call < 4; call++) expect((await limiter.take([leased(fixed(100))], T0)).granted).toBe(true);
    await expect(limiter.take([leased(fixed(100))], T0)).rejects.toThrow(Outage);
    await expect(limiter.take([demand("a", fixed(100, "exact"))], T0)).rejects.toThrow(Outage);
  });

  it("a taking that never ends is given up for another", async () => {
    const { clock, wire, limiter, take } = prompt();
    void limiter.take([leased(fixed(100))], T0);
    await settle();
    clock.nowMs = T0 + 1_000;
    const again = limiter.take([leased(fixed(100))], clock.nowMs);
    await settle();
    expect(wire.waiting).toBe(2);
    await wire.deliver(1);
    expect((await again).granted).toBe(true);
    await take(leased(fixed(100)));
  });

  it("pay first what a call turned out to cost; the rest is charged to the shared counter", async () => {
    const { wire, limiter, take } = prompt();
    await take(leased(fixed(100)));
    const charged = limiter.charge([leased(fixed(100), 50)], T0);
    await settle();
    while (wire.waiting > 0) await wire.deliver(0);
    await charged;
    let granted = 0;
    while ((await take(leased(fixed(100)))).granted) granted += 1;
    expect(granted).toBe(49);
  });
});

it("units that were taken under another limit are not spent under a lower one that was published since", async () => {
  const isolate = isolateOn(new MemoryLimiter(), () => T0);
  expect((await isolate.take([leased(bucket(2_000))], T0)).granted).toBe(true);
  await settle();
  let granted = 0;
  for (let call = 0; call < 300; call++) {
    if ((await isolate.take([leased(bucket(100))], T0)).granted) granted += 1;
    await settle();
  }
  expect(granted).toBeGreaterThan(50);
  expect(granted).toBeLessThanOrEqual(100);
});

it("counters whose names, paces and subjects run into each other are held apart: no units of one are spent on another", async () => {
  const texts = ["a", "1", "60", "a 1", "1 a", " ", "60 1", "1 60 1", '"', "1/60", ""];
  const limiter = new LeasedLimiter(new MemoryLimiter(), { defer: () => undefined, now: () => T0 });
  for (const name of texts) {
    const policies = [1, 60].flatMap((pace) => [
      { ...fixed(100, name), windowSeconds: pace },
      { ...bucket(100, name), refill: pace },
    ]);
    for (const subject of texts) {
      for (const policy of policies) {
        const { limits } = await limiter.take([{ subject, policy, cost: 1, leased: true }], T0);
        const all = policy.algorithm === "bucket" ? 95 : 100;
        expect(limits[0]?.remaining, `${JSON.stringify([subject, policy])}: nobody else has spent of it`).toBe(all - 1);
      }
    }
  }
});
