import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import type { KeyMaker } from "../ports/key_ring.ts";
import type { SignatureAlgorithm } from "../protocol/jws.ts";
import type { PublicJwk } from "../protocol/signing_key_ring.ts";
import type { KeyEncryption } from "./key_encryption.ts";

/** 3072 bits give RSA the 128-bit strength of the other algorithms (NIST SP 800-57 part 1, table 2). */
const RSA_BITS = 3072;

/** Makes signing keys with jose and seals their private halves for `purpose`, the ring's name. */
export function joseKeyMaker(encryption: KeyEncryption, purpose: string): KeyMaker {
  return {
    currentKekId: encryption.currentId,
    canOpen: ({ kekId }) => encryption.knows(kekId),
    async make(alg) {
      const pair = await generateKeyPair(alg, { extractable: true, modulusLength: RSA_BITS });
      const privateJwk = await exportJWK(pair.privateKey);
      const jwk = await describe(alg, await exportJWK(pair.publicKey));
      const sealed = await encryption.seal(JSON.stringify(privateJwk), sealPurpose(purpose, jwk.kid));
      return { jwk, sealed, kekId: encryption.currentId };
    },
    async reseal({ jwk, sealed }) {
      const bound = sealPurpose(purpose, jwk.kid);
      const opened = await encryption.open(sealed, bound);
      return { jwk, sealed: await encryption.seal(opened, bound), kekId: encryption.currentId };
    },
  };
}

/** Opens a sealed signing key of the ring called `purpose` for signing only; the key cannot be exported again. */
export async function openSigningKey(
  encryption: KeyEncryption,
  purpose: string,
  sealed: { readonly kid: string; readonly alg: SignatureAlgorithm; readonly sealed: string },
): Promise<CryptoKey> {
  const jwk: JWK = JSON.parse(await encryption.open(sealed.sealed, sealPurpose(purpose, sealed.kid)));
  const key = await importJWK(jwk, sealed.alg, { extractable: false });
  if (!("type" in key) || key.type !== "private") throw new Error("the ring's key is not a private key");
  return key as CryptoKey;
}

/** A sealed key is bound to its ring and key id, so that swapping two stored rows opens neither. */
function sealPurpose(ring: string, kid: string): string {
  return `${ring}/${kid}`;
}

/** The public members of a key (RFC 7517), named by its thumbprint (RFC 7638). */
async function describe(alg: SignatureAlgorithm, { kty, crv, x, y, n, e }: JWK): Promise<PublicJwk> {
  if (kty === undefined) throw new Error("a key without a type");
  const members = { ...(crv && { crv }), ...(x && { x }), ...(y && { y }), ...(n && { n }), ...(e && { e }) };
  const kid = await calculateJwkThumbprint({ kty, ...members });
  return { kty, kid, alg, use: "sig", ...members };
}
