import { describe, expect, it } from "vitest";
import { MemoryLimiter } from "../../../src/adapters/memory_limiter.ts";
import { Outage } from "../../../src/kernel/outage.ts";
import { bucket, demand, fixed, WINDOW_START_MS } from "../../support/limit_policies.ts";

const T0 = WINDOW_START_MS;

describe("memory limiter: bounded", () => {
  it("refuses a new subject while all counters are live, and still counts the old ones", async () => {
    const limiter = new MemoryLimiter({ maxCounters: 2 });
    await limiter.take([demand("a", fixed(2)), demand("b", fixed(2))], T0);
    await expect(limiter.take([demand("c", fixed(2))], T0)).rejects.toThrow(Outage);
    expect((await limiter.take([demand("a", fixed(2))], T0)).granted).toBe(true);
    expect((await limiter.take([demand("a", fixed(2))], T0)).granted).toBe(false);
  });

  it("charges nothing when it refuses", async () => {
    const limiter = new MemoryLimiter({ maxCounters: 1 });
    await limiter.take([demand("a", fixed(2))], T0);
    await expect(limiter.take([demand("a", fixed(2)), demand("b", fixed(2))], T0)).rejects.toThrow(Outage);
    expect((await limiter.take([demand("a", fixed(2))], T0)).granted).toBe(true);
  });

  it("forgets what is as good as new, and only that", async () => {
    const limiter = new MemoryLimiter({ maxCounters: 2 });
    await limiter.take([demand("a", fixed(1)), demand("b", bucket(60), 60)], T0);
    expect((await limiter.take([demand("c", fixed(1))], T0 + 10_000)).granted).toBe(true);
    await expect(limiter.take([demand("d", fixed(1))], T0 + 10_000)).rejects.toThrow(Outage);
    expect((await limiter.take([demand("b", bucket(60), 11)], T0 + 10_000)).granted).toBe(false);
  });

  it("a clock that steps back does not reopen a window it has forgotten", async () => {
    const limiter = new MemoryLimiter({ maxCounters: 1 });
    await limiter.take([demand("a", fixed(1))], T0);
    await limiter.take([demand("b", fixed(1))], T0 + 10_000);
    await expect(limiter.take([demand("a", fixed(1))], T0)).rejects.toThrow(Outage);
  });

  it("is full by what the names take as well: long ones are a caller's own words", async () => {
    const limiter = new MemoryLimiter({ maxBytes: 10_000 });
    const long = (name: string) => demand(name.repeat(4_000), fixed(2));
    await limiter.take([long("a"), long("b")], T0);
    await expect(limiter.take([long("c")], T0)).rejects.toThrow(Outage);
    expect((await limiter.take([long("a"), demand("short", fixed(2))], T0)).granted).toBe(true);
    expect((await limiter.take([long("c"), long("d")], T0 + 10_000)).granted, "and has room again").toBe(true);
    await expect(limiter.take([long("e")], T0 + 10_000)).rejects.toThrow(Outage);
  });
});
