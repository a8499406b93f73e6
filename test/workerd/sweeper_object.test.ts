import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { need } from "../../src/bindings.ts";
import { startSweeper, wireSweeper } from "../../src/compose/objects.ts";
import type { SweepOutcome } from "../../src/ports/retention.ts";
import { breakable } from "../support/breakable.ts";
import { backstage, bindings, migrate } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { rewire } from "../support/rewired_object.ts";

const logs = captureLogs();
/** Ahead of the real clock, so that no alarm rings but when a test rings it. */
const START = Date.now() + 3_600_000;
const HOUR = 3_600_000;
const objects = need(bindings, "SWEEPER");

let nowMs = START;

beforeAll(migrate);
beforeEach(() => {
  nowMs = START;
  vi.spyOn(Date, "now").mockImplementation(() => nowMs);
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** A sweeper of its own, whose rounds the test decides. */
async function newSweeper() {
  const stub = objects.getByName(crypto.randomUUID());
  const rounds: number[] = [];
  const next: { outcome: SweepOutcome | "dies" } = { outcome: "done" };
  const wiring = {
    everyMs: HOUR,
    sweep: async (atMs: number): Promise<SweepOutcome> => {
      rounds.push(atMs);
      if (next.outcome === "dies") throw new Error("the round is broken by the test");
      return next.outcome;
    },
  };
  const rewired = () => rewire(stub, wiring);
  await rewired();
  const alarmInMs = () =>
    runInDurableObject(stub, async (_, state) => {
      const alarm = await state.storage.getAlarm();
      return alarm === null ? null : alarm - nowMs;
    });
  const ring = async () => {
    nowMs += (await alarmInMs()) ?? Number.NaN;
    return runDurableObjectAlarm(stub);
  };
  return { stub, rounds, next, wiring, rewired, alarmInMs, ring };
}

describe("Sweeper", () => {
  it("goes round after round once it was begun, though nobody asks again", async () => {
    const { stub, rounds, alarmInMs, ring } = await newSweeper();
    expect(await alarmInMs()).toBeNull();
    await stub.expect();
    for (let turn = 0; turn < 4; turn++) expect(await ring()).toBe(true);
    expect(rounds.map((at) => at - START)).toEqual([60_000, 60_000 + HOUR, 60_000 + 2 * HOUR, 60_000 + 3 * HOUR]);
  });

  it("however many isolates begin it, it goes one row of rounds and is put off by none", async () => {
    const { stub, rounds, alarmInMs, ring } = await newSweeper();
    for (let isolate = 0; isolate < 5; isolate++) {
      await stub.expect();
      nowMs += 10_000;
    }
    expect(await alarmInMs()).toBe(10_000);
    await ring();
    await Promise.all([stub.expect(), stub.expect()]);
    expect([rounds.length, await alarmInMs()]).toEqual([1, HOUR]);
  });

  it("goes on at once while more is left, and comes back soon where something failed", async () => {
    const { stub, next, alarmInMs, ring } = await newSweeper();
    await stub.expect();
    const pauses: (number | null)[] = [];
    for (const outcome of ["more", "failed", "dies", "done"] as const) {
      next.outcome = outcome;
      await ring();
      pauses.push(await alarmInMs());
    }
    expect(pauses).toEqual([1_000, 300_000, 300_000, HOUR]);
    expect(logs.events("sweeper_failed")).toHaveLength(1);
  });

  it("a death in the middle of a round ends no row of rounds: the next alarm is set before it begins", async () => {
    const { stub, wiring, alarmInMs, ring } = await newSweeper();
    await stub.expect();
    const during: number[] = [];
    const storage = await runInDurableObject(stub, (_, state) => state.storage);
    wiring.sweep = async () => {
      during.push(((await storage.getAlarm()) ?? Number.NaN) - nowMs);
      return "done";
    };
    await ring();
    expect([during, await alarmInMs()]).toEqual([[300_000], HOUR]);
  });

  it("an eviction ends nothing, and a shorter setting brings the next round forward", async () => {
    const { stub, wiring, rewired, alarmInMs, ring } = await newSweeper();
    await stub.expect();
    await ring();
    await evictDurableObject(stub);
    wiring.everyMs = 120_000;
    await rewired();
    expect(await alarmInMs()).toBe(HOUR);
    await stub.expect();
    expect(await alarmInMs()).toBe(60_000);
  });

  it("is begun by the Worker, and sweeps what the configuration says", async () => {
    await backstage.db.exec(
      "INSERT INTO security_events (id, user_id, kind, at) VALUES ('old', 'usr_x', 'grant_ended', 0)",
    );
    await startSweeper(env);
    const stub = objects.getByName("one");
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    // Whatever others left in this store is swept as well.
    expect(logs.events("swept")).toContainEqual(expect.objectContaining({ what: "security_events", rows: 1 }));
    expect(wireSweeper(env).everyMs).toBe(HOUR);
  });

  it("a Worker that cannot begin it says so and serves on", async () => {
    expect(await startSweeper({})).toBe(false);
    expect(logs.events("sweeper_not_started")).toHaveLength(1);
  });

  it("a sweeper that does not answer is given up, before the platform ends what is behind an answer", async () => {
    const silent = breakable(objects);
    silent.health = "silent";
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const starting = startSweeper({ SWEEPER: silent.binding });
    await vi.advanceTimersByTimeAsync(5_000);
    vi.useRealTimers();
    expect(await starting).toBe(false);
    expect(logs.events("sweeper_not_started")).toMatchObject([{ error: "deadline" }]);
  });
});
