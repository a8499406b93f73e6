import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { FEED_START, type FeedEntry, FeedView, pointerEntry } from "../../src/protocol/edge_feed.ts";
import { clientEntry } from "../support/feed_entries.ts";
import { bindings } from "../support/issuer_world.ts";

const HOUR_MS = 3_600_000;

afterEach(() => {
  vi.restoreAllMocks();
});

function newFeed() {
  return bindings.EDGE_FEED.getByName(crypto.randomUUID());
}

type Feed = ReturnType<typeof newFeed>;

function stored(feed: Feed): Promise<number> {
  return runInDurableObject(feed, (_, state) => state.storage.sql.exec("SELECT * FROM entries").toArray().length);
}

async function ids(feed: Feed): Promise<string[]> {
  return (await feed.pull(FEED_START)).entries.map(({ id }) => id);
}

describe("EdgeFeed object: order", () => {
  it("tells entries in the order in which they came, and after a position only what is new", async () => {
    const feed = newFeed();
    await feed.append([clientEntry("a"), clientEntry("b")]);
    const first = await feed.pull(FEED_START);
    await feed.append([clientEntry("c")]);
    const second = await feed.pull(first.position);
    expect(first.entries.map(({ id }) => id)).toEqual(["a", "b"]);
    expect(second.entries.map(({ id }) => id)).toEqual(["c"]);
    expect(await feed.pull(second.position)).toEqual({ position: second.position, entries: [], more: false });
  });

  it("an entry that says nothing new keeps its place; one that says more is met again by every reader", async () => {
    const feed = newFeed();
    const nowMs = Date.now();
    await feed.append([clientEntry("a", 2, nowMs), clientEntry("b", 1, nowMs)]);
    const { position } = await feed.pull(FEED_START);
    await feed.append([clientEntry("a", 2, nowMs), clientEntry("a", 1, nowMs)]);
    expect((await feed.pull(position)).entries).toEqual([]);
    await feed.append([clientEntry("a", 3, nowMs)]);
    expect((await feed.pull(position)).entries).toEqual([clientEntry("a", 3, nowMs)]);
    expect(await ids(feed)).toEqual(["b", "a"]);
  });

  it("a longer life with an older epoch keeps the newer epoch", async () => {
    const feed = newFeed();
    const nowMs = Date.now();
    await feed.append([clientEntry("a", 5, nowMs)]);
    await feed.append([clientEntry("a", 2, nowMs + HOUR_MS)]);
    expect((await feed.pull(FEED_START)).entries).toEqual([clientEntry("a", 5, nowMs + HOUR_MS)]);
  });

  it("parallel writers lose nothing, and a reader in between misses nothing", async () => {
    const feed = newFeed();
    const view = new FeedView();
    const reads = (async () => {
      for (let turn = 0; turn < 10; turn++) view.apply(await feed.pull(view.position));
    })();
    await Promise.all(
      Array.from({ length: 50 }, (_, at) => feed.append([clientEntry(`c${at}`), clientEntry("shared", at + 1)])),
    );
    await reads;
    view.apply(await feed.pull(view.position));
    for (let at = 0; at < 50; at++) expect(view.leastEpoch("client", `c${at}`)).toBe(1);
    expect(view.leastEpoch("client", "shared")).toBe(50);
  });
});

describe("EdgeFeed object: pages", () => {
  it.each([999, 1_000, 1_001, 2_500])("%i entries reach a reader whole, by pages of 1,000", async (count) => {
    const feed = newFeed();
    await feed.append(Array.from({ length: count }, (_, at) => clientEntry(`c${at}`)));
    const got: FeedEntry[] = [];
    let pages = 0;
    for (let position = FEED_START, more = true; more; pages++) {
      const page = await feed.pull(position);
      expect(page.entries.length).toBeLessThanOrEqual(1_000);
      got.push(...page.entries);
      ({ position, more } = page);
    }
    expect(got.map(({ id }) => id)).toEqual(Array.from({ length: count }, (_, at) => `c${at}`));
    expect(pages).toBe(Math.floor(count / 1_000) + 1);
  });
});

describe("EdgeFeed object: ends", () => {
  it("an entry that has ended is told no more, and the alarm removes it and leaves the others", async () => {
    const feed = newFeed();
    const nowMs = Date.now();
    await feed.append([clientEntry("short", 1, nowMs), clientEntry("long", 1, nowMs + HOUR_MS)]);
    const clock = vi.spyOn(Date, "now").mockReturnValue(nowMs + HOUR_MS - 1);
    expect(await ids(feed)).toEqual(["short", "long"]);
    clock.mockReturnValue(nowMs + HOUR_MS);
    expect(await ids(feed)).toEqual(["long"]);
    expect(await runDurableObjectAlarm(feed)).toBe(true);
    expect(await stored(feed)).toBe(1);
    expect(await runInDurableObject(feed, (_, state) => state.storage.getAlarm())).toBeGreaterThan(nowMs);
  });

  it("the alarm rests once nothing is left, and is set again by the next entry", async () => {
    const feed = newFeed();
    const nowMs = Date.now();
    await feed.append([clientEntry("a", 1, nowMs)]);
    const clock = vi.spyOn(Date, "now").mockReturnValue(nowMs + HOUR_MS);
    await runDurableObjectAlarm(feed);
    expect([await stored(feed), await runDurableObjectAlarm(feed)]).toEqual([0, false]);
    clock.mockRestore();
    await feed.append([clientEntry("b")]);
    expect(await runDurableObjectAlarm(feed)).toBe(true);
  });

  it("a place that was swept is not given out again: a reader behind it misses nothing", async () => {
    const feed = newFeed();
    const nowMs = Date.now();
    await feed.append([clientEntry("a", 1, nowMs), clientEntry("b", 1, nowMs)]);
    const { position } = await feed.pull(FEED_START);
    const clock = vi.spyOn(Date, "now").mockReturnValue(nowMs + HOUR_MS);
    await runDurableObjectAlarm(feed);
    await feed.append([clientEntry("c", 1, nowMs + HOUR_MS)]);
    expect((await feed.pull(position)).entries.map(({ id }) => id)).toEqual(["c"]);
    clock.mockRestore();
  });
});

describe("EdgeFeed object: what it keeps", () => {
  it("an eviction loses nothing: same entries, same generation", async () => {
    const feed = newFeed();
    await feed.append([clientEntry("a", 3)]);
    const before = await feed.pull(FEED_START);
    await evictDurableObject(feed);
    expect(await feed.pull(FEED_START)).toEqual(before);
  });

  it("storage that is gone is another generation: a reader from before starts over", async () => {
    const feed = newFeed();
    await feed.append([clientEntry("a"), clientEntry("b")]);
    const view = new FeedView();
    view.apply(await feed.pull(view.position));
    await runInDurableObject(feed, (_, state) => {
      state.storage.kv.delete("generation");
      state.storage.sql.exec("DELETE FROM entries");
    });
    await feed.append([clientEntry("c")]);
    view.apply(await feed.pull(view.position));
    expect(["a", "b", "c"].map((id) => view.leastEpoch("client", id))).toEqual([0, 0, 1]);
  });

  it("storage restored to an earlier time keeps its generation, and a reader that was ahead of it starts over", async () => {
    const feed = newFeed();
    await feed.append([clientEntry("a"), clientEntry("b"), clientEntry("c")]);
    const view = new FeedView();
    view.apply(await feed.pull(view.position));
    await runInDurableObject(feed, (_, state) => {
      state.storage.sql.exec("DELETE FROM entries WHERE seq > 1");
      state.storage.sql.exec("UPDATE sqlite_sequence SET seq = 1 WHERE name = 'entries'");
    });
    await feed.append([clientEntry("again")]);
    const page = await feed.pull(view.position);
    expect(page.entries.map(({ id }) => id)).toEqual(["a", "again"]);
    expect([page.position.generation === view.position.generation, page.position.seq]).toEqual([true, 2]);
    view.apply(page);
    expect(view.leastEpoch("client", "again")).toBe(1);
  });

  it("a position of another feed is no position", async () => {
    const [one, other] = [newFeed(), newFeed()];
    await one.append(Array.from({ length: 5 }, (_, at) => clientEntry(`x${at}`)));
    await other.append([clientEntry("a")]);
    const { position } = await one.pull(FEED_START);
    expect((await other.pull(position)).entries.map(({ id }) => id)).toEqual(["a"]);
  });
});

describe("EdgeFeed object: the configuration's pointer", () => {
  const pointers = async (feed: Feed) => (await feed.pull(FEED_START)).entries.filter(({ kind }) => kind === "pointer");

  it("is one entry, whatever it points at: the highest version, met again by every reader", async () => {
    const feed = newFeed();
    await feed.append([pointerEntry({ version: 1, hash: "one" }), clientEntry("a")]);
    const { position } = await feed.pull(FEED_START);
    await feed.append([pointerEntry({ version: 2, hash: "two" })]);
    expect((await feed.pull(position)).entries).toMatchObject([{ kind: "pointer", id: "two", epoch: 2 }]);
    await feed.append([pointerEntry({ version: 1, hash: "one" }), pointerEntry({ version: 2, hash: "late" })]);
    expect(await pointers(feed)).toMatchObject([{ id: "two", epoch: 2 }]);
  });

  it("is never swept, and keeps no alarm ringing by itself", async () => {
    const feed = newFeed();
    await feed.append([pointerEntry({ version: 1, hash: "one" })]);
    await runDurableObjectAlarm(feed);
    expect(await pointers(feed)).toMatchObject([{ id: "one" }]);
    expect(await runInDurableObject(feed, (_, state) => state.storage.getAlarm())).toBeNull();
  });

  it("leaves alone what is announced under the kind `config`", async () => {
    const feed = newFeed();
    await feed.append([{ kind: "config", id: "client:x", epoch: 9, untilMs: Date.now() + HOUR_MS }]);
    await feed.append([pointerEntry({ version: 1, hash: "one" })]);
    expect((await feed.pull(FEED_START)).entries.map(({ id }) => id)).toEqual(["client:x", "one"]);
  });
});
