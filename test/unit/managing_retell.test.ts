import { describe, expect, it } from "vitest";
import { Outage } from "../../src/kernel/outage.ts";
import { configTruth, type PointerTruth, retell, rolesTruth, shadowTruth } from "../../src/managing/retell.ts";
import type { ConfigVersion } from "../../src/ports/config_versions.ts";
import type { ShadowVersion } from "../../src/ports/shadow.ts";
import { BUNDLED, type FeedEntry, NOTHING_IN_SHADOW } from "../../src/protocol/edge_feed.ts";

const CURRENT: ConfigVersion = {
  version: 7,
  hash: "seven",
  parent: 6,
  restores: null,
  bundle: "bundle",
  actor: "cli_x",
  note: "",
  createdAtMs: 0,
};
const TRIED: ShadowVersion = { version: 3, hash: "three", parent: 2, actor: "cli_x", note: "", createdAtMs: 0 };

/** Snapshots of everything but what has none. */
const snapshot = async (hash: string) => (hash === BUNDLED || hash === NOTHING_IN_SHADOW ? null : `text of ${hash}`);
const runs = (current: ConfigVersion | null) => configTruth({ current: async () => current, snapshot });
const tries = (current: ShadowVersion | null) => shadowTruth({ current: async () => current }, { snapshot });
const book = (version: number) => rolesTruth({ current: async () => ({ version, hash: "book", text: "{}" }) });

/** What was told of `truth`. */
async function retold(truth: PointerTruth, append = async () => undefined) {
  const told = { entries: [] as FeedEntry[], copies: [] as string[][], failures: [] as unknown[] };
  await retell({
    truth,
    feed: {
      append: async (entries) => {
        await append();
        told.entries.push(...entries);
      },
    },
    copies: { put: async (...copy) => void told.copies.push(copy) },
    failed: (error) => told.failures.push(error),
  });
  return told;
}

describe("what the feed points at is told again", () => {
  it.each([
    ["what runs", runs(CURRENT), { kind: "pointer", id: "seven", epoch: 7 }, ["seven", "text of seven"]],
    ["what is tried", tries(TRIED), { kind: "shadow", id: "three", epoch: 3 }, ["three", "text of three"]],
    ["what roles may do", book(5), { kind: "role", id: "book", epoch: 5 }, ["book", "{}"]],
  ])("%s, to the feed, which may have lost it, and to KV, whose copies end", async (_name, truth, entry, copy) => {
    const { entries, copies } = await retold(truth);
    expect([entries, copies]).toMatchObject([[entry], [copy]]);
  });

  it.each([
    ["what was deployed", runs({ ...CURRENT, hash: BUNDLED }), BUNDLED],
    ["nothing, where something was in shadow", tries({ ...TRIED, hash: NOTHING_IN_SHADOW }), NOTHING_IN_SHADOW],
  ])("also where it is %s, which has no copy", async (_name, truth, id) => {
    const { entries, copies } = await retold(truth);
    expect([entries.map((entry) => entry.id), copies]).toEqual([[id], []]);
  });

  it.each([
    ["published", runs(null)],
    ["tried", tries(null)],
    ["said of roles", book(0)],
  ])("not where nothing was ever %s", async (_name, truth) => {
    expect(await retold(truth)).toEqual({ entries: [], copies: [], failures: [] });
  });

  it.each([
    ["of the feed", runs(CURRENT), () => Promise.reject(new Outage("edge_feed"))],
    ["of D1", () => Promise.reject(new Outage("d1")), undefined],
  ])("and an outage %s is told, not thrown: the next round tries again", async (_name, truth, append) => {
    const { failures, copies } = await retold(truth, append);
    expect([failures.length, copies]).toEqual([1, []]);
  });

  it("to the feed also where its copy cannot be had", async () => {
    const truth = configTruth({ current: async () => CURRENT, snapshot: () => Promise.reject(new Outage("d1")) });
    const { entries, failures } = await retold(truth);
    expect([entries.length, failures.length]).toEqual([1, 1]);
  });
});
