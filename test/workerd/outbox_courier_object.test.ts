import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { D1ApiKeys } from "../../src/adapters/d1/api_keys.ts";
import { apiKeyChanged } from "../../src/protocol/api_key_entries.ts";
import { createKey, newCourier, rowsLeft, writeOutbox } from "../support/courier_world.ts";
import { eventually } from "../support/eventually.ts";
import { clientEntry } from "../support/feed_entries.ts";
import { backstage, migrate } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { rewire } from "../support/rewired_object.ts";

captureLogs();
beforeAll(migrate);

beforeEach(async () => {
  await backstage.db.exec("DELETE FROM outbox");
});

let clock: { mockRestore(): void } | null = null;

/** Sets the clock; it is back to the real one after the test. */
function timeIs(nowMs: number): void {
  clock?.mockRestore();
  clock = vi.spyOn(Date, "now").mockReturnValue(nowMs);
}

afterEach(() => {
  clock?.mockRestore();
  clock = null;
});

describe("OutboxCourier: carrying", () => {
  it("tells the feed every row in order, more than a batch too, and leaves none", async () => {
    const { stub, feed } = await newCourier();
    const entries = Array.from({ length: 250 }, (_, at) => clientEntry(`c${at}`));
    await writeOutbox(entries);
    expect(await stub.deliver()).toBe(true);
    expect([feed.told, await rowsLeft()]).toEqual([entries, 0]);
  });

  it("has nothing to tell of an empty outbox", async () => {
    const { stub, feed } = await newCourier();
    expect([await stub.deliver(), feed.calls]).toEqual([true, 0]);
  });

  it("writes KV from the truth of that moment, not from what a row once meant", async () => {
    const { stub } = await newCourier();
    const { key, hash } = await createKey();
    const keys = new D1ApiKeys(backstage.db);
    const disabled = { ...key, disabled: true, epoch: 2 };
    expect(await keys.update(key, disabled, apiKeyChanged(key.id, 2, [], Date.now()))).toBe("changed");
    expect(await stub.deliver()).toBe(true);
    expect(await backstage.kv.get(hash, "json")).toMatchObject({ id: key.id, disabled: true, epoch: 2 });
  });

  it("removes the copy of a key that is gone, and of a string that rotation dropped", async () => {
    const { stub } = await newCourier();
    const [gone, turned] = [await createKey(), await createKey()];
    await stub.deliver();
    expect(await backstage.kv.get(gone.hash)).not.toBeNull();
    const keys = new D1ApiKeys(backstage.db);
    await keys.delete(gone.key, apiKeyChanged(gone.key.id, 2, [], Date.now()));
    const fresh = {
      ...turned.key.secrets[0],
      hash: `fresh-${crypto.randomUUID()}`,
      lastFour: "abcd",
      createdAtMs: 1,
      expiresAtMs: null,
    };
    await keys.update(
      turned.key,
      { ...turned.key, epoch: 2, secrets: [fresh] },
      apiKeyChanged(turned.key.id, 2, [], 1),
    );
    expect(await stub.deliver()).toBe(true);
    expect([await backstage.kv.get(gone.hash), await backstage.kv.get(turned.hash)]).toEqual([null, null]);
    expect(await backstage.kv.get(fresh.hash)).not.toBeNull();
  });
});

describe("OutboxCourier: failures", () => {
  it("the feed down: false, every row stays, and an alarm carries it later, once and in order", async () => {
    const { stub, feed, alarmInMs } = await newCourier();
    const entries = [clientEntry("a"), clientEntry("b")];
    await writeOutbox(entries);
    feed.fails = true;
    expect(await stub.deliver()).toBe(false);
    expect(await rowsLeft()).toBe(2);
    expect(await alarmInMs()).toBeLessThanOrEqual(2_000);
    feed.fails = false;
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect([feed.told, await rowsLeft()]).toEqual([entries, 0]);
  });

  it("the alarm goes on while it fails, less and less often, and at least once a minute", async () => {
    const { stub, feed, alarmInMs } = await newCourier();
    await writeOutbox([clientEntry("a")]);
    feed.fails = true;
    timeIs(Date.now());
    await stub.deliver();
    const delays: (number | null)[] = [await alarmInMs()];
    for (let turn = 0; turn < 6; turn++) {
      expect(await runDurableObjectAlarm(stub)).toBe(true);
      delays.push(await alarmInMs());
    }
    expect(delays).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  });

  it("KV down holds up no revocation: the feed is told, and the copies follow when KV is back", async () => {
    const { stub, feed, copies } = await newCourier();
    const { key, hash } = await createKey();
    await writeOutbox([clientEntry("unrelated")]);
    copies.fails = true;
    expect(await stub.deliver()).toBe(false);
    expect(feed.told.map(({ id }) => id)).toEqual([hash, "unrelated"]);
    expect([await rowsLeft(), await backstage.kv.get(hash)]).toEqual([2, null]);
    copies.fails = false;
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect([await rowsLeft(), await backstage.kv.get(hash, "json")]).toEqual([
      0,
      expect.objectContaining({ id: key.id }),
    ]);
  });
});

describe("OutboxCourier: the feed comes first", () => {
  /** A key whose copy hangs until `open` is called, with a courier that waits for it. */
  async function hangingKv(rows: number) {
    const world = await newCourier();
    const { hash } = await createKey();
    if (rows > 0) await writeOutbox(Array.from({ length: rows }, (_, at) => clientEntry(`c${at}`)));
    let open = () => {};
    world.copies.gate = new Promise((resolve) => {
      open = resolve;
    });
    const delivered = world.stub.deliver();
    await eventually(() => expect(world.copies.calls).toBe(1));
    return { ...world, hash, delivered, open };
  }

  it("a KV that hangs delays no revocation, also of rows far behind it", async () => {
    const { feed, hash, delivered, open } = await hangingKv(250);
    expect(feed.told.map(({ id }) => id)).toEqual([hash, ...Array.from({ length: 250 }, (_, at) => `c${at}`)]);
    expect(await rowsLeft(), "none is forgotten before its copy is written").toBe(251);
    open();
    expect([await delivered, await rowsLeft(), feed.told.length]).toEqual([true, 0, 251]);
  });

  it("nor of a change that is made while it hangs", async () => {
    const { stub, feed, hash, delivered, open } = await hangingKv(0);
    await writeOutbox([clientEntry("late")]);
    const late = stub.deliver();
    await eventually(() => expect(feed.told.map(({ id }) => id)).toEqual([hash, "late"]));
    open();
    expect([await delivered, await late, await rowsLeft()]).toEqual([true, true, 0]);
    expect([feed.told.length, await backstage.kv.get(hash, "json")]).toEqual([2, expect.anything()]);
  });

  it("no copy is written while the feed is down", async () => {
    const { stub, feed, copies } = await newCourier();
    await createKey();
    feed.fails = true;
    expect([await stub.deliver(), copies.calls, await rowsLeft()]).toEqual([false, 0, 1]);
  });

  it("a courier that cannot be wired says false and tries again by its alarm", async () => {
    const { stub, feed, alarmInMs, rewired } = await newCourier();
    await writeOutbox([clientEntry("a")]);
    await evictDurableObject(stub);
    await rewire(stub, null);
    expect(await stub.deliver()).toBe(false);
    expect(await alarmInMs()).toBeLessThanOrEqual(2_000);
    await evictDurableObject(stub);
    await rewired();
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect([feed.told.length, await rowsLeft()]).toEqual([1, 0]);
  });
});

describe("OutboxCourier: a caller that dies", () => {
  it("between its change and the delivery loses nothing: the alarm that was set before carries it", async () => {
    const { stub, feed, alarmInMs } = await newCourier();
    await stub.expect();
    expect(await alarmInMs()).toBeLessThanOrEqual(2_000);
    await writeOutbox([clientEntry("a")]);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect([feed.told.length, await rowsLeft()]).toEqual([1, 0]);
  });

  it("loses nothing even where the change is made after that alarm: a write given up at its deadline goes on", async () => {
    const { stub, feed } = await newCourier();
    await stub.expect();
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    await writeOutbox([clientEntry("late")]);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect([feed.told.map(({ id }) => id), await rowsLeft()]).toEqual([["late"], 0]);
  });

  it("is watched for a minute, twice as late each time, and then the object rests", async () => {
    const { stub, alarmInMs } = await newCourier();
    const startMs = Date.now();
    timeIs(startMs);
    await stub.expect();
    const looks: number[] = [];
    for (let delay = await alarmInMs(); delay !== null; delay = await alarmInMs()) {
      timeIs(Date.now() + delay);
      looks.push(Date.now() - startMs);
      await runDurableObjectAlarm(stub);
      expect(looks.length).toBeLessThan(20);
    }
    expect(looks).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000]);
  });

  it("an eviction in between loses nothing", async () => {
    const { stub, feed, rewired } = await newCourier();
    await stub.expect();
    await writeOutbox([clientEntry("a")]);
    await evictDurableObject(stub);
    await rewired();
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect([feed.told.length, await rowsLeft()]).toEqual([1, 0]);
  });

  it("expect() brings a distant alarm near and leaves a near one", async () => {
    const { stub, feed, alarmInMs } = await newCourier();
    await writeOutbox([clientEntry("a")]);
    feed.fails = true;
    for (let turn = 0; turn < 5; turn++) await stub.deliver();
    for (let turn = 0; turn < 4; turn++) await runDurableObjectAlarm(stub);
    expect(await alarmInMs()).toBeGreaterThan(10_000);
    await stub.expect();
    expect(await alarmInMs()).toBeLessThanOrEqual(2_000);
  });
});

describe("OutboxCourier: many callers", () => {
  it("50 at once carry each row once, one batch at a time", async () => {
    const { stub, feed } = await newCourier();
    const entries = Array.from({ length: 150 }, (_, at) => clientEntry(`c${at}`));
    await writeOutbox(entries);
    const delivered = await Promise.all(Array.from({ length: 50 }, () => stub.deliver()));
    expect(new Set(delivered)).toEqual(new Set([true]));
    expect([feed.told, feed.mostAtOnce]).toEqual([entries, 1]);
  });

  it("a write that comes during a run is carried before its caller hears true", async () => {
    const { stub, feed } = await newCourier();
    let open = () => {};
    feed.gate = new Promise((resolve) => {
      open = resolve;
    });
    await writeOutbox([clientEntry("first")]);
    const first = stub.deliver();
    await eventually(() => expect(feed.calls).toBe(1));
    await writeOutbox([clientEntry("second")]);
    const second = stub.deliver();
    open();
    expect(await second).toBe(true);
    expect([feed.told.map(({ id }) => id), await rowsLeft()]).toEqual([["first", "second"], 0]);
    expect(await first).toBe(true);
  });
});
