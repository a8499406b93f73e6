import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { DurableObjectGuesses, type GuessesObjects } from "../../src/adapters/objects/guesses.ts";
import { need, readBindings } from "../../src/bindings.ts";
import { guessesContract, LOCKOUT } from "../contract/guesses_contract.ts";

const objects = need(readBindings(env), "GUESSES");
const T0 = Date.now();
const DAY_MS = 86_400_000;

const never = () => new Promise<never>(() => {});
const fail = () => Promise.reject(new Error("the object was reset"));

/** Objects that answer every call with `call`. */
function answering(call: () => Promise<never>): GuessesObjects {
  return {
    getByName: () => ({
      attempt: call,
      forgive: call,
      takeBack: call,
      take: call,
      takeSpaced: call,
      knows: call,
      giveBack: call,
      failures: call,
      taken: call,
    }),
  };
}

guessesContract({
  make: (settings) => new DurableObjectGuesses(objects, settings),
  broken: (settings) => [never, fail].map((call) => new DurableObjectGuesses(answering(call), settings, 20)),
  restart: (counter, key) => evictDurableObject(objects.getByName(`${counter}:${key}`)),
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe("M12: guesses in Durable Objects", () => {
  const guesses = new DurableObjectGuesses(objects, LOCKOUT);
  const keys = (object: ReturnType<typeof objects.getByName>) =>
    runInDurableObject(object, (_, state) => [...state.storage.kv.list()].map(([key]) => key));

  it("asking whether a browser is known stores nothing", async () => {
    const name = crypto.randomUUID();
    expect(await guesses.knows({ name, knownBrowser: "laptop" }, T0)).toBe(false);
    expect(await keys(objects.getByName(`name:${name}`))).toEqual([]);
  });

  it("what is old is deleted with its storage, and what is not stays", async () => {
    const one = { name: crypto.randomUUID(), address: crypto.randomUUID(), knownBrowser: null };
    await guesses.begin(one, T0);
    const [name, address] = [objects.getByName(`name:${one.name}`), objects.getByName(`address:${one.address}`)];
    const key = crypto.randomUUID();
    await guesses.take("mails_to_recipient", key, T0);
    const mails = objects.getByName(`mails_to_recipient:${key}`);
    vi.spyOn(Date, "now").mockReturnValue(T0 + 300_000);
    expect([await runDurableObjectAlarm(name), await runDurableObjectAlarm(address)]).toEqual([true, true]);
    expect(await runDurableObjectAlarm(mails)).toBe(true);
    expect([await keys(name), await keys(address), await keys(mails)]).toEqual([["name"], [], ["full_at"]]);
    vi.spyOn(Date, "now").mockReturnValue(T0 + 660_000);
    expect(await runDurableObjectAlarm(mails)).toBe(true);
    expect(await keys(mails)).toEqual([]);
    vi.spyOn(Date, "now").mockReturnValue(T0 + 2 * DAY_MS);
    expect(await runDurableObjectAlarm(name)).toBe(true);
    expect(await keys(name)).toEqual([]);
  });
});
