import { beforeAll, describe, expect, it } from "vitest";
import { type KeyTimes, VerificationKeys } from "../../../src/adapters/jose_verification_keys.ts";
import { Outage } from "../../../src/kernel/outage.ts";
import type { KeptKeys, KeyCopies, PublishedJwk } from "../../../src/ports/key_source.ts";
import { type ForgeKey, newKey } from "../../support/forge.ts";

const T0 = 1_800_000_000_000;
const TIMES: KeyTimes = { refreshMs: 300_000, staleMs: 3_600_000, cooldownMs: 10_000, absentMs: 30_000 };
let one: ForgeKey;
let two: ForgeKey;

beforeAll(async () => {
  one = await newKey();
  two = await newKey();
});

/** A publisher, a place for copies, and isolates that share both. */
function world(published: () => Promise<readonly PublishedJwk[]>) {
  const deferred: Promise<unknown>[] = [];
  const state = {
    fetches: 0,
    writes: 0,
    kept: null as KeptKeys | null,
    readCopy: async (): Promise<KeptKeys | null> => state.kept,
    settle: () => Promise.all(deferred.splice(0)),
    isolate: () => {
      const copies: KeyCopies = {
        read: () => state.readCopy(),
        write: async (kept) => {
          state.writes += 1;
          state.kept = kept;
        },
      };
      const source = {
        fetch: () => {
          state.fetches += 1;
          return published();
        },
      };
      const keys = new VerificationKeys(source, TIMES, copies);
      const defer = (work: Promise<unknown>) => void deferred.push(work);
      return {
        find: (kid: string, nowMs: number) => keys.find(kid, "ES256", nowMs, defer),
        prove: (kid: string, nowMs: number) => keys.prove(kid, "ES256", nowMs, defer),
        defer,
      };
    },
  };
  return state;
}

const up = (...keys: readonly ForgeKey[]) => Promise.resolve(keys.map(({ jwk }) => ({ ...jwk })));
const down = () => Promise.reject(new Outage("jwks"));

describe("memory, then a copy, then the issuer", () => {
  it("one isolate's fetch serves the next one; the copy holds what verifies and nothing else", async () => {
    const shared = world(async () => [
      { ...one.jwk, x5c: ["AAAA"], extra: 1 },
      { kty: "oct", kid: "s", k: "AAAA" },
    ]);
    expect(await shared.isolate().find(one.kid, T0)).not.toBeNull();
    await shared.settle();
    expect(shared.kept?.keys).toEqual([expect.objectContaining({ kid: one.kid })]);
    expect(JSON.stringify(shared.kept)).not.toMatch(/x5c|extra|oct/);
    expect(await shared.isolate().find(one.kid, T0 + 1_000)).not.toBeNull();
    expect([shared.fetches, shared.writes]).toEqual([1, 1]);
  });

  it("a key id that the copy lacks is asked of the issuer at once", async () => {
    const shared = world(() => up(one, two));
    shared.kept = { keys: await up(one), fetchedAtMs: T0 - 1_000 };
    expect(await shared.isolate().find(two.kid, T0)).not.toBeNull();
    expect(shared.fetches).toBe(1);
  });

  it("a refresh takes a copy that is newer and fresh, and asks the issuer where there is none", async () => {
    const shared = world(() => up(one));
    const isolate = shared.isolate();
    await isolate.find(one.kid, T0);
    await shared.settle();
    shared.kept = { keys: await up(one, two), fetchedAtMs: T0 + 200_000 };
    expect(await isolate.find(one.kid, T0 + 301_000)).not.toBeNull();
    await shared.settle();
    expect(await isolate.find(two.kid, T0 + 302_000)).not.toBeNull();
    expect(shared.fetches).toBe(1);
    expect(await isolate.find(one.kid, T0 + 501_000)).not.toBeNull();
    await shared.settle();
    expect(shared.fetches).toBe(2);
  });

  it("the same keys are not written again at every turn", async () => {
    const shared = world(() => up(one));
    const isolate = shared.isolate();
    await isolate.find(one.kid, T0);
    for (const at of [11_000, 42_000, 73_000]) await isolate.find(`made-up-${at}`, T0 + at);
    await shared.settle();
    expect([shared.fetches, shared.writes]).toEqual([4, 1]);
  });
});

describe("copies that are not believed", () => {
  it.each<[string, Partial<KeptKeys>]>([
    ["one from the future", { fetchedAtMs: T0 + 1 }],
    ["one that is older than keys may be", { fetchedAtMs: T0 - TIMES.staleMs - 1 }],
  ])("%s: the issuer is asked", async (_, changes) => {
    const shared = world(() => up(two));
    shared.kept = { keys: await up(one), fetchedAtMs: T0 - 1, ...changes };
    expect(await shared.isolate().find(one.kid, T0)).toBeNull();
    expect(shared.fetches).toBe(1);
  });

  it("one that cannot be read is none: the issuer is asked", async () => {
    const shared = world(() => up(one));
    shared.readCopy = () => Promise.reject(new Outage("kv"));
    expect(await shared.isolate().find(one.kid, T0)).not.toBeNull();
  });

  it("the age of a copy is that of its fetch: it does not begin anew with who reads it", async () => {
    const shared = world(down);
    shared.kept = { keys: await up(one), fetchedAtMs: T0 - TIMES.staleMs + 1_000 };
    const isolate = shared.isolate();
    expect(await isolate.find(one.kid, T0)).not.toBeNull();
    await shared.settle();
    await expect(isolate.find(one.kid, T0 + 3_001)).rejects.toBeInstanceOf(Outage);
  });
});

describe("an issuer that is down, slow or lying", () => {
  it("a cold isolate lives on the copy while it is down, and then no more", async () => {
    const shared = world(down);
    shared.kept = { keys: await up(one), fetchedAtMs: T0 - 600_000 };
    const isolate = shared.isolate();
    expect(await isolate.find(one.kid, T0)).not.toBeNull();
    await expect(isolate.find("unknown", T0)).rejects.toBeInstanceOf(Outage);
  });

  it("one that never answers holds up nobody whose key is known", async () => {
    let answers = true;
    const shared = world(() => (answers ? up(one) : new Promise(() => undefined)));
    const isolate = shared.isolate();
    await isolate.find(one.kid, T0);
    await shared.settle();
    answers = false;
    for (const at of [301_000, 400_000, 500_000]) expect(await isolate.find(one.kid, T0 + at)).not.toBeNull();
    expect(shared.fetches).toBeGreaterThan(1);
  });

  it("a flood of made-up key ids is one fetch per cooldown; one that was not there is not asked for again", async () => {
    const shared = world(() => up(one));
    const isolate = shared.isolate();
    await isolate.find(one.kid, T0);
    const flood = (nowMs: number) =>
      Promise.all(Array.from({ length: 50 }, (_, index) => isolate.find(`made-up-${nowMs}-${index}`, nowMs)));
    await flood(T0 + 1);
    await flood(T0 + 5_000);
    expect(shared.fetches).toBe(2);
    await flood(T0 + 11_000);
    expect(shared.fetches).toBe(3);
    expect(await isolate.find(`made-up-${T0 + 11_000}-0`, T0 + 30_000)).toBeNull();
    expect(shared.fetches).toBe(3);
    expect(await isolate.find(`made-up-${T0 + 11_000}-0`, T0 + 42_000)).toBeNull();
    expect(shared.fetches).toBe(4);
  });

  it("another key under a known name takes its place with the next fetch, and what the old one proved ends", async () => {
    let keys = [one.jwk];
    const shared = world(async () => keys.map((jwk) => ({ ...jwk })));
    const isolate = shared.isolate();
    const proof = await isolate.prove(one.kid, T0);
    expect(proof?.counts(T0 + 1, isolate.defer)).toBe(true);
    keys = [{ ...two.jwk, kid: one.kid }];
    expect(proof?.counts(T0 + 301_000, isolate.defer)).toBe(true);
    await shared.settle();
    expect(proof?.counts(T0 + 301_001, isolate.defer)).toBe(false);
    const successor = await isolate.prove(one.kid, T0 + 301_001);
    expect(successor?.counts(T0 + 301_002, isolate.defer)).toBe(true);
    expect(successor?.key).not.toBe(proof?.key);
  });

  it("what a key proved counts on while the same key stays published, and ends when keys are stale", async () => {
    let isUp = true;
    const shared = world(() => (isUp ? up(one) : down()));
    const isolate = shared.isolate();
    const proof = await isolate.prove(one.kid, T0);
    expect(proof?.counts(T0 + 301_000, isolate.defer)).toBe(true);
    await shared.settle();
    isUp = false;
    expect(proof?.counts(T0 + 301_000 + TIMES.staleMs, isolate.defer)).toBe(true);
    expect(proof?.counts(T0 + 301_001 + TIMES.staleMs, isolate.defer)).toBe(false);
  });
});
