import { describe, expect, it } from "vitest";
import { KeyUses } from "../../../src/access/key_uses.ts";
import { platformRandom } from "../../../src/kernel/random.ts";
import type { KeyUse } from "../../../src/ports/key_uses.ts";
import { newApiKeyId } from "../../../src/protocol/ids.ts";

const T0 = 1_800_000_000_000;
const FIVE_MINUTES_MS = 300_000;

/** An isolate's memory of uses, and what it told. */
function world() {
  const told: (readonly KeyUse[])[] = [];
  const lost: number[] = [];
  const deferred: Promise<unknown>[] = [];
  const state = { answer: (): Promise<void> => Promise.resolve() };
  const records = {
    note: (uses: readonly KeyUse[]) => {
      told.push(uses);
      return state.answer();
    },
  };
  const uses = new KeyUses(records, (keys) => lost.push(keys));
  const note = (key: KeyUse["id"], nowMs: number) => uses.note(key, nowMs, (work) => void deferred.push(work));
  return { told, lost, deferred, state, note, settled: () => Promise.all(deferred) };
}

describe("the last use of keys", () => {
  it("is told once in five minutes, however often a key is used", async () => {
    const { told, note, deferred, settled } = world();
    const id = newApiKeyId(platformRandom);
    for (let at = 0; at < 1_000; at++) note(id, T0 + at);
    await settled();
    expect(told).toEqual([[{ id, atMs: T0 }]]);
    expect(deferred.length, "nothing is left behind each request").toBe(1);
    note(id, T0 + FIVE_MINUTES_MS - 1);
    note(id, T0 + FIVE_MINUTES_MS);
    await settled();
    expect(told.slice(1)).toEqual([[{ id, atMs: T0 + FIVE_MINUTES_MS }]]);
  });

  it("of many keys is told together while an earlier telling is on its way", async () => {
    const { told, note, state, settled } = world();
    let arrive = () => {};
    state.answer = () => new Promise((resolve) => (arrive = resolve));
    note(newApiKeyId(platformRandom), T0);
    for (let count = 0; count < 150; count++) note(newApiKeyId(platformRandom), T0);
    const first = arrive;
    state.answer = () => Promise.resolve();
    first();
    await settled();
    expect(told.map(({ length }) => length)).toEqual([1, 100, 50]);
  });

  it("that cannot be told is lost, is said so, and holds nothing up", async () => {
    const { told, lost, note, state, settled } = world();
    state.answer = () => Promise.reject(new Error("down"));
    const id = newApiKeyId(platformRandom);
    note(id, T0);
    await settled();
    expect(lost).toEqual([1]);
    state.answer = () => Promise.resolve();
    note(id, T0 + 1);
    note(newApiKeyId(platformRandom), T0 + 1);
    await settled();
    expect(told.length).toBe(2);
  });

  it("a telling that never ends is given up for the next", async () => {
    const { told, note, state } = world();
    state.answer = () => new Promise(() => undefined);
    note(newApiKeyId(platformRandom), T0);
    note(newApiKeyId(platformRandom), T0 + 9_999);
    expect(told.length).toBe(1);
    note(newApiKeyId(platformRandom), T0 + 10_000);
    expect(told.length).toBe(2);
    expect(told[1]?.length).toBe(2);
  });
});
