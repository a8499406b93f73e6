import { describe, expect, it, onTestFinished, vi } from "vitest";
import { FollowedConfig, type FollowedParts } from "../../../src/adapters/followed_config.ts";
import type { CompiledConfig } from "../../../src/config/compile.ts";
import type { Kept } from "../../../src/kernel/kept.ts";
import { Outage } from "../../../src/kernel/outage.ts";
import type { ConfigPointer } from "../../../src/protocol/edge_feed.ts";
import { gatewayConfig } from "../../support/gateway_config.ts";
import { compiled } from "../../support/install.ts";

const T0 = 1_800_000_000_000;
const BUNDLE = compiled(gatewayConfig());

/** An isolate whose feed, snapshots and truth the test holds. What it runs is told by the configuration's name. */
function isolate(parts: Partial<FollowedParts<string>> = {}) {
  const names = new Map<CompiledConfig, string>([[BUNDLE, "bundled"]]);
  const state = {
    pointer: { version: 0, hash: "bundled" } as ConfigPointer,
    isFresh: true,
    isOut: false,
    views: 0,
    loads: [] as string[],
    wired: [] as string[],
    failures: [] as (number | null)[],
    kept: [] as Kept[],
  };
  const view = { leastEpoch: () => 0 };
  const followed = new FollowedConfig<string>({
    feed: {
      view: async () => {
        state.views += 1;
        return state.isOut ? null : view;
      },
      isFresh: () => state.isFresh,
      expire: () => undefined,
      get pointer() {
        return state.pointer;
      },
    },
    bundled: BUNDLE,
    truth: { configPointer: async () => state.pointer },
    load: async (hash) => {
      state.loads.push(hash);
      const config = { ...BUNDLE };
      names.set(config, hash);
      return config;
    },
    wire: (config, kept) => {
      state.kept.push(kept);
      const name = names.get(config) ?? "unknown";
      state.wired.push(name);
      return name;
    },
    runs: () => undefined,
    failed: (pointer) => state.failures.push(pointer?.version ?? null),
    ...parts,
  });
  const at = async (nowMs = T0) => followed.at(nowMs, (work) => void work.catch(() => undefined));
  const point = (version: number, hash: string) => {
    state.pointer = { version, hash };
  };
  return { state, at, point, followed };
}

const down = () => Promise.reject(new Outage("issuer"));

describe("following a configuration", () => {
  it("loads a newer one once for all who ask, and answers at once while nothing is new", async () => {
    const { state, at, point, followed } = isolate();
    expect(await at()).toBe("bundled");
    point(1, "one");
    expect(await Promise.all([at(), at(), at()])).toEqual(["one", "one", "one"]);
    expect([state.loads, state.wired]).toEqual([["one"], ["bundled", "one"]]);
    const { views } = state;
    expect(followed.at(T0, () => undefined)).toBe("one");
    expect(state.views).toBe(views);
  });

  it("many first requests wire it once", async () => {
    const { state, at, point } = isolate();
    point(3, "three");
    expect(new Set(await Promise.all(Array.from({ length: 20 }, () => at())))).toEqual(new Set(["three"]));
    expect([state.loads, state.wired]).toEqual([["three"], ["three"]]);
  });

  it("never goes back to an older version, whatever the feed says later", async () => {
    const { at, point } = isolate();
    point(5, "five");
    expect(await at()).toBe("five");
    point(4, "four");
    expect(await at()).toBe("five");
  });

  it("a newer version of what runs already is wired no second time", async () => {
    const { state, at, point, followed } = isolate();
    point(1, "one");
    await at();
    point(3, "one");
    expect(await at()).toBe("one");
    expect([followed.pointer, state.wired]).toEqual([{ version: 3, hash: "one" }, ["one"]]);
  });

  it("one that cannot be loaded leaves the last good one, is tried again after a pause, and is told once", async () => {
    const health = { isDown: false };
    const { state, at, point } = isolate({
      load: (hash) => (health.isDown ? down() : Promise.resolve(named(hash))),
      wire: (config) => config.gateway.url,
    });
    point(1, "one");
    expect(await at()).toBe("one");
    health.isDown = true;
    point(2, "two");
    expect([await at(), await at(T0 + 1_000), await at(T0 + 3_000), await at(T0 + 6_000)]).toEqual(
      Array(4).fill("one"),
    );
    expect(state.failures).toEqual([2]);
    health.isDown = false;
    expect(await at(T0 + 9_000)).toBe("two");
  });

  it("one that does not run here leaves the last good one whole: nothing that it keeps is lost", async () => {
    const caches: object[] = [];
    const { at, point } = isolate({
      load: async (hash) => named(hash),
      wire: (config, kept) => {
        caches.push(kept.keep("cache", null, () => ({})));
        if (config.gateway.url === "two") throw new Error("a secret is missing");
        return config.gateway.url;
      },
    });
    for (const [version, hash] of [
      [1, "one"],
      [2, "two"],
      [3, "three"],
    ] as const) {
      point(version, hash);
      expect(await at(T0 + version * 10_000)).toBe(hash === "two" ? "one" : hash);
    }
    expect(new Set(caches).size).toBe(1);
  });

  it("where the feed leads nowhere and the truth has moved on, the truth is followed", async () => {
    const { at, point } = isolate({
      load: (hash) => (hash === "lost" ? down() : Promise.resolve(named(hash))),
      wire: (config) => config.gateway.url,
      truth: { configPointer: async () => ({ version: 9, hash: "mended" }) },
    });
    point(8, "lost");
    expect(await at()).toBe("mended");
  });

  it("an isolate without a last good one serves nobody until one can be had", async () => {
    const health = { isDown: true };
    const { state, at, point } = isolate({
      load: (hash) => (health.isDown ? down() : Promise.resolve(named(hash))),
      wire: (config) => config.gateway.url,
    });
    point(1, "one");
    await expect(at()).rejects.toMatchObject({ dependency: "configuration" });
    await expect(at(T0 + 1_000)).rejects.toMatchObject({ dependency: "configuration" });
    expect(state.failures).toEqual([1]);
    health.isDown = false;
    expect(await at(T0 + 3_000)).toBe("one");
  });

  it("one whose loading never ends leaves the last good one after 250 ms, and where there is none nobody is served after 6 s", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const silent = (hash: string) =>
      hash === "two" ? new Promise<CompiledConfig>(() => undefined) : Promise.resolve(named(hash));
    const warm = isolate({ load: silent, wire: (config) => config.gateway.url });
    warm.point(1, "one");
    expect(await warm.at()).toBe("one");
    warm.point(2, "two");
    const served = warm.at();
    await vi.advanceTimersByTimeAsync(250);
    expect(await served).toBe("one");
    warm.point(3, "three");
    expect(await warm.at(T0 + 1), "the next one waits for nothing").toBe("three");
    const cold = isolate({ load: silent, wire: (config) => config.gateway.url });
    cold.point(2, "two");
    const refused = expect(cold.at()).rejects.toMatchObject({ dependency: "configuration" });
    await vi.advanceTimersByTimeAsync(6_000);
    await refused;
    cold.point(3, "three");
    expect(await cold.at(T0 + 1)).toBe("three");
  });

  it("an isolate without a feed asks for the truth, and is shut without that too", async () => {
    const open = isolate();
    open.state.isOut = true;
    open.point(2, "two");
    expect(await open.at()).toBe("two");
    const shut = isolate({ truth: { configPointer: down } });
    shut.state.isOut = true;
    await expect(shut.at()).rejects.toMatchObject({ dependency: "configuration" });
  });

  it("while the feed is out a warm isolate waits for it once a second, not with each request", async () => {
    const { state, at } = isolate();
    await at();
    state.isFresh = false;
    state.isOut = true;
    const before = state.views;
    for (let ms = 0; ms < 3_000; ms += 100) expect(await at(T0 + ms)).toBe("bundled");
    expect(state.views - before).toBe(3);
  });

  it("what was deployed and cannot be wired is told as what it is", async () => {
    const fault = new TypeError("a binding is missing");
    const { at } = isolate({
      wire: () => {
        throw fault;
      },
    });
    await expect(at()).rejects.toBe(fault);
  });
});

/** A configuration that shows its name where a test can read it. */
function named(name: string): CompiledConfig {
  return { ...BUNDLE, gateway: { ...BUNDLE.gateway, url: name } };
}
