import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { parseKeyEncryption } from "../../src/adapters/key_encryption.ts";
import { RING_FEED_ID, type RingKey, type RingState } from "../../src/protocol/signing_key_ring.ts";
import { captureLogs } from "../support/logs.ts";
import { encryption, KEK_1, KEK_2, newRing } from "../support/ring_world.ts";

const logs = captureLogs();

type Ring = Awaited<ReturnType<typeof newRing>>;

/** The ring's whole storage, as it lies there. */
function dump({ stub }: Ring): Promise<{ text: string; keys: readonly RingKey[] }> {
  return runInDurableObject(stub, (_, state) => {
    const entries = [...state.storage.kv.list()];
    const ring = state.storage.kv.get<RingState>("ring");
    return { text: JSON.stringify(entries), keys: ring?.keys ?? [] };
  });
}

/** Changes the keys as they are stored. */
function tamper({ stub }: Ring, change: (keys: readonly RingKey[]) => readonly RingKey[]): Promise<void> {
  return runInDurableObject(stub, (_, state) => {
    const ring = state.storage.kv.get<RingState>("ring");
    if (ring === undefined) throw new Error("no ring");
    state.storage.kv.put("ring", { ...ring, keys: change(ring.keys) });
  });
}

/** The ring after an eviction, under another key-encryption secret. */
async function redeploy(ring: Ring, secret: string): Promise<void> {
  await evictDurableObject(ring.stub);
  await ring.rewired(secret);
}

describe("private keys at rest", () => {
  it("are nowhere in storage in the clear, for any algorithm", async () => {
    const ring = await newRing({ algorithms: ["ES256", "EdDSA", "RS256"] });
    await ring.ring.published();
    const { text, keys } = await dump(ring);
    expect(keys).toHaveLength(6);
    for (const { sealed, jwk } of keys) {
      const opened: Record<string, string> = JSON.parse(await encryption(KEK_1).open(sealed, `test-ring/${jwk.kid}`));
      expect(opened.d?.length).toBeGreaterThan(40);
      for (const member of ["d", "p", "q", "dp", "dq", "qi"]) {
        const secret = opened[member];
        if (secret !== undefined) expect(text.includes(secret)).toBe(false);
      }
      expect(Object.keys(jwk)).not.toContain("d");
    }
  });

  it("what the ring hands out is sealed as well", async () => {
    const ring = await newRing({});
    const { sealed } = await ring.ring.signingKey("ES256");
    expect(JSON.parse(atob(sealed.split(".")[0]?.replace(/-/g, "+").replace(/_/g, "/") ?? ""))).toMatchObject({
      alg: "dir",
      enc: "A256GCM",
      kid: "k1",
    });
  });
});

describe("a sealed key that was tampered with", () => {
  it.each([
    ["its ciphertext", (sealed: string) => flip(sealed, 3)],
    ["its tag", (sealed: string) => flip(sealed, 4)],
    ["its nonce", (sealed: string) => flip(sealed, 2)],
    [
      "its header",
      (sealed: string) => sealed.replace(/^[^.]+/, btoa('{"alg":"dir","enc":"A256GCM","kid":"k1"}').replace(/=+$/, "")),
    ],
    ["all of it", () => "garbage"],
  ])("in %s does not open: no token is signed", async (_, change) => {
    const ring = await newRing({});
    expect(await ring.sign("ES256")).toBeTruthy();
    await tamper(ring, (keys) => keys.map((key) => ({ ...key, sealed: change(key.sealed) })));
    await expect(ring.sign("ES256")).rejects.toMatchObject({ name: "Outage", dependency: "signing_key" });
  });

  it("and swapped with another key's of the same ring does not open either", async () => {
    const ring = await newRing({});
    await ring.ring.published();
    await tamper(ring, ([one, two]) => {
      if (one === undefined || two === undefined) throw new Error("no keys");
      return [
        { ...one, sealed: two.sealed },
        { ...two, sealed: one.sealed },
      ];
    });
    await expect(ring.sign("ES256")).rejects.toMatchObject({ dependency: "signing_key" });
  });
});

describe("rotating the key-encryption key", () => {
  it("with the new one in front every key is sealed anew; then the old one may go", async () => {
    const ring = await newRing({ kek: KEK_1 });
    const before = await ring.ring.published();
    await redeploy(ring, `${KEK_2},${KEK_1}`);
    expect(await ring.ring.published()).toEqual(before);
    expect((await dump(ring)).keys.map(({ kekId }) => kekId)).toEqual(["k2", "k2"]);
    await redeploy(ring, KEK_2);
    expect(await ring.ring.published()).toEqual(before);
    expect(await ring.sign("ES256", KEK_2)).toBeTruthy();
    await expect(ring.sign("ES256", KEK_1)).rejects.toMatchObject({ dependency: "signing_key" });
  });

  it("a retired key is sealed anew with the others", async () => {
    const ring = await newRing({ kek: KEK_1 });
    await ring.ring.rotate(["ES256"], false);
    await redeploy(ring, `${KEK_2},${KEK_1}`);
    await ring.ring.published();
    expect((await dump(ring)).keys.map(({ kekId }) => kekId)).toEqual(["k2", "k2", "k2"]);
  });

  it("50 calls at once while it happens lose no key", async () => {
    const ring = await newRing({ kek: KEK_1 });
    const before = await ring.ring.published();
    await redeploy(ring, `${KEK_2},${KEK_1}`);
    await Promise.all(Array.from({ length: 50 }, () => ring.ring.signingKey("ES256")));
    expect(await ring.ring.published()).toEqual(before);
    expect(await ring.sign("ES256", KEK_2)).toBeTruthy();
  });

  it("a known one that does not open replaces nothing, says so once, and putting it right mends it", async () => {
    const ring = await newRing({ kek: KEK_1 });
    const before = await ring.ring.published();
    const wrongBytes = `${KEK_2},k1:${"I".repeat(42)}A`;
    await redeploy(ring, wrongBytes);
    await expect(ring.sign("ES256", wrongBytes)).rejects.toMatchObject({ name: "Outage" });
    expect(await ring.ring.published()).toEqual(before);
    expect(logs.events("signing_key_reseal_failed").map(({ kid }) => kid)).toEqual(before.keys.map(({ kid }) => kid));
    await redeploy(ring, `${KEK_2},${KEK_1}`);
    expect(await ring.sign("ES256", KEK_2)).toBeTruthy();
    expect((await ring.ring.published()).keys).toEqual(before.keys);
  });
});

describe("a key-encryption key that is lost", () => {
  it("the next call has a signer again: the old key proves what it signed, and the feed is told", async () => {
    const ring = await newRing({ kek: KEK_1 });
    const before = await ring.ring.published();
    const { kid: lost } = await ring.ring.signingKey("ES256");
    await redeploy(ring, KEK_2);
    expect(await ring.sign("ES256", KEK_2)).toBeTruthy();
    const after = await ring.describeKeys();
    expect(after.map(({ status }) => status)).toEqual(["retired", "active", "next"]);
    expect(after[0]?.kid).toBe(lost);
    const { version } = await ring.ring.published();
    expect(version).toBe(before.version + 1);
    expect(ring.feed.told).toEqual([expect.objectContaining({ kind: "config", id: RING_FEED_ID, epoch: version })]);
    expect(logs.events("signing_key_lost")).toEqual([
      { event: "signing_key_lost", alg: "ES256", kid: lost, kekId: "k1" },
    ]);
    expect(logs.events("signing_key_reseal_failed")).toEqual([]);
  });

  it("50 calls at once share one replacement for each algorithm, and one log line", async () => {
    const ring = await newRing({ algorithms: ["ES256", "EdDSA"], kek: KEK_1 });
    await ring.ring.published();
    await redeploy(ring, KEK_2);
    const signers = await Promise.all(Array.from({ length: 50 }, () => ring.ring.signingKey("ES256")));
    expect(new Set(signers.map(({ kid }) => kid)).size).toBe(1);
    for (const alg of ["ES256", "EdDSA"]) {
      const own = (await ring.describeKeys()).filter((key) => key.alg === alg).map(({ status }) => status);
      expect(own).toEqual(["retired", "active", "next"]);
    }
    expect(logs.events("signing_key_lost").map(({ alg }) => alg)).toEqual(["ES256", "EdDSA"]);
  });

  it("the feed down: it signs all the same, and the alarm tells the feed", async () => {
    const ring = await newRing({ kek: KEK_1 });
    await ring.ring.published();
    await redeploy(ring, KEK_2);
    ring.feed.fails = true;
    expect(await ring.sign("ES256", KEK_2)).toBeTruthy();
    ring.feed.fails = false;
    expect(await runDurableObjectAlarm(ring.stub)).toBe(true);
    expect(ring.feed.told.map(({ id }) => id)).toEqual([RING_FEED_ID]);
  });
});

describe("key-encryption secrets", () => {
  it.each([
    ["nothing", ""],
    ["no id", `:${"A".repeat(43)}`],
    ["no key", "k1:"],
    ["no colon", "A".repeat(43)],
    ["31 bytes", `k1:${"A".repeat(42)}`],
    ["33 bytes", `k1:${"A".repeat(44)}`],
    ["padding", `k1:${"A".repeat(43)}=`],
    ["stray bits", `k1:${"A".repeat(42)}B`],
    ["the other alphabet", `k1:${"+".repeat(42)}A`],
    ["an id twice", `${KEK_1},${KEK_1}`],
    ["a third part", `${KEK_1}:x`],
    ["an empty entry", `${KEK_1},`],
  ])("with %s are refused", (_, secret) => {
    expect(parseKeyEncryption(secret)).toBeNull();
  });

  it("one and two are read, the first one current", () => {
    expect(parseKeyEncryption(KEK_1)?.currentId).toBe("k1");
    expect(parseKeyEncryption(` ${KEK_2} , ${KEK_1}`)?.currentId).toBe("k2");
  });

  it("what was sealed for one purpose opens for no other, nor under another key", async () => {
    const sealed = await encryption(KEK_1).seal("text", "one");
    expect(await encryption(KEK_1).open(sealed, "one")).toBe("text");
    await expect(encryption(KEK_1).open(sealed, "two")).rejects.toThrow();
    await expect(encryption(KEK_2).open(sealed, "one")).rejects.toThrow();
    const other = `k1:${"I".repeat(43)}`;
    await expect(encryption(other).open(sealed, "one")).rejects.toThrow();
  });
});

/** `sealed` with a bit flipped in one of its five parts. */
function flip(sealed: string, part: number): string {
  const parts = sealed.split(".");
  const text = parts[part] ?? "";
  parts[part] = (text[0] === "A" ? "B" : "A") + text.slice(1);
  return parts.join(".");
}
