import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  FEED_KINDS,
  FEED_START,
  type FeedEntry,
  FeedView,
  isSingleKind,
  mergeEntries,
  pointerEntry,
  rolesEntry,
} from "../../../src/protocol/edge_feed.ts";

const T0 = 1_800_000_000_000;
/** Pointers have no least epoch: see below. */
const KINDS = FEED_KINDS.filter((kind) => !isSingleKind(kind));

const anyEntry: fc.Arbitrary<FeedEntry> = fc.record({
  kind: fc.constantFrom(...KINDS),
  id: fc.constantFrom("a", "b", "__proto__", "a:b"),
  epoch: fc.integer({ min: 1, max: 20 }),
  untilMs: fc.integer({ min: T0, max: T0 + 100 }),
});
const oneThing = anyEntry.map((entry): FeedEntry => ({ ...entry, kind: "client", id: "a" }));

function page(entries: readonly FeedEntry[], seq: number, generation = "g1", more = false) {
  return { position: { generation, seq }, entries, more };
}

/** Every answer that a view gives on the ids of these tests. */
function answers(view: FeedView): number[] {
  return KINDS.flatMap((kind) => ["a", "b", "__proto__", "a:b"].map((id) => view.leastEpoch(kind, id)));
}

describe("mergeEntries: order and repetition do not matter", () => {
  it("is commutative, associative and idempotent", () => {
    fc.assert(
      fc.property(oneThing, oneThing, oneThing, (a, b, c) => {
        expect(mergeEntries(a, b)).toEqual(mergeEntries(b, a));
        expect(mergeEntries(mergeEntries(a, b), c)).toEqual(mergeEntries(a, mergeEntries(b, c)));
        expect(mergeEntries(mergeEntries(a, b), b)).toEqual(mergeEntries(a, b));
        expect(mergeEntries(a, a)).toEqual(a);
      }),
    );
  });

  it("never takes back: epoch and end only grow", () => {
    fc.assert(
      fc.property(oneThing, oneThing, (a, b) => {
        const merged = mergeEntries(a, b);
        expect(merged.epoch).toBe(Math.max(a.epoch, b.epoch));
        expect(merged.untilMs).toBe(Math.max(a.untilMs, b.untilMs));
      }),
    );
  });
});

describe("FeedView", () => {
  it("says nothing at first, and the least epoch of what it was told", () => {
    const view = new FeedView();
    expect([view.position, view.size, view.leastEpoch("client", "a")]).toEqual([FEED_START, 0, 0]);
    view.apply(page([{ kind: "client", id: "a", epoch: 4, untilMs: T0 }], 1));
    expect(view.leastEpoch("client", "a")).toBe(4);
    expect([view.leastEpoch("client", "b"), view.leastEpoch("user", "a")]).toEqual([0, 0]);
    expect(view.position).toEqual({ generation: "g1", seq: 1 });
  });

  it("gives the same answers in whatever order, pages and repetition its entries come", () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 30 }), fc.infiniteStream(fc.nat({ max: 29 })), (entries, order) => {
        const [straight, shuffled] = [new FeedView(), new FeedView()];
        straight.apply(page(entries, entries.length));
        for (const at of order.take(20)) shuffled.apply(page(entries.slice(at, at + 3), at));
        for (const entry of [...entries].reverse()) shuffled.apply(page([entry], 1));
        expect(answers(shuffled)).toEqual(answers(straight));
      }),
    );
  });

  it("only grows within a generation: nobody is un-revoked by a late page", () => {
    fc.assert(
      fc.property(fc.array(fc.array(anyEntry, { maxLength: 5 }), { maxLength: 10 }), (pages) => {
        const view = new FeedView();
        for (const [at, entries] of pages.entries()) {
          const before = answers(view);
          view.apply(page(entries, at + 1));
          for (const [index, epoch] of answers(view).entries())
            expect(epoch).toBeGreaterThanOrEqual(before[index] ?? 0);
        }
      }),
    );
  });

  it("forgets what has ended, at its end and not before", () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 20 }), fc.integer({ min: T0, max: T0 + 100 }), (entries, nowMs) => {
        const view = new FeedView();
        view.apply(page(entries, 1));
        view.prune(nowMs);
        for (const { kind, id } of entries) {
          const own = entries.filter((entry) => entry.kind === kind && entry.id === id);
          const lives = own.some(({ untilMs }) => untilMs > nowMs);
          expect(view.leastEpoch(kind, id)).toBe(lives ? Math.max(...own.map(({ epoch }) => epoch)) : 0);
        }
      }),
    );
  });

  it("starts over with another generation, whose first page replaces everything", () => {
    const view = new FeedView();
    view.apply(page([{ kind: "client", id: "a", epoch: 4, untilMs: T0 }], 9));
    view.apply(page([{ kind: "client", id: "b", epoch: 1, untilMs: T0 }], 1, "g2", true));
    view.apply(page([{ kind: "client", id: "c", epoch: 2, untilMs: T0 }], 2, "g2"));
    expect(["a", "b", "c"].map((id) => view.leastEpoch("client", id))).toEqual([0, 1, 2]);
    expect(view.position).toEqual({ generation: "g2", seq: 2 });
  });

  it("keeps kinds and ids apart, however they are spelled", () => {
    const view = new FeedView();
    view.apply(page([{ kind: "config", id: "client:x", epoch: 7, untilMs: T0 }], 1));
    expect([view.leastEpoch("config", "client:x"), view.leastEpoch("client", "x")]).toEqual([7, 0]);
  });
});

describe("FeedView: the configuration's pointer", () => {
  it("points at what was deployed until it is told otherwise", () => {
    expect(new FeedView().pointer).toEqual({ version: 0, hash: "bundled" });
  });

  it("is the highest version, in whatever order and however often it is told", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 1_000 }), { minLength: 1 }), (versions) => {
        const view = new FeedView();
        for (const version of versions) view.apply(page([pointerEntry({ version, hash: `h${version}` })], 1));
        const highest = Math.max(...versions);
        expect(view.pointer).toEqual({ version: highest, hash: `h${highest}` });
        expect(view.size).toBe(0);
      }),
    );
  });

  it("never goes back: not by age, not by a feed that lost its storage", () => {
    const view = new FeedView();
    view.apply(page([pointerEntry({ version: 4, hash: "four" })], 1));
    view.prune(Number.MAX_SAFE_INTEGER);
    view.apply(page([], 0, "g2"));
    view.apply(page([pointerEntry({ version: 2, hash: "two" })], 1, "g2"));
    expect(view.pointer).toEqual({ version: 4, hash: "four" });
  });
});

describe("FeedView: the role book's pointer", () => {
  it("begins with none, goes to the highest version in whatever order they come, and never back, nor away", () => {
    const view = new FeedView();
    expect(view.roles).toEqual({ version: 0, hash: "" });
    for (const version of [2, 5, 3]) view.apply(page([rolesEntry({ version, hash: `h${version}` })], 1));
    view.apply(page([rolesEntry({ version: 1, hash: "h1" })], 1, "g2"));
    view.prune(Number.MAX_SAFE_INTEGER);
    expect([view.roles, view.pointer.version]).toEqual([{ version: 5, hash: "h5" }, 0]);
  });
});
