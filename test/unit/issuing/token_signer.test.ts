import { decodeProtectedHeader } from "jose";
import { expect, test } from "vitest";
import { joseKeyMaker } from "../../../src/adapters/jose_keys.ts";
import { JoseTokenSigner } from "../../../src/adapters/jose_token_signer.ts";
import { parseKeyEncryption } from "../../../src/adapters/key_encryption.ts";
import type { KeyRing } from "../../../src/ports/key_ring.ts";

const T0 = 1_800_000_000_000;

test("a key that is a minute old is refreshed behind the requests: once for 50 of them, and again after a failure", async () => {
  const encryption = parseKeyEncryption(`k1:${"A".repeat(43)}`);
  if (encryption === null) throw new Error("the test's key-encryption key is malformed");
  const { jwk, sealed } = await joseKeyMaker(encryption, "ring").make("ES256");
  let asked = 0;
  let isDown = false;
  const ring: KeyRing = {
    signingKey: async (alg) => {
      asked += 1;
      if (isDown) throw new Error("down");
      return { version: 1, kid: jwk.kid, alg, sealed };
    },
    published: () => Promise.reject(new Error("not asked")),
    describe: () => Promise.reject(new Error("not asked")),
    rotate: () => Promise.reject(new Error("not asked")),
  };
  const signer = new JoseTokenSigner(ring, encryption, "ring");
  const behind: Promise<unknown>[] = [];
  const sign = (nowMs: number) =>
    signer.sign({ alg: "ES256", type: "at+jwt", claims: {}, nowMs, leastRingVersion: 0 }, (work) => behind.push(work));
  await sign(T0);
  expect(asked).toBe(1);
  isDown = true;
  const tokens = await Promise.all(Array.from({ length: 50 }, () => sign(T0 + 61_000)));
  await Promise.all(behind);
  expect(asked).toBe(2);
  expect(new Set(tokens.map((token) => decodeProtectedHeader(token).kid))).toEqual(new Set([jwk.kid]));
  isDown = false;
  await sign(T0 + 62_500);
  await Promise.all(behind);
  await sign(T0 + 63_600);
  expect(asked).toBe(3);
});
