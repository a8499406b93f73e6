import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { entry, handFed, page, T0 } from "../../support/hand_fed.ts";
import { captureLogs } from "../../support/logs.ts";

captureLogs();

async function isWaiting(promise: unknown): Promise<boolean> {
  const marker = {};
  await vi.advanceTimersByTimeAsync(0);
  return (await Promise.race([promise, Promise.resolve(marker)])) === marker;
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("the snapshot's age decides: use, use and pull behind, wait", () => {
  it.each([
    [0, 0, false],
    [1_999, 0, false],
    [2_000, 0, false],
    [2_001, 1, false],
    [2_500, 1, false],
    [3_000, 1, false],
    [3_001, 1, true],
    [3_100, 1, true],
    [-1, 1, true],
  ])("at %d ms: %d pull begun, waits: %s", async (ageMs, pulls, waits) => {
    const feed = handFed();
    await feed.start(entry("revoked"));
    const viewing = feed.view(T0 + ageMs);
    expect(await isWaiting(viewing)).toBe(waits);
    expect(feed.asked).toHaveLength(1 + pulls);
    if (waits) await feed.answer(page(1, []));
    expect((await viewing)?.leastEpoch("token", "revoked")).toBe(1);
  });

  it.each([
    ["just ended: it needs none of its own", 500, 0, false],
    ["ended too long ago: it waits", 3_001, 1, true],
    ["lies ahead of every clock, which went backwards: it waits", -1, 1, true],
  ])("of a request that began before a pull which %s", async (_, nowMs, pulls, waits) => {
    const feed = handFed();
    await feed.start(entry("revoked"));
    vi.setSystemTime(T0 + nowMs);
    const viewing = feed.view(T0 - 50);
    expect(await isWaiting(viewing)).toBe(waits);
    expect(feed.asked).toHaveLength(1 + pulls);
    if (waits) await feed.answer(page(1, []));
    expect((await viewing)?.leastEpoch("token", "revoked")).toBe(1);
  });

  it("a cold isolate waits for its first pull, and knows nobody as unrevoked before it", async () => {
    const feed = handFed();
    const first = feed.view(T0);
    expect(await isWaiting(first)).toBe(true);
    await feed.answer(page(1, [entry("revoked")]));
    expect((await first)?.leastEpoch("token", "revoked")).toBe(1);
    expect((await first)?.leastEpoch("token", "other")).toBe(0);
  });

  it("what was revoked is seen within 3 s by one who asks all the time, whatever the pull's own time", async () => {
    const feed = handFed();
    await feed.start();
    await feed.view(T0 + 2_100);
    await feed.answer(page(1, [entry("late")]));
    expect((await feed.view(T0 + 2_200))?.leastEpoch("token", "late")).toBe(1);
    // The age counts from when the pull began: what happened during it may be missing.
    await feed.view(T0 + 4_101);
    expect(feed.asked).toHaveLength(3);
  });
});

describe("one pull for all", () => {
  it("100 waiters share one pull, and each hands it to the platform no more than once", async () => {
    const feed = handFed();
    const waiters = Array.from({ length: 100 }, () => feed.view(T0));
    await feed.answer(page(1, [entry("revoked")]));
    const views = await Promise.all(waiters);
    expect(views.every((view) => view?.leastEpoch("token", "revoked") === 1)).toBe(true);
    expect(feed.asked).toHaveLength(1);
    expect(feed.deferred).toHaveLength(1);
  });

  it("a pull outlives the request that began it: also a waiting caller hands it to the platform", async () => {
    const feed = handFed();
    const waiting = feed.view(T0);
    expect(feed.deferred).toHaveLength(1);
    await feed.answer(page(0, []));
    await waiting;
    await feed.view(T0 + 2_500);
    expect(feed.deferred).toHaveLength(2);
  });

  it("a pull that never settles is replaced after a second; until then callers end at their own deadline", async () => {
    const feed = handFed();
    const first = feed.view(T0);
    await vi.advanceTimersByTimeAsync(249);
    expect(await isWaiting(first)).toBe(true);
    await vi.advanceTimersByTimeAsync(1);
    expect(await first).toBeNull();
    const second = feed.view(T0 + 999);
    await vi.advanceTimersByTimeAsync(250);
    expect(await second).toBeNull();
    expect(feed.asked).toHaveLength(1);
    const third = feed.view(T0 + 1_000);
    expect(feed.asked).toHaveLength(2);
    await feed.answer(page(1, [entry("revoked")]));
    expect((await third)?.leastEpoch("token", "revoked")).toBe(1);
  });

  it("the answer of a pull that was given up adds what it knows and makes nothing younger", async () => {
    const feed = handFed();
    void feed.view(T0);
    await vi.advanceTimersByTimeAsync(250);
    const second = feed.view(T0 + 1_000);
    await feed.answer(page(2, [entry("a"), entry("b")]));
    await second;
    feed.asked[0]?.answer(page(1, [entry("a")]));
    await vi.advanceTimersByTimeAsync(0);
    const view = await feed.view(T0 + 2_000);
    expect([view?.leastEpoch("token", "a"), view?.leastEpoch("token", "b")]).toEqual([1, 1]);
  });
});

describe("a feed that cannot be read", () => {
  it("fails closed: null over 3 s, and never a view that was not once whole", async () => {
    const feed = handFed();
    const cold = feed.view(T0, 3_600_000);
    feed.asked[0]?.fail();
    expect(await cold).toBeNull();
  });

  it.each([
    [3_000, 0, true],
    [3_001, 0, false],
    [3_001, 60_000, true],
    [63_000, 60_000, true],
    [63_001, 60_000, false],
  ])("at %d ms, with %d ms tolerated: answered %s", async (ageMs, toleratedMs, answered) => {
    const feed = handFed();
    await feed.start(entry("revoked"));
    const viewing = feed.view(T0 + ageMs, toleratedMs);
    feed.asked.at(-1)?.fail();
    const view = await viewing;
    expect(view !== null).toBe(answered);
    if (answered) expect(view?.leastEpoch("token", "revoked")).toBe(1);
  });

  it("a failed pull is tried again by the next one who needs it", async () => {
    const feed = handFed();
    const first = feed.view(T0);
    feed.asked[0]?.fail();
    expect(await first).toBeNull();
    const second = feed.view(T0 + 1);
    await feed.answer(page(0, []));
    expect(await second).not.toBeNull();
  });
});

describe("after an hour's idle", () => {
  const LATER = T0 + 3_600_000;

  it("the first caller waits for the feed, and what was revoked meanwhile is dead; what has ended is forgotten", async () => {
    const feed = handFed();
    await feed.start(entry("before", 1, LATER + 1), entry("over", 1, LATER));
    const viewing = feed.view(LATER);
    expect(await isWaiting(viewing)).toBe(true);
    expect(feed.asked.at(-1)?.position).toEqual({ generation: "one", seq: 2 });
    await feed.answer(page(3, [entry("meanwhile", 1, LATER + 1)]));
    const view = await viewing;
    expect(["before", "meanwhile", "over"].map((id) => view?.leastEpoch("token", id))).toEqual([1, 1, 0]);
  });

  it.each([
    ["deny", 0, false],
    ["allow for less than that", 3_596_999, false],
    ["allow for long enough", 3_597_000, true],
  ])("onStale: %s, and the feed does not answer (%d ms tolerated): goes on: %s", async (_, toleratedMs, answered) => {
    const feed = handFed();
    await feed.start();
    const viewing = feed.view(LATER, toleratedMs);
    await vi.advanceTimersByTimeAsync(250);
    expect((await viewing) !== null).toBe(answered);
  });
});

describe("a writer sees its own change", () => {
  it("expire makes the next view pull, at any age", async () => {
    const feed = handFed();
    await feed.start();
    feed.revocations.expire();
    const viewing = feed.view(T0 + 1);
    expect(await isWaiting(viewing)).toBe(true);
    await feed.answer(page(1, [entry("mine")]));
    expect((await viewing)?.leastEpoch("token", "mine")).toBe(1);
  });

  it("expire during a pull: what that pull brings is not taken for whole, and the next view pulls again", async () => {
    const feed = handFed();
    const before = feed.view(T0);
    feed.revocations.expire();
    await feed.answer(page(0, []));
    await before;
    const after = feed.view(T0 + 1);
    expect(feed.asked).toHaveLength(2);
    expect(await isWaiting(after)).toBe(true);
    await feed.answer(page(1, [entry("mine")]));
    expect((await after)?.leastEpoch("token", "mine")).toBe(1);
  });

  it("after expire no staleness is tolerated: the change that is known to exist may be the one that is missing", async () => {
    const feed = handFed();
    await feed.start();
    feed.revocations.expire();
    const viewing = feed.view(T0 + 1, 3_600_000);
    feed.asked.at(-1)?.fail();
    expect(await viewing).toBeNull();
  });
});

describe("pages, generations and ends", () => {
  it("asks on while there is more, from where the last page ended, and is whole only then", async () => {
    const feed = handFed();
    const viewing = feed.view(T0);
    await feed.answer(page(1_000, [entry("first")], true));
    expect(await isWaiting(viewing)).toBe(true);
    expect(feed.asked.map(({ position }) => position.seq)).toEqual([0, 1_000]);
    await feed.answer(page(1_001, [entry("last")]));
    const view = await viewing;
    expect([view?.leastEpoch("token", "first"), view?.leastEpoch("token", "last")]).toEqual([1, 1]);
  });

  it("a feed that broke off between pages is not taken for whole", async () => {
    const feed = handFed();
    const viewing = feed.view(T0, 3_600_000);
    await feed.answer(page(1_000, [entry("first")], true));
    feed.asked.at(-1)?.fail();
    expect(await viewing).toBeNull();
  });

  it("another generation replaces everything: its entries count, those of the old storage no longer exist", async () => {
    const feed = handFed();
    await feed.start(entry("old"));
    const viewing = feed.view(T0 + 4_000);
    await feed.answer(page(1, [entry("new")], false, "two"));
    const view = await viewing;
    expect([view?.leastEpoch("token", "old"), view?.leastEpoch("token", "new")]).toEqual([0, 1]);
    void feed.view(T0 + 7_001);
    expect(feed.asked.at(-1)?.position).toEqual({ generation: "two", seq: 1 });
  });

  it("an entry told twice keeps the higher epoch and the later end, in either order", async () => {
    const feed = handFed();
    await feed.start(entry("a", 5, T0 + 10_000), entry("a", 3, T0 + 60_000));
    const viewing = feed.view(T0 + 30_000);
    await feed.answer(page(2, []));
    expect((await viewing)?.leastEpoch("token", "a")).toBe(5);
  });

  it("an entry is forgotten when its end has passed, and not before", async () => {
    const feed = handFed();
    await feed.start(entry("short", 1, T0 + 10_000), entry("long", 1, T0 + 10_001));
    const viewing = feed.view(T0 + 10_000);
    await feed.answer(page(2, []));
    const view = await viewing;
    expect([view?.leastEpoch("token", "short"), view?.leastEpoch("token", "long")]).toEqual([0, 1]);
  });
});
