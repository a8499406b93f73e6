import { CompactSign, calculateJwkThumbprint, compactVerify, exportJWK, generateKeyPair, importJWK } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { importKey, type KeyMembers, newKeyPair } from "../../src/adapters/platform_keys.ts";
import { ringKeyMaker } from "../../src/adapters/ring_keys.ts";
import { utf8 } from "../../src/kernel/bytes.ts";
import { SIGNATURE_ALGORITHMS, type SignatureAlgorithm } from "../../src/protocol/jws.ts";
import { encryption, KEK_1 } from "../support/ring_world.ts";

const TEXT = utf8("text");
const PUBLIC_MEMBERS = { ES256: "crv,kty,x,y", RS256: "e,kty,n", PS256: "e,kty,n", EdDSA: "crv,kty,x" };

type Pair = Awaited<ReturnType<typeof newKeyPair>>;
/** One for each, since RSA keys take long to make. */
const pairs = new Map<SignatureAlgorithm, Pair>();

beforeAll(async () => {
  for (const alg of SIGNATURE_ALGORITHMS) pairs.set(alg, await newKeyPair(alg));
});

function pairOf(alg: SignatureAlgorithm): Pair {
  const pair = pairs.get(alg);
  if (pair === undefined) throw new Error(`no pair for ${alg}`);
  return pair;
}

function names(members: KeyMembers): string {
  return Object.keys(members).sort().join(",");
}

describe.each(SIGNATURE_ALGORITHMS)("a pair of keys for %s", (alg) => {
  it("is one key in two halves, and the public one has nothing of the private one", async () => {
    const { publicHalf, privateHalf } = pairOf(alg);
    expect(names(publicHalf)).toBe(PUBLIC_MEMBERS[alg]);
    expect(privateHalf).toMatchObject(publicHalf);
    expect(privateHalf.d?.length).toBeGreaterThan(40);
    const jws = await new CompactSign(TEXT).setProtectedHeader({ alg }).sign(await importKey(alg, privateHalf, "sign"));
    const verified = await compactVerify(jws, await importKey(alg, publicHalf, "verify"), { algorithms: [alg] });
    expect(new Uint8Array(verified.payload)).toEqual(TEXT);
  });

  it("is another one each time", async () => {
    const { publicHalf } = await newKeyPair(alg);
    expect(publicHalf).not.toEqual(pairOf(alg).publicHalf);
  });

  it("is of use to another library, and that one's keys are of use here", async () => {
    const { publicHalf, privateHalf } = pairOf(alg);
    const theirs = await generateKeyPair(alg, { extractable: true });
    const theirPublic = (await exportJWK(theirs.publicKey)) as KeyMembers;
    const ours = await new CompactSign(TEXT).setProtectedHeader({ alg }).sign(await importJWK(privateHalf, alg));
    await compactVerify(ours, await importJWK(publicHalf, alg));
    const jws = await new CompactSign(TEXT).setProtectedHeader({ alg }).sign(theirs.privateKey);
    await compactVerify(jws, await importKey(alg, theirPublic, "verify"));
    await expect(compactVerify(jws, await importKey(alg, publicHalf, "verify"))).rejects.toThrow();
  });

  it("cannot be exported again, and does what it is for alone", async () => {
    const { publicHalf, privateHalf } = pairOf(alg);
    const key = await importKey(alg, privateHalf, "sign");
    expect(key).toMatchObject({ type: "private", extractable: false, usages: ["sign"] });
    await expect(crypto.subtle.exportKey("jwk", key)).rejects.toThrow();
    expect(await importKey(alg, publicHalf, "verify")).toMatchObject({ type: "public", usages: ["verify"] });
  });

  it("is not taken for the other half, nor cut short", async () => {
    const { publicHalf, privateHalf } = pairOf(alg);
    await expect(importKey(alg, publicHalf, "sign")).rejects.toThrow();
    await expect(importKey(alg, privateHalf, "verify")).rejects.toThrow();
    // Without `crv` the platform takes the algorithm's: who reads published keys wants it said (`keyFor`).
    for (const member of Object.keys(publicHalf).filter((name) => name !== "crv")) {
      const { [member]: _, ...rest } = publicHalf;
      await expect(importKey(alg, rest, "verify"), `without ${member}`).rejects.toThrow();
    }
  });

  it("RFC 7638: is called by the thumbprint that any other library would give it", async () => {
    const { jwk } = await ringKeyMaker(encryption(KEK_1), "test-ring").make(alg);
    expect(jwk.kid).toBe(await calculateJwkThumbprint({ ...jwk }));
    const { kid: _kid, alg: _alg, use: _use, ...members } = jwk;
    expect(names(members)).toBe(PUBLIC_MEMBERS[alg]);
  });
});

describe("a key of another kind", () => {
  const KINDS = { ES256: "EC", RS256: "RSA", PS256: "RSA", EdDSA: "OKP" };
  const others = SIGNATURE_ALGORITHMS.flatMap((of) =>
    SIGNATURE_ALGORITHMS.filter((alg) => KINDS[alg] !== KINDS[of]).map((alg) => [of, alg] as const),
  );

  it.each(others)("of %s is none for %s", async (of, alg) => {
    const { publicHalf, privateHalf } = pairOf(of);
    await expect(importKey(alg, publicHalf, "verify")).rejects.toThrow();
    await expect(importKey(alg, privateHalf, "sign")).rejects.toThrow();
  });

  it("on another curve is none for ES256", async () => {
    const { publicKey } = await generateKeyPair("ES384", { extractable: true });
    await expect(importKey("ES256", (await exportJWK(publicKey)) as KeyMembers, "verify")).rejects.toThrow();
  });

  it("whose point is not on the curve is none", async () => {
    const { publicHalf } = pairOf("ES256");
    await expect(importKey("ES256", { ...publicHalf, y: publicHalf.x ?? "" }, "verify")).rejects.toThrow();
  });
});
