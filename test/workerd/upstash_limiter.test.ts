import { Redis } from "@upstash/redis/cloudflare";
import * as fc from "fast-check";
import { afterEach, describe, expect, inject, it, vi } from "vitest";
import { MemoryLimiter } from "../../src/adapters/memory_limiter.ts";
import { UpstashLimiter } from "../../src/adapters/upstash_limiter.ts";
import type { LimitDemand } from "../../src/limits/limit.ts";
import { bucket, demand, fixed, WINDOW_START_MS } from "../support/limit_policies.ts";
import type {} from "../support/upstash_instance.ts";

const T0 = WINDOW_START_MS;
const upstash = inject("upstash");
const redis = new Redis({ ...upstash, enableTelemetry: false, enableAutoPipelining: false });

function newLimiter(): UpstashLimiter {
  return new UpstashLimiter({ ...upstash, deadlineMs: 10_000 });
}

async function keysOf(subject: string): Promise<string[]> {
  return (await redis.keys(`*${subject}*`)).toSorted();
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("Upstash limiter: what it keeps", () => {
  it("every key expires, and carries the hash tag", async () => {
    const subject = crypto.randomUUID();
    const limiter = newLimiter();
    await limiter.take([demand(subject, bucket(5, "alone"))], Date.now());
    await limiter.take([demand(subject, bucket(5)), demand(subject, fixed(5))], Date.now());
    const keys = await keysOf(subject);
    expect(keys).toHaveLength(3);
    for (const key of keys) {
      expect(key).toMatch(/^\{sallyport:limits\}:/);
      expect(await redis.pttl(key)).toBeGreaterThan(0);
    }
  });

  it("a counter of ours outlives its window, so that a slower clock cannot open it again", async () => {
    const subject = crypto.randomUUID();
    await newLimiter().take([demand(subject, fixed(5))], T0);
    const [key = ""] = await keysOf(subject);
    expect(await redis.pttl(key)).toBeGreaterThan(60_000);
  });

  it("a denied take writes nothing", async () => {
    const subject = crypto.randomUUID();
    const demands = [demand(subject, fixed(5)), demand(subject, bucket(5)), demand(subject, fixed(5, "other"), 6)];
    expect((await newLimiter().take(demands, T0)).granted).toBe(false);
    expect(await keysOf(subject)).toEqual([]);
  });
});

describe("Upstash limiter: what it sends", () => {
  it("says nothing of the SDK or the platform", async () => {
    const fetched = vi.spyOn(globalThis, "fetch");
    await newLimiter().take([demand(crypto.randomUUID(), bucket(5))], T0);
    await newLimiter().take([demand(crypto.randomUUID(), fixed(5))], T0);
    for (const [, init] of fetched.mock.calls) {
      const names = [...new Headers(init?.headers).keys()];
      expect(names.filter((name) => name.startsWith("upstash-telemetry"))).toEqual([]);
    }
  });

  it("does not try again what failed, for the first try may have charged", async () => {
    const fetched = vi.spyOn(globalThis, "fetch").mockRejectedValue(new Error("connection lost"));
    await expect(newLimiter().take([demand("a", fixed(5))], T0)).rejects.toThrow("upstash is unavailable");
    expect(fetched).toHaveBeenCalledTimes(1);
  });

  it("a denial stands where the question what remains fails", async () => {
    const limiter = newLimiter();
    const policy = bucket(5);
    const subject = crypto.randomUUID();
    vi.spyOn(Date, "now").mockReturnValue(T0);
    expect((await limiter.take([demand(subject, policy, 4)], T0)).granted).toBe(true);
    const real = globalThis.fetch;
    let calls = 0;
    vi.spyOn(globalThis, "fetch").mockImplementation((input, init) => {
      calls += 1;
      return calls === 1 ? real(input, init) : Promise.reject(new Error("connection lost"));
    });
    expect(await limiter.take([demand(subject, policy, 2)], T0)).toMatchObject({
      granted: false,
      limits: [{ granted: false, remaining: 0 }],
    });
  });
});

describe("Upstash limiter: a database that lies", () => {
  /** What `answer` makes of a take, and how much was read of it. */
  async function taken(answer: () => Response) {
    const fetched = vi.spyOn(globalThis, "fetch").mockImplementation(async () => answer());
    const fault = await newLimiter()
      .take([demand("usr_secret", fixed(5))], T0)
      .then(
        () => null,
        (error: unknown) => error,
      );
    return { fault, calls: fetched.mock.calls };
  }

  it("is not read to its end: 64 KiB are more than any answer", async () => {
    let sent = 0;
    const endless = () =>
      new ReadableStream<Uint8Array>({
        pull(controller) {
          sent += 1;
          controller.enqueue(new Uint8Array(16 * 1024).fill(32));
        },
      });
    const { fault } = await taken(() => new Response(endless()));
    expect(fault).toMatchObject({ dependency: "upstash" });
    expect(sent).toBeLessThan(10);
  });

  it("gets the token for no other place", async () => {
    const { fault, calls } = await taken(() => Response.redirect("https://evil.example/", 307));
    expect(fault).toMatchObject({ dependency: "upstash" });
    expect(calls).toHaveLength(1);
    expect(calls[0]?.[1]).toMatchObject({ redirect: "manual" });
  });

  it.each<[string, () => Response]>([
    ["an error", () => Response.json({ error: "ERR no" }, { status: 400 })],
    ["a status alone", () => Response.json({ result: [1, 1, 1, 1, 1] }, { status: 500 })],
    ["no answer", () => Response.json([])],
    ["null", () => Response.json(null)],
    ["no JSON", () => new Response("<html>")],
    ["too few numbers", () => Response.json({ result: [1] })],
  ])("is no verdict, and no error quotes what was asked (%s)", async (_, answer) => {
    const { fault } = await taken(answer);
    expect(fault).toMatchObject({ dependency: "upstash" });
    expect(String(fault instanceof Error ? fault.cause : "")).not.toContain("usr_secret");
  });
});

describe("Upstash limiter: the arithmetic", () => {
  const policies = [
    fixed(5),
    fixed(20, "wide"),
    bucket(5),
    { ...bucket(7, "uneven"), refill: 3, intervalSeconds: 100 },
  ];
  const anyDemand = fc.record({
    who: fc.constantFrom("a", "b"),
    policy: fc.constantFrom(...policies),
    cost: fc.integer({ min: 1, max: 6 }),
  });
  const anyCall = fc.record({
    demands: fc.array(anyDemand, { minLength: 1, maxLength: 3 }),
    stepMs: fc.integer({ min: 0, max: 40_000 }),
    afterwards: fc.boolean(),
  });

  it("agrees with the reducer on any schedule, alone and in company", async () => {
    const clock = vi.spyOn(Date, "now");
    await fc.assert(
      fc.asyncProperty(fc.array(anyCall, { minLength: 1, maxLength: 12 }), async (calls) => {
        const run = crypto.randomUUID();
        const [memory, limiter] = [new MemoryLimiter(), newLimiter()];
        let nowMs = T0;
        for (const { demands, stepMs, afterwards } of calls) {
          nowMs += stepMs;
          clock.mockReturnValue(nowMs);
          const asked = demands.map(({ who, policy, cost }): LimitDemand => demand(`${run}:${who}`, policy, cost));
          if (afterwards) await Promise.all([limiter.charge(asked, nowMs), memory.charge(asked, nowMs)]);
          else expect(await limiter.take(asked, nowMs)).toEqual(await memory.take(asked, nowMs));
        }
      }),
      { numRuns: 50 },
    );
  });
});

/**
 * The database seen by two limiters: `limiter` gets its answers, `impatient` only after its deadline, at `release`. That
 * waits for the work that was left behind.
 */
function lateDatabase() {
  const real = globalThis.fetch;
  const slow = "http://slow.test";
  const behind: Promise<unknown>[] = [];
  let gate = Promise.withResolvers<void>();
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const url = String(input);
    if (!url.startsWith(slow)) return real(input, init);
    const { promise } = gate;
    const answer = await real(url.replace(slow, upstash.url), init);
    await promise;
    return answer;
  });
  return {
    limiter: new UpstashLimiter({ ...upstash, deadlineMs: 10_000 }),
    impatient: new UpstashLimiter({ ...upstash, url: slow, deadlineMs: 1, defer: (work) => behind.push(work) }),
    release: async () => {
      gate.resolve();
      await Promise.all(behind.splice(0));
      gate = Promise.withResolvers();
    },
  };
}

describe("Upstash limiter: an answer after the deadline", () => {
  it.each([
    ["a window", [fixed(5)], [3]],
    ["a bucket alone", [bucket(5)], [3]],
    ["several", [fixed(5), bucket(5)], [3, 3]],
    ["one counter twice", [bucket(5), bucket(5)], [1, 1]],
  ])("has its charge given back: nobody was let in (%s)", async (_, policies, left) => {
    vi.spyOn(Date, "now").mockReturnValue(T0);
    const { limiter, impatient, release } = lateDatabase();
    const subject = crypto.randomUUID();
    const ones = policies.map((policy) => demand(subject, policy));
    await limiter.take(ones, T0);
    await expect(impatient.take(ones, T0)).rejects.toThrow("upstash is unavailable");
    await release();
    expect((await limiter.take(ones, T0)).limits.map(({ remaining }) => remaining)).toEqual(left);
  });

  it("of a window that has passed gives nothing to the next", async () => {
    vi.spyOn(Date, "now").mockReturnValue(T0);
    const { limiter, impatient, release } = lateDatabase();
    const one = demand(crypto.randomUUID(), fixed(5), 4);
    await expect(impatient.take([one], T0)).rejects.toThrow("upstash is unavailable");
    expect((await limiter.take([one], T0 + 10_000)).granted).toBe(true);
    await release();
    expect(await limiter.take([{ ...one, cost: 1 }], T0 + 10_000)).toMatchObject({ limits: [{ remaining: 0 }] });
  });

  it("never makes a bucket grant more than burst + rate x t, counting the grants that were known in time", async () => {
    const clock = vi.spyOn(Date, "now");
    const policy = { ...bucket(6), intervalSeconds: 1 };
    const { limiter, impatient, release } = lateDatabase();
    const step = fc.record({
      afterMs: fc.integer({ min: 0, max: 2500 }),
      cost: fc.integer({ min: 1, max: 4 }),
      kind: fc.constantFrom("prompt", "late", "release"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const subject = crypto.randomUUID();
        const grants: { atMs: number; cost: number }[] = [];
        let nowMs = T0;
        for (const { afterMs, cost, kind } of steps) {
          nowMs += afterMs;
          clock.mockReturnValue(nowMs);
          const one = demand(subject, policy, cost);
          if (kind === "release") await release();
          else if (kind === "late") await expect(impatient.take([one], nowMs)).rejects.toThrow("unavailable");
          else if ((await limiter.take([one], nowMs)).granted) grants.push({ atMs: nowMs, cost });
        }
        await release();
        for (const [index, first] of grants.entries()) {
          let sum = 0;
          for (const { atMs, cost } of grants.slice(index)) {
            sum += cost;
            expect(sum * 1000).toBeLessThanOrEqual(6 * 1000 + (atMs - first.atMs));
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
