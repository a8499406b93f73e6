import { describe, expect, it } from "vitest";
import { VerificationKeys } from "../../../src/adapters/jose_verification_keys.ts";
import { Outage } from "../../../src/kernel/outage.ts";
import type { PublishedJwk } from "../../../src/ports/key_source.ts";
import { newKey } from "../../support/forge.ts";

const T0 = 1_800_000_000_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** A publisher that counts its calls; `answer` says what each gets. */
function publisher(answer: (call: number) => Promise<readonly PublishedJwk[]>) {
  const deferred: Promise<unknown>[] = [];
  const source = {
    calls: 0,
    deferred,
    fetch: () => {
      source.calls += 1;
      return answer(source.calls);
    },
    keys: undefined as unknown as VerificationKeys,
    find: (kid: string, nowMs: number) => source.keys.find(kid, "ES256", nowMs, (work) => void deferred.push(work)),
  };
  source.keys = new VerificationKeys(source);
  return source;
}

function never(): Promise<never> {
  return new Promise(() => {});
}

describe("an issuer's keys in memory: how often the issuer is asked", () => {
  it("once for 100 cold requests at once, and not again for 5 minutes", async () => {
    const { jwk, kid } = await newKey();
    const source = publisher(async () => [{ ...jwk }]);
    const found = await Promise.all(Array.from({ length: 100 }, () => source.find(kid, T0)));
    expect(found.every((key) => key?.type === "public")).toBe(true);
    expect(await source.find(kid, T0 + 5 * MINUTE_MS)).not.toBeNull();
    expect(source.calls).toBe(1);
    expect(await source.find(kid, T0 + 5 * MINUTE_MS + 1)).not.toBeNull();
    await Promise.all(source.deferred);
    expect(source.calls).toBe(2);
  });

  it("made-up key ids ask once per cooldown, also 50 at once and from the first request on", async () => {
    const { jwk, kid } = await newKey();
    const source = publisher(async () => [{ ...jwk }]);
    const flood = (nowMs: number) =>
      Promise.all(Array.from({ length: 50 }, (_, index) => source.find(`made-up-${index}`, nowMs)));
    expect(await flood(T0)).toEqual(Array(50).fill(null));
    expect(source.calls).toBe(1);
    await flood(T0 + 1);
    expect(source.calls).toBe(2);
    await flood(T0 + 2_001);
    expect(source.calls).toBe(2);
    await flood(T0 + 2_002);
    expect(source.calls).toBe(3);
    expect(await source.find(kid, T0 + 2_003)).not.toBeNull();
  });

  it("a key that was just published is found by all who arrive while it is asked for", async () => {
    const old = await newKey();
    const fresh = await newKey();
    const source = publisher(async (call) => (call === 1 ? [{ ...old.jwk }] : [{ ...old.jwk }, { ...fresh.jwk }]));
    await source.find(old.kid, T0);
    const found = await Promise.all(Array.from({ length: 50 }, () => source.find(fresh.kid, T0 + 10_000)));
    expect(found.filter((key) => key === null)).toEqual([]);
    expect(source.calls).toBe(2);
  });

  it("an issuer that is down is asked once per cooldown, however many requests need its keys", async () => {
    const source = publisher(() => Promise.reject(new Outage("jwks")));
    const ask = (nowMs: number) => source.find("any", nowMs).catch((error: unknown) => error);
    for (let call = 0; call < 20; call++) expect(await ask(T0 + call)).toBeInstanceOf(Outage);
    expect(source.calls).toBe(1);
    expect(await ask(T0 + 2_001)).toBeInstanceOf(Outage);
    expect(source.calls).toBe(2);
  });
});

describe("an issuer's keys in memory: outages", () => {
  it("known keys serve for an hour while the issuer is down, and then no more", async () => {
    const { jwk, kid } = await newKey();
    const source = publisher(async (call) => {
      if (call > 1) throw new Outage("jwks");
      return [{ ...jwk }];
    });
    await source.find(kid, T0);
    expect(await source.find(kid, T0 + HOUR_MS)).not.toBeNull();
    await expect(source.find(kid, T0 + HOUR_MS + 3_000)).rejects.toThrow(Outage);
  });

  it("a fetch whose request was cut off is replaced", async () => {
    const { jwk, kid } = await newKey();
    const source = publisher((call) => (call === 1 ? never() : Promise.resolve([{ ...jwk }])));
    const cutOff = source.find(kid, T0);
    expect(await source.find(kid, T0 + 5_000)).not.toBeNull();
    expect(source.calls).toBe(2);
    expect(await Promise.race([cutOff.then(() => "answered"), Promise.resolve("waits")])).toBe("waits");
  });

  it("a fetch that others wait for is kept alive when the request that began it goes away", async () => {
    const { jwk, kid } = await newKey();
    const source = publisher(async () => [{ ...jwk }]);
    const finding = source.find(kid, T0);
    expect(source.deferred).toHaveLength(1);
    await finding;
  });

  it("a withdrawn key is gone with the next answer", async () => {
    const { jwk, kid } = await newKey();
    const source = publisher(async (call) => (call === 1 ? [{ ...jwk }] : []));
    expect(await source.find(kid, T0)).not.toBeNull();
    await source.find("another", T0 + 10_000);
    expect(await source.find(kid, T0 + 10_001)).toBeNull();
  });
});

describe("RFC 7517, RFC 8725 3.1: which published keys count", () => {
  it.each([
    ["meant for encryption", { use: "enc" }],
    ["of another algorithm", { alg: "ES384" }],
    ["of another type", { kty: "RSA" }],
    ["on another curve", { crv: "P-384" }],
    ["that is not on its curve", { x: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" }],
    ["without its point", { y: undefined }],
    ["whose point is no text", { x: 1 }],
    ["under a number for a name", { kid: 7 }],
    ["for signing alone", { key_ops: ["sign"] }],
    ["whose operations are no list", { key_ops: "verify" }],
    ["whose private half was published with it", { d: "AAAA" }],
    ["with a symmetric value", { k: "AAAA" }],
    ["with a member of 3,000 characters", { e: "A".repeat(3_000) }],
  ])("a key %s is not used; beside it a good one is", async (_, changes) => {
    const bad = await newKey();
    const good = await newKey();
    const source = publisher(async () => [{ ...bad.jwk, ...changes }, { ...good.jwk }]);
    expect(await source.find(bad.kid, T0)).toBeNull();
    expect(await source.find(good.kid, T0)).not.toBeNull();
  });

  it("what is used can verify, and do nothing else", async () => {
    const { jwk, kid } = await newKey();
    const source = publisher(async () => [{ ...jwk, key_ops: ["verify", "sign"], "x-secret": "s" }]);
    const key = await source.find(kid, T0);
    expect([key?.type, key?.usages]).toEqual(["public", ["verify"]]);
  });

  it("two different keys under one name are none: nobody can say which it is. The same one twice is one", async () => {
    const [one, other] = [await newKey(), await newKey()];
    const twins = publisher(async () => [{ ...one.jwk }, { ...other.jwk, kid: one.kid }]);
    expect(await twins.find(one.kid, T0)).toBeNull();
    const same = publisher(async () => [{ ...one.jwk }, { ...one.jwk, use: undefined }]);
    expect(await same.find(one.kid, T0)).not.toBeNull();
  });

  it("RFC 7518 3.3: an RSA key under 2048 bits is not used; one of 2048 is", async () => {
    const weak = await newKey("RS256", 1024);
    const strong = await newKey("RS256", 2048);
    const keys = new VerificationKeys({ fetch: async () => [{ ...weak.jwk }, { ...strong.jwk }] });
    expect(await keys.find(weak.kid, "RS256", T0, () => undefined)).toBeNull();
    expect(await keys.find(strong.kid, "RS256", T0, () => undefined)).not.toBeNull();
    expect(await keys.find(strong.kid, "PS256", T0, () => undefined)).toBeNull();
  });
});
