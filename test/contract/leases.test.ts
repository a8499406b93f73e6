import { env } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, inject, it, vi } from "vitest";
import { LeasedLimiter } from "../../src/adapters/leased_limiter.ts";
import { MemoryLimiter } from "../../src/adapters/memory_limiter.ts";
import { DurableObjectLimiter } from "../../src/adapters/objects/limiter.ts";
import { UpstashLimiter } from "../../src/adapters/upstash_limiter.ts";
import type { LimitDemand, LimitPolicy } from "../../src/limits/limit.ts";
import type { Limiter } from "../../src/ports/limiter.ts";
import { bucket, demand, fixed, WINDOW_START_MS } from "../support/limit_policies.ts";
import type {} from "../support/limiter_binding.ts";
import type {} from "../support/upstash_instance.ts";
import { limiterContract } from "./limiter_contract.ts";

const T0 = WINDOW_START_MS;
/** Long enough for 200 calls at once on a busy machine. */
const PATIENT = { deadlineMs: 10_000 };
/** The clock that a test sets, also for those who have waited: `Date.now` itself would stay the one of before. */
const clock = () => Date.now();
const upstash = inject("upstash");

const SHARED: Readonly<Record<string, () => Limiter>> = {
  "Durable Object": () => new DurableObjectLimiter(env.LIMITER, PATIENT),
  Upstash: () => new UpstashLimiter({ ...upstash, ...PATIENT }),
};

// The first call to an object waits until the Worker that has it is built.
beforeAll(async () => {
  await env.LIMITER.getByName("warm").charge([], T0);
});

/** An isolate of its own, which takes everything by lease, and the work that it leaves behind. */
function isolate(shared: Limiter) {
  const behind: Promise<unknown>[] = [];
  const limiter = new LeasedLimiter(shared, { ...PATIENT, now: clock, defer: (work) => behind.push(work) });
  const byLease = (demands: readonly LimitDemand[]) => demands.map((one) => ({ ...one, leased: true }));
  return {
    take: (demands: readonly LimitDemand[], nowMs: number) => limiter.take(byLease(demands), nowMs),
    charge: (demands: readonly LimitDemand[], nowMs: number) => limiter.charge(byLease(demands), nowMs),
    settled: async () => {
      while (behind.length > 0) await Promise.allSettled(behind.splice(0));
    },
  };
}

/** The same with nothing left behind when a call ends, for tests that count to the unit. */
function settledIsolate(shared: Limiter): Limiter {
  const one = isolate(shared);
  return {
    take: (demands, nowMs) => one.take(demands, nowMs).finally(one.settled),
    charge: (demands, nowMs) => one.charge(demands, nowMs).finally(one.settled),
  };
}

limiterContract({
  name: "leases over a Durable Object",
  shared: true,
  make: () => settledIsolate(new DurableObjectLimiter(env.LIMITER, PATIENT)),
  broken: {
    "the shared limiter cannot tell": () => settledIsolate(new MemoryLimiter({ maxCounters: 0 })),
  },
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(Object.entries(SHARED))("leases of two isolates over %s", (_, shared) => {
  it.each<[string, LimitPolicy, number]>([
    ["in a window", fixed(100), 100],
    ["of a burst", bucket(100), 95],
  ])("200 at once get no more than 100 %s; once settled, next to nothing is missing", async (_name, policy, all) => {
    vi.spyOn(Date, "now").mockReturnValue(T0);
    const isolates = [isolate(shared()), isolate(shared())] as const;
    const demands = [demand(crypto.randomUUID(), policy)];
    const verdicts = await Promise.all(
      Array.from({ length: 200 }, (_unused, index) => isolates[index % 2 === 0 ? 0 : 1].take(demands, T0)),
    );
    await Promise.all(isolates.map((one) => one.settled()));
    let granted = verdicts.filter((verdict) => verdict.granted).length;
    expect(granted).toBeLessThanOrEqual(100);
    expect(granted).toBeGreaterThanOrEqual(all - 10);
    for (const one of isolates) {
      while ((await one.take(demands, T0)).granted) {
        granted += 1;
        await one.settled();
      }
    }
    expect(granted).toBe(all);
  });

  it("what an isolate held when it ended is lost, a twentieth at most, and never granted twice", async () => {
    vi.spyOn(Date, "now").mockReturnValue(T0);
    const demands = [demand(crypto.randomUUID(), fixed(100))];
    const first = isolate(shared());
    let granted = 0;
    for (let call = 0; call < 6; call++) {
      if ((await first.take(demands, T0)).granted) granted += 1;
      await first.settled();
    }
    const second = isolate(shared());
    while ((await second.take(demands, T0)).granted) {
      granted += 1;
      await second.settled();
    }
    expect(granted).toBeLessThanOrEqual(100);
    expect(granted).toBeGreaterThanOrEqual(95);
  });

  it("a lease and an exact limit of another subject: all or nothing, to the unit", async () => {
    vi.spyOn(Date, "now").mockReturnValue(T0);
    const counters = shared();
    const limiter = new LeasedLimiter(counters, { ...PATIENT, now: clock });
    const [caller, address] = [crypto.randomUUID(), crypto.randomUUID()];
    const demands = [{ ...demand(caller, fixed(100)), leased: true }, demand(address, fixed(7, "exact"))];
    const verdicts = await Promise.all(Array.from({ length: 60 }, () => limiter.take(demands, T0)));
    const granted = verdicts.filter((verdict) => verdict.granted).length;
    expect(granted).toBeLessThanOrEqual(7);
    const left = await counters.take([demand(address, fixed(7, "exact"), 7 - granted || 1)], T0);
    expect(left.granted).toBe(granted < 7);
  });
});
