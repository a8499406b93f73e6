import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { deserialize, serialize } from "node:v8";
import { describe, expect, it } from "vitest";
import { coldStart, monthlyCost, PAGE_ENTRIES, pageBytes, someEntries } from "../../scripts/feed/figures.ts";
import { type Counted, type Load, simulate, TODAY } from "../../scripts/feed/model.ts";
import { simulationLines } from "../../scripts/simulate_feed.ts";
import { FeedView } from "../../src/protocol/edge_feed.ts";

const SMALL: Load = { locations: 10, isolatesPerLocation: 5, requestsPerSecond: 5, revocationsPerMinute: 600 };
const REPLICATED = { ...TODAY, replicas: 2, replicaMs: 250 };
const read = (path: string) => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), "utf8");

describe("the simulation of the edge feed", () => {
  it("docs/scaling.md quotes what it prints", () => {
    const lines = simulationLines([]);
    expect(lines.length).toBeGreaterThan(10);
    expect(read("docs/scaling.md")).toContain(lines.join("\n"));
  });

  it("says the same each time, and something else for another seed", () => {
    expect(simulate(TODAY, SMALL)).toEqual(simulate(TODAY, SMALL));
    expect(simulate(TODAY, SMALL, 2)).not.toEqual(simulate(TODAY, SMALL));
  });

  it("no decision uses a picture older than the bound of 3 s, and a busy isolate pulls every 2 s", () => {
    const run = simulate(TODAY, SMALL);
    expect(run.staleness.maxMs).toBeLessThanOrEqual(3_000);
    expect(run.staleness.p50Ms).toBeGreaterThan(500);
    const busy = run.isolates * 0.8;
    expect(run.pulls / run.seconds).toBeGreaterThan(busy / 2.6);
    expect(run.pulls / run.seconds).toBeLessThan(busy / 2 + run.isolates * 0.2 * 0.11);
    expect([run.objectPulls, run.replicaPulls]).toEqual([run.pulls, 0]);
    // 10 a second, told to each of 50 isolates.
    expect(run.entries / run.seconds / 10 / run.isolates).toBeCloseTo(1, 0);
  });

  it("what stands between takes load off the object and adds nothing to the bound", () => {
    const cached = simulate({ ...TODAY, locationCacheMs: 1_000 }, SMALL);
    const replicated = simulate(REPLICATED, SMALL);
    expect(cached.objectPulls).toBeLessThan(cached.pulls * 0.8);
    expect(replicated.objectPeak).toBeLessThanOrEqual(2 * 4);
    expect(replicated.replicaPulls).toBe(replicated.pulls);
    for (const { staleness } of [cached, replicated]) expect(staleness.maxMs).toBeLessThanOrEqual(3_000);
  });
});

describe("the figures", () => {
  it("a page's size is that of what a reader can apply", () => {
    const entries = someEntries(PAGE_ENTRIES);
    const page = deserialize(serialize({ position: { generation: "g", seq: 1 }, entries, more: false }));
    const view = new FeedView();
    view.apply(page);
    expect(view.size).toBe(PAGE_ENTRIES);
    const each = (pageBytes(someEntries(2_000)) - pageBytes(entries)) / PAGE_ENTRIES;
    expect(each).toBeGreaterThan(60);
    expect(each).toBeLessThan(100);
  });

  it.each([
    [0, 1],
    [999, 1],
    [1_000, 2],
    [10_000, 11],
  ])("a cold isolate reads %d entries in %d pages, one trip each", (entries, pages) => {
    expect(coldStart(entries, 80, 50)).toMatchObject({ pages, ms: pages * 50, bytes: entries * 80 });
  });

  it("prices begin beyond what the plan includes", () => {
    const seconds = 30 * 86_400;
    const counted: Counted = {
      ...simulate(TODAY, { ...SMALL, locations: 1 }),
      seconds,
      objectPulls: 2_000_000,
      objectEntries: 30_000_000_000,
      replicaPulls: 0,
    };
    // 43,200 minutes: 1,000 a minute are 43.2 million appends, each its own request, and 172.8 million rows.
    const cost = monthlyCost(counted, TODAY, 1_000, 0);
    expect(cost.requests).toBeCloseTo((2 + 43.2 - 1) * 0.15, 6);
    expect(cost.duration).toBe(0);
    expect(cost.read).toBeCloseTo(5_004 * 0.001, 6);
    expect(cost.written).toBeCloseTo((172.8 - 50) * 1, 6);
    expect(monthlyCost({ ...counted, seconds: seconds * 2 }, TODAY, 0.001, 0).requests).toBeCloseTo(0, 4);
    expect(monthlyCost(counted, REPLICATED, 1_000, 0).duration).toBeCloseTo(((3 * 331_776 - 400_000) / 1e6) * 12.5, 6);
  });

  it.each([["--locations=0"], ["--isolates=-1"], ["--revocations=many"], ["--nothing=1"]])("refuses %s", (arg) => {
    expect(() => simulationLines([arg])).toThrow();
  });
});
