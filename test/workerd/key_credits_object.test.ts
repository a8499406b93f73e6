import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { DurableObjectCredits } from "../../src/adapters/objects/credits.ts";
import { need, readBindings } from "../../src/bindings.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import type { KeyCreditsObject } from "../../src/ports/key_credits.ts";
import type { KeyCredits } from "../../src/protocol/api_key_terms.ts";
import { newApiKeyId } from "../../src/protocol/ids.ts";

const objects = need(readBindings(env), "CREDITS");
const FIFTY: KeyCredits = { amount: 50, refill: null, series: 1, startedAtMs: Date.now() };
/** Two isolates of a busy machine. */
const isolate = () => new DurableObjectCredits((key) => objects.getByName(key), { deadlineMs: 30_000 });

describe("KeyCredits", () => {
  it("200 spendings at once, from two isolates, get 50 credits and not one more", async () => {
    const key = newApiKeyId(platformRandom);
    const [one, other] = [isolate(), isolate()];
    const verdicts = await Promise.all(
      Array.from({ length: 200 }, (_, at) => (at % 2 === 0 ? one : other).spend(key, FIFTY, 1)),
    );
    const granted = verdicts.filter((verdict) => verdict.granted);
    expect(granted.length).toBe(50);
    expect(granted.map(({ left }) => left).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, at) => at),
    );
    expect(await one.stateOf(key, FIFTY)).toEqual({ left: 0, nextRefillMs: null });
  });

  it("spendings and undoings at once: what was undone can be spent again, once", async () => {
    const key = newApiKeyId(platformRandom);
    const credits = isolate();
    const first = await Promise.all(Array.from({ length: 50 }, () => credits.spend(key, FIFTY, 1)));
    await Promise.all(first.slice(0, 20).flatMap((spent) => [spent.giveBack(), spent.giveBack()]));
    expect((await credits.stateOf(key, FIFTY)).left).toBe(20);
    const again = await Promise.all(Array.from({ length: 40 }, () => credits.spend(key, FIFTY, 1)));
    expect(again.filter(({ granted }) => granted).length).toBe(20);
  });

  it("an eviction gives nothing back, and takes nothing", async () => {
    const key = newApiKeyId(platformRandom);
    const spent = await isolate().spend(key, FIFTY, 49);
    await evictDurableObject(objects.getByName(key));
    await spent.giveBack();
    expect(await isolate().spend(key, FIFTY, 2)).toMatchObject({ granted: false, left: 1 });
    expect(await isolate().spend(key, FIFTY, 1)).toMatchObject({ granted: true, left: 0 });
  });

  it("a denied spending is written nowhere", async () => {
    const key = newApiKeyId(platformRandom);
    expect(await isolate().spend(key, FIFTY, 51)).toMatchObject({ granted: false, left: 50 });
    const kept = await runInDurableObject(objects.getByName(key), (_, state) => [...state.storage.kv.list()].length);
    expect(kept).toBe(0);
  });

  it("one key's credits are no other's, and a forgotten counter keeps nothing", async () => {
    const [key, other] = [newApiKeyId(platformRandom), newApiKeyId(platformRandom)];
    await isolate().spend(key, FIFTY, 50);
    expect(await isolate().spend(other, FIFTY, 50)).toMatchObject({ granted: true });
    await isolate().forget(key);
    const kept = await runInDurableObject(objects.getByName(key), (_, state) => [...state.storage.kv.list()].length);
    expect(kept).toBe(0);
  });

  it.each([0, -1, 1.5, Number.NaN])("a cost of %s is nobody's", async (cost) => {
    const key = newApiKeyId(platformRandom);
    await expect(isolate().spend(key, FIFTY, cost)).rejects.toThrow("credits is unavailable");
    expect((await isolate().stateOf(key, FIFTY)).left).toBe(50);
  });

  it("an answer that comes too late is an outage, and what it spent is undone", async () => {
    const key = newApiKeyId(platformRandom);
    const real = objects.getByName(key);
    let undone: () => void = () => undefined;
    const isUndone = new Promise<void>((resolve) => {
      undone = resolve;
    });
    const late: KeyCreditsObject = {
      spend: async (...asked) => {
        await real.spend(...asked);
        return new Promise(() => undefined);
      },
      giveBack: async (reservation) => {
        await real.giveBack(reservation);
        undone();
      },
      stateOf: (credits) => real.stateOf(credits),
      forget: () => real.forget(),
    };
    const credits = new DurableObjectCredits(() => late, { deadlineMs: 300 });
    await expect(credits.spend(key, FIFTY, 7)).rejects.toThrow("credits is unavailable");
    await isUndone;
    expect(await isolate().stateOf(key, FIFTY)).toMatchObject({ left: 50 });
  });
});
