import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { KvKeyCopies } from "../../src/adapters/kv_key_copies.ts";
import { need, readBindings } from "../../src/bindings.ts";
import { Outage } from "../../src/kernel/outage.ts";
import { breakable } from "../support/breakable.ts";

const kv = need(readBindings(env), "KEY_SETS");
const FROM = { issuer: "https://as.example", source: "https://as.example/keys", keepSeconds: 3_600 };
const KEPT = { keys: [{ kty: "EC", kid: "k1" }], fetchedAtMs: 1_800_000_000_000 };

async function nameOfOnly(): Promise<string> {
  const { keys } = await kv.list({ prefix: "keys:" });
  const [first] = keys;
  if (first === undefined || keys.length > 1) throw new Error(`${keys.length} copies`);
  return first.name;
}

describe("copies of key sets in KV", () => {
  it("what is written is read back, with an end", async () => {
    const copies = new KvKeyCopies(kv, FROM);
    expect(await copies.read()).toBeNull();
    await copies.write(KEPT);
    expect(await copies.read()).toEqual(KEPT);
    const { keys } = await kv.list();
    expect(keys[0]?.expiration).toBeGreaterThan(0);
  });

  it.each([
    ["no JSON", "{"],
    ["another version", JSON.stringify({ v: 2, ...KEPT, issuer: FROM.issuer, source: FROM.source })],
    ["another issuer's", JSON.stringify({ v: 1, ...KEPT, issuer: "https://evil.example", source: FROM.source })],
    ["of another source", JSON.stringify({ v: 1, ...KEPT, issuer: FROM.issuer, source: "https://evil.example/" })],
    ["without a time", JSON.stringify({ v: 1, keys: KEPT.keys, issuer: FROM.issuer, source: FROM.source })],
    ["of keys that are none", JSON.stringify({ v: 1, ...KEPT, keys: [7], issuer: FROM.issuer, source: FROM.source })],
    [
      "of 101 keys",
      JSON.stringify({ v: 1, ...KEPT, keys: Array(101).fill({}), issuer: FROM.issuer, source: FROM.source }),
    ],
  ])("a value that is %s counts as none", async (_, value) => {
    const copies = new KvKeyCopies(kv, FROM);
    await copies.write(KEPT);
    await kv.put(await nameOfOnly(), value);
    expect(await copies.read()).toBeNull();
  });

  it("issuers and sources do not meet", async () => {
    await new KvKeyCopies(kv, FROM).write(KEPT);
    expect(await new KvKeyCopies(kv, { ...FROM, source: "https://as.example/other" }).read()).toBeNull();
    expect(await new KvKeyCopies(kv, { ...FROM, issuer: "https://as.example/" }).read()).toBeNull();
  });

  it.each(["failing", "silent"] as const)("a store that is %s is an outage, in half a second", async (health) => {
    const broken = breakable(kv);
    broken.health = health;
    await expect(new KvKeyCopies(broken.binding, FROM).read()).rejects.toBeInstanceOf(Outage);
  });
});
