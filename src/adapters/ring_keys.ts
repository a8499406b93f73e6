import { sha256Base64url } from "../kernel/bytes.ts";
import { canonicalJson } from "../kernel/canonical_json.ts";
import type { KeyMaker } from "../ports/key_ring.ts";
import type { SignatureAlgorithm } from "../protocol/jws.ts";
import type { PublicJwk } from "../protocol/signing_key_ring.ts";
import type { KeyEncryption } from "./key_encryption.ts";
import { importKey, type KeyMembers, newKeyPair } from "./platform_keys.ts";

/** Makes signing keys and seals their private halves for `purpose`, the ring's name. */
export function ringKeyMaker(encryption: KeyEncryption, purpose: string): KeyMaker {
  return {
    currentKekId: encryption.currentId,
    canOpen: ({ kekId }) => encryption.knows(kekId),
    async make(alg) {
      const { publicHalf, privateHalf } = await newKeyPair(alg);
      const jwk = await describe(alg, publicHalf);
      const sealed = await encryption.seal(JSON.stringify(privateHalf), sealPurpose(purpose, jwk.kid));
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
  const members: KeyMembers = JSON.parse(await encryption.open(sealed.sealed, sealPurpose(purpose, sealed.kid)));
  return importKey(sealed.alg, members, "sign");
}

/** A sealed key is bound to its ring and key id, so that swapping two stored rows opens neither. */
function sealPurpose(ring: string, kid: string): string {
  return `${ring}/${kid}`;
}

/** A public key (RFC 7517), named by its thumbprint (RFC 7638 §3: the digest of its members in order, and of nothing else). */
async function describe(alg: SignatureAlgorithm, members: KeyMembers): Promise<PublicJwk> {
  const { kty } = members;
  if (kty === undefined) throw new Error("a key without a type");
  return { ...members, kty, kid: await sha256Base64url(canonicalJson(members)), alg, use: "sig" };
}
