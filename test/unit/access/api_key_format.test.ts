import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { platformRandom } from "../../../src/kernel/random.ts";
import {
  type ApiKeyRecord,
  apiKeyFault,
  hashApiKey,
  lastFour,
  newApiKey,
  parseApiKey,
} from "../../../src/protocol/api_key.ts";
import { newApiKeyId } from "../../../src/protocol/ids.ts";

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const someKey = fc
  .tuple(
    fc.constantFrom("secret" as const, "publishable" as const),
    fc.constantFrom("live" as const, "test" as const),
    fc.uint8Array({ minLength: 32, maxLength: 32 }),
  )
  .map(([kind, environment, bytes]) => newApiKey(kind, environment, () => Uint8Array.from(bytes)));

describe("the form of an API key", () => {
  it("a known key: prefix, 43 characters of 32 bytes, 6 of their CRC-32", () => {
    const zero = newApiKey("secret", "live", (length) => new Uint8Array(length));
    expect(zero).toMatch(new RegExp(`^sk_live_${"0".repeat(43)}[0-9A-Za-z]{6}$`));
    expect(parseApiKey(zero)).toBe(zero);
    expect(lastFour(zero)).toBe(zero.slice(-4));
  });

  it("every new key is a key, of 57 characters, and no two are alike", async () => {
    const keys = Array.from({ length: 1_000 }, () => newApiKey("secret", "test", platformRandom));
    expect(new Set(keys).size).toBe(1_000);
    expect(keys.every((key) => key.length === 57 && parseApiKey(key) === key)).toBe(true);
    expect(new Set(await Promise.all(keys.map(hashApiKey))).size).toBe(1_000);
  });

  it("any one character changed is refused", () => {
    fc.assert(
      fc.property(someKey, fc.nat(56), fc.string({ minLength: 1, maxLength: 1 }), (key, at, other) => {
        fc.pre(other !== key.charAt(at));
        expect(parseApiKey(key.slice(0, at) + other + key.slice(at + 1))).toBeNull();
      }),
      { numRuns: 5_000 },
    );
  });

  it("any one character of one key changed to any other of the alphabet is refused, all of them", () => {
    const key = newApiKey("secret", "live", platformRandom);
    for (let at = 0; at < key.length; at++) {
      for (const other of `${BASE62}_`) {
        if (other === key.charAt(at)) continue;
        expect(parseApiKey(key.slice(0, at) + other + key.slice(at + 1)), `${other} at ${at}`).toBeNull();
      }
    }
  });

  it("any two neighbours swapped are refused", () => {
    fc.assert(
      fc.property(someKey, fc.nat(55), (key, at) => {
        const swapped = key.slice(0, at) + key.charAt(at + 1) + key.charAt(at) + key.slice(at + 2);
        if (swapped !== key) expect(parseApiKey(swapped)).toBeNull();
      }),
      { numRuns: 3_000 },
    );
  });

  it("a character left out, put in, or put behind is refused", () => {
    fc.assert(
      fc.property(someKey, fc.nat(57), fc.constantFrom(...BASE62), (key, at, extra) => {
        expect(parseApiKey(key.slice(0, at) + key.slice(at + 1))).toBe(at === 57 ? key : null);
        expect(parseApiKey(key.slice(0, at) + extra + key.slice(at))).toBeNull();
      }),
      { numRuns: 3_000 },
    );
  });

  it("random texts of the right form are refused but for one in 2^32, and other texts always", () => {
    const body = fc
      .array(fc.constantFrom(...BASE62), { minLength: 49, maxLength: 49 })
      .map((symbols) => symbols.join(""));
    fc.assert(
      fc.property(body, (text) => void expect(parseApiKey(`sk_live_${text}`)).toBeNull()),
      { numRuns: 3_000 },
    );
    fc.assert(
      fc.property(fc.string({ maxLength: 80, unit: "binary" }), (text) => void expect(parseApiKey(text)).toBeNull()),
    );
    const key = newApiKey("secret", "live", platformRandom);
    for (const text of [`${key}\n`, ` ${key}`, `${key} `, `${key},${key}`, key.toLowerCase(), `Bearer ${key}`]) {
      expect(parseApiKey(text)).toBeNull();
    }
  });
});

describe("what a record says at a moment", () => {
  const record: ApiKeyRecord = {
    id: newApiKeyId(platformRandom),
    environment: "live",
    kind: "secret",
    scopes: [],
    roles: [],
    disabled: false,
    expiresAtMs: null,
    secretExpiresAtMs: null,
    epoch: 1,
  };

  it.each([
    ["without an end", {}, null],
    ["disabled", { disabled: true }, "disabled"],
    ["before its end", { expiresAtMs: 1_001 }, null],
    ["at its end", { expiresAtMs: 1_000 }, "expired"],
    ["after its end", { expiresAtMs: 999 }, "expired"],
    ["before its overlap's end", { secretExpiresAtMs: 1_001 }, null],
    ["at its overlap's end", { secretExpiresAtMs: 1_000, expiresAtMs: 9_999 }, "expired"],
    ["disabled and expired", { disabled: true, expiresAtMs: 0 }, "disabled"],
    ["expired at the epoch", { expiresAtMs: 0 }, "expired"],
  ] as const)("%s", (_, changes, fault) => {
    expect(apiKeyFault({ ...record, ...changes }, 1_000)).toBe(fault);
  });
});
