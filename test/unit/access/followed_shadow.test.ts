import { describe, expect, it } from "vitest";
import { FollowedShadow } from "../../../src/adapters/followed_shadow.ts";
import { Outage } from "../../../src/kernel/outage.ts";
import { NEVER_IN_SHADOW, NOTHING_IN_SHADOW, type ShadowPointer } from "../../../src/protocol/edge_feed.ts";

const T0 = 1_800_000_000_000;

/** An isolate whose feed and configurations the test holds. */
function isolate() {
  const state = {
    pointer: NEVER_IN_SHADOW as ShadowPointer,
    loads: [] as string[],
    runs: [] as string[],
    failures: 0,
    left: [] as Promise<unknown>[],
    load: async (hash: string): Promise<string> => `config ${hash}`,
  };
  const followed = new FollowedShadow<string>({
    feed: {
      get shadow() {
        return state.pointer;
      },
    },
    load: (hash) => {
      state.loads.push(hash);
      return state.load(hash);
    },
    runs: ({ hash }) => void state.runs.push(hash),
    failed: () => void state.failures++,
  });
  const at = (nowMs = T0) => followed.at(nowMs, (work) => void state.left.push(work));
  const settled = async () => void (await Promise.all(state.left.splice(0)));
  const point = (version: number, hash = `h${version}`) => {
    state.pointer = { version, hash };
  };
  return { state, at, settled, point };
}

describe("following what is in shadow", () => {
  it("costs nothing where nothing ever was: nothing is loaded, and nothing left behind the call", () => {
    const { state, at } = isolate();
    expect([at(), at(), state.loads, state.left]).toEqual([null, null, [], []]);
  });

  it("loads it once, behind calls that go without it, and has it at hand from then on", async () => {
    const { state, at, settled, point } = isolate();
    point(1);
    expect([at(), at(), at()]).toEqual([null, null, null]);
    await settled();
    expect([at(), state.loads, state.left]).toEqual(["config h1", ["h1"], []]);
  });

  it("lets the one before go at once, and ends it where nothing is in shadow any more", async () => {
    const { state, at, settled, point } = isolate();
    point(1);
    at();
    await settled();
    point(2);
    expect(at()).toBeNull();
    await settled();
    expect(at()).toBe("config h2");
    point(3, NOTHING_IN_SHADOW);
    expect([at(), state.runs]).toEqual([null, ["h1", "h2", NOTHING_IN_SHADOW]]);
  });

  it("one that comes after another was announced is not taken", async () => {
    const { state, at, settled, point } = isolate();
    const late = Promise.withResolvers<string>();
    state.load = () => late.promise;
    point(1);
    at();
    point(2);
    state.load = async (hash) => `config ${hash}`;
    at();
    late.resolve("the late one");
    await settled();
    expect([at(), state.runs]).toEqual(["config h2", ["h2"]]);
  });

  it("one that cannot be had is tried again after a pause, told once in a minute, and does nothing in between", async () => {
    const { state, at, settled, point } = isolate();
    state.load = () => Promise.reject(new Outage("issuer"));
    point(1);
    at();
    await settled();
    for (let ms = 0; ms < 30_000; ms += 1_000) expect(at(T0 + ms)).toBeNull();
    expect([state.loads.length, state.failures, state.left]).toEqual([1, 1, []]);
    at(T0 + 30_000);
    await settled();
    expect([state.loads.length, state.failures]).toEqual([2, 1]);
    state.load = async (hash) => `config ${hash}`;
    at(T0 + 60_000);
    await settled();
    expect(at(T0 + 60_000)).toBe("config h1");
  });
});
