import { describe, expect, it } from "vitest";
import { Outage } from "../../src/kernel/outage.ts";
import { retellConfig } from "../../src/managing/retell_config.ts";
import type { ConfigVersion } from "../../src/ports/config_versions.ts";
import type { FeedEntry } from "../../src/protocol/edge_feed.ts";

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

/** What was told, with `current` as the newest version and `text` as its snapshot. */
async function retold(current: ConfigVersion | null, text: string | null, append = async () => undefined) {
  const told: { entries: FeedEntry[]; copies: string[][]; failures: unknown[] } = {
    entries: [],
    copies: [],
    failures: [],
  };
  await retellConfig({
    versions: { current: async () => current, snapshot: async () => text },
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

describe("what runs is told again", () => {
  it("to the feed, which may have lost it, and to KV, whose copies end", async () => {
    const { entries, copies } = await retold(CURRENT, "{}");
    expect(entries).toMatchObject([{ kind: "pointer", id: "seven", epoch: 7 }]);
    expect(copies).toEqual([["seven", "{}"]]);
  });

  it("also where it is what was deployed, which has no copy", async () => {
    const { entries, copies } = await retold({ ...CURRENT, hash: "bundled" }, null);
    expect([entries.map(({ id }) => id), copies]).toEqual([["bundled"], []]);
  });

  it("not where nothing was ever published", async () => {
    expect(await retold(null, null)).toEqual({ entries: [], copies: [], failures: [] });
  });

  it("and an outage is told, not thrown: the next round tries again", async () => {
    const { failures, copies } = await retold(CURRENT, "{}", () => Promise.reject(new Outage("edge_feed")));
    expect([failures.length, copies]).toEqual([1, []]);
  });
});
