import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { DurableObjectLimiter } from "../../src/adapters/objects/limiter.ts";
import type { LimiterObject } from "../../src/ports/limiter_object.ts";
import { eventually } from "../support/eventually.ts";
import { bucket, demand, fixed, WINDOW_START_MS } from "../support/limit_policies.ts";
import type {} from "../support/limiter_binding.ts";

const T0 = WINDOW_START_MS;
const MINUTE_MS = 60_000;

function newSubject() {
  const subject = `client:${crypto.randomUUID()}`;
  return { subject, object: env.LIMITER.getByName(subject) };
}

/** Keys that the object called `subject` has in storage. */
function stored(object: ReturnType<typeof newSubject>["object"]): Promise<string[]> {
  return runInDurableObject(object, (_, state) => [...state.storage.kv.list()].map(([key]) => key));
}

/** The counters that the object called `subject` has in storage. */
function storedStates(object: ReturnType<typeof newSubject>["object"]): Promise<unknown[]> {
  return runInDurableObject(object, (_, state) => {
    const record = state.storage.kv.get<{ counters: Map<string, { state: unknown }> }>("counters");
    return [...(record?.counters.values() ?? [])].map((counter) => counter.state);
  });
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("Limiter object: what it keeps", () => {
  it.each([fixed(5), bucket(5)])("an eviction gives nothing back ($algorithm)", async (policy) => {
    const { subject, object } = newSubject();
    expect((await object.take([demand(subject, policy, 4)], T0)).granted).toBe(true);
    await evictDurableObject(object);
    const revived = env.LIMITER.getByName(subject);
    expect((await revived.take([demand(subject, policy, 2)], T0)).granted).toBe(false);
    expect(await revived.take([demand(subject, policy)], T0)).toMatchObject({
      granted: true,
      limits: [{ remaining: 0 }],
    });
  });

  it.each([fixed(100), bucket(100)])(
    "an eviction amid grants of a large limit loses a twentieth at most ($algorithm)",
    async (policy) => {
      const { subject, object } = newSubject();
      for (let call = 0; call < 13; call++) await object.take([demand(subject, policy)], T0);
      await evictDurableObject(object);
      const [left] = (await env.LIMITER.getByName(subject).take([demand(subject, policy)], T0)).limits;
      expect(left?.remaining).toBeLessThanOrEqual(86);
      expect(left?.remaining).toBeGreaterThanOrEqual(81);
    },
  );

  it("an eviction after a quiet second loses nothing", async () => {
    const { subject, object } = newSubject();
    const truth = { algorithm: "fixed", window: T0 / 10_000, used: 3 };
    await object.take([demand(subject, fixed(100), 3)], T0);
    await eventually(async () => expect(await storedStates(object)).toEqual([truth]));
    await evictDurableObject(object);
    const revived = env.LIMITER.getByName(subject);
    expect(await revived.take([demand(subject, fixed(100))], T0)).toMatchObject({ limits: [{ remaining: 96 }] });
  });

  it.each([fixed(20), bucket(20)])("an eviction forgives no debt ($algorithm)", async (policy) => {
    const { subject, object } = newSubject();
    await object.take([demand(subject, policy)], T0);
    await object.charge([demand(subject, policy, 30)], T0);
    await evictDurableObject(object);
    const [left] = (await env.LIMITER.getByName(subject).take([demand(subject, policy)], T0)).limits;
    expect(left).toMatchObject({ granted: false, remaining: 0 });
  });

  it("a denied take writes nothing", async () => {
    const { subject, object } = newSubject();
    expect((await object.take([demand(subject, fixed(5), 6)], T0)).granted).toBe(false);
    expect(await stored(object)).toEqual([]);
  });

  it("a limit lowered or raised applies to what is already used", async () => {
    const { subject, object } = newSubject();
    await object.take([demand(subject, fixed(10), 6)], T0);
    expect(await object.take([demand(subject, fixed(5))], T0)).toMatchObject({
      granted: false,
      limits: [{ remaining: 0 }],
    });
    expect((await object.take([demand(subject, fixed(8), 2)], T0)).granted).toBe(true);
  });
});

describe("Limiter object: what it forgets", () => {
  it("an alarm before the time keeps live counters, and is set again", async () => {
    const { subject, object } = newSubject();
    await object.take([demand(subject, fixed(1))], T0);
    expect(await runDurableObjectAlarm(object)).toBe(true);
    expect((await object.take([demand(subject, fixed(1))], T0)).granted).toBe(false);
    expect(await runInDurableObject(object, (_, state) => state.storage.getAlarm())).not.toBeNull();
  });

  it("a swept object keeps no storage, and counts anew", async () => {
    const { subject, object } = newSubject();
    const clock = vi.spyOn(Date, "now").mockReturnValue(T0);
    await object.take([demand(subject, fixed(1)), demand(subject, bucket(1))], T0);
    clock.mockReturnValue(T0 + 3 * MINUTE_MS);
    expect(await runDurableObjectAlarm(object)).toBe(true);
    expect(await stored(object)).toEqual([]);
    expect(await runInDurableObject(object, (_, state) => state.storage.getAlarm())).toBeNull();
    expect((await object.take([demand(subject, fixed(1))], T0 + 3 * MINUTE_MS)).granted).toBe(true);
  });

  it("sweeps one counter and keeps another", async () => {
    const { subject, object } = newSubject();
    const hourly = { ...fixed(1, "hourly"), windowSeconds: 3600 };
    const clock = vi.spyOn(Date, "now").mockReturnValue(T0);
    await object.take([demand(subject, fixed(1)), demand(subject, hourly)], T0);
    clock.mockReturnValue(T0 + 3 * MINUTE_MS);
    await runDurableObjectAlarm(object);
    expect((await object.take([demand(subject, hourly)], T0)).granted).toBe(false);
    expect((await object.take([demand(subject, fixed(1))], T0)).granted).toBe(true);
  });

  it("counts lifetimes by its own clock: callers far behind it lose no counter", async () => {
    const { subject, object } = newSubject();
    const longAgo = T0 - 30 * 24 * 60 * MINUTE_MS;
    vi.spyOn(Date, "now").mockReturnValue(T0);
    await object.take([demand(subject, fixed(1))], longAgo);
    await runDurableObjectAlarm(object);
    expect((await object.take([demand(subject, fixed(1))], longAgo)).granted).toBe(false);
  });
});

describe("Limiter object: giving back", () => {
  it.each([fixed(5), bucket(5)])("undoes a reservation once ($algorithm)", async (policy) => {
    const { subject, object } = newSubject();
    await object.take([demand(subject, policy, 2)], T0);
    await object.take([demand(subject, policy, 3)], T0, "r1");
    expect(await object.giveBack("r1", T0)).toMatchObject([{ granted: true, remaining: 3 }]);
    expect(await object.giveBack("r1", T0)).toBeNull();
    expect((await object.take([demand(subject, policy, 4)], T0)).granted).toBe(false);
    expect((await object.take([demand(subject, policy, 3)], T0)).granted).toBe(true);
  });

  it("changes nothing for a reservation it does not know", async () => {
    const { subject, object } = newSubject();
    await object.take([demand(subject, fixed(1))], T0, "r1");
    expect(await object.giveBack("r2", T0)).toBeNull();
    expect((await object.take([demand(subject, fixed(1))], T0)).granted).toBe(false);
  });

  it("an eviction in between leaves the reservation charged", async () => {
    const { subject, object } = newSubject();
    await object.take([demand(subject, fixed(1))], T0, "r1");
    await evictDurableObject(object);
    const revived = env.LIMITER.getByName(subject);
    expect(await revived.giveBack("r1", T0)).toBeNull();
    expect((await revived.take([demand(subject, fixed(1))], T0)).granted).toBe(false);
  });

  it("a reservation of some seconds ago stands", async () => {
    const { subject, object } = newSubject();
    const clock = vi.spyOn(Date, "now").mockReturnValue(T0);
    await object.take([demand(subject, fixed(1))], T0, "r1");
    clock.mockReturnValue(T0 + 5000);
    expect(await object.giveBack("r1", T0)).toBeNull();
  });

  it("a window that has passed gets nothing back into the next", async () => {
    const { subject, object } = newSubject();
    await object.take([demand(subject, fixed(2), 2)], T0, "r1");
    await object.take([demand(subject, fixed(2), 2)], T0 + 10_000);
    await object.giveBack("r1", T0 + 10_000);
    expect((await object.take([demand(subject, fixed(2))], T0 + 10_000)).granted).toBe(false);
  });
});

describe("takes that go together", () => {
  it.each([fixed(50), bucket(50)])(
    "each has its own verdict, and not one unit more is granted ($algorithm)",
    async (policy) => {
      const { subject, object } = newSubject();
      const calls = { alone: 0, together: 0 };
      const counted: LimiterObject = {
        take: (demands, nowMs, reservation) => {
          calls.alone++;
          return object.take(demands, nowMs, reservation);
        },
        takeEach: (takes) => {
          calls.together++;
          return object.takeEach(takes);
        },
        charge: (demands, nowMs) => object.charge(demands, nowMs),
        giveBack: (reservation, nowMs) => object.giveBack(reservation, nowMs),
      };
      const limiter = new DurableObjectLimiter({ getByName: () => counted }, { deadlineMs: 10_000 });
      const verdicts = await Promise.all(Array.from({ length: 80 }, () => limiter.take([demand(subject, policy)], T0)));
      expect(verdicts.filter(({ granted }) => granted)).toHaveLength(50);
      expect(
        new Set(verdicts.flatMap(({ granted, limits }) => (granted ? limits.map((one) => one.remaining) : []))).size,
      ).toBe(50);
      expect(calls).toEqual({ alone: 2, together: 2 });
    },
  );

  it("a grant among them can be given back, and the others stay", async () => {
    const { subject, object } = newSubject();
    const takes = ["r1", "r2", "r3"].map((reservation) => ({
      demands: [demand(subject, fixed(2))],
      nowMs: T0,
      reservation,
    }));
    const verdicts = await object.takeEach(takes);
    expect(verdicts.map(({ granted }) => granted)).toEqual([true, true, false]);
    expect(await object.giveBack("r1", T0)).toMatchObject([{ remaining: 1 }]);
    expect(await object.giveBack("r3", T0)).toBeNull();
  });
});

describe("Durable Object limiter over several subjects", () => {
  it("leaves the others uncharged when one object fails", async () => {
    const { subject, object } = newSubject();
    const broken = {
      take: () => Promise.reject(new Error("reset")),
      takeEach: () => Promise.reject(new Error("reset")),
      charge: () => Promise.reject(new Error("reset")),
      giveBack: () => Promise.reject(new Error("reset")),
    };
    const objects = { getByName: (name: string) => (name === subject ? env.LIMITER.getByName(name) : broken) };
    const limiter = new DurableObjectLimiter(objects, { deadlineMs: 5000 });
    await expect(limiter.take([demand(subject, fixed(1)), demand("other", fixed(1))], T0)).rejects.toThrow("limiter");
    await eventually(async () => {
      expect((await object.take([demand(subject, fixed(1))], T0)).granted).toBe(true);
    });
  });

  it("a denial stands where giving back fails, and says what stayed charged", async () => {
    const { subject, object } = newSubject();
    const spent = newSubject();
    await spent.object.take([demand(spent.subject, fixed(1))], T0);
    const deaf: LimiterObject = {
      take: (demands, nowMs, reservation) => object.take(demands, nowMs, reservation),
      takeEach: (takes) => object.takeEach(takes),
      charge: (demands, nowMs) => object.charge(demands, nowMs),
      giveBack: () => Promise.reject(new Error("reset")),
    };
    const objects = { getByName: (name: string) => (name === subject ? deaf : env.LIMITER.getByName(name)) };
    const limiter = new DurableObjectLimiter(objects, { deadlineMs: 5000 });
    const verdict = await limiter.take([demand(subject, fixed(3)), demand(spent.subject, fixed(1))], T0);
    expect(verdict.granted).toBe(false);
    expect(verdict.limits.map(({ remaining }) => remaining)).toEqual([2, 0]);
  });
});

describe("an object that answers after the deadline", () => {
  it.each([fixed(5), bucket(5)])("gets what it charged undone: nobody was let in ($algorithm)", async (policy) => {
    const { subject, object } = newSubject();
    const silent: LimiterObject = {
      take: (demands, nowMs, reservation) => object.take(demands, nowMs, reservation).then(() => new Promise(() => {})),
      takeEach: (takes) => object.takeEach(takes),
      charge: (demands, nowMs) => object.charge(demands, nowMs),
      giveBack: (reservation, nowMs) => object.giveBack(reservation, nowMs),
    };
    const behind: Promise<unknown>[] = [];
    const limiter = new DurableObjectLimiter(
      { getByName: () => silent },
      { deadlineMs: 20, defer: (work) => behind.push(work) },
    );
    await expect(limiter.take([demand(subject, policy, 4)], T0)).rejects.toThrow("limiter is unavailable");
    await Promise.all(behind);
    expect(await object.take([demand(subject, policy, 5)], T0)).toMatchObject({ granted: true });
  });
});
