import type { SignatureAlgorithm } from "../protocol/jws.ts";

/**
 * The platform's keys (WebCrypto) for the algorithms that exist here, from and to JWKs. What is signed and verified with them is jose's work, whose
 * own ways to keys are for every kind that there is.
 */

/** RFC 7518 §3.1 and RFC 8037 §3.1 in the platform's words. */
const PLATFORM = {
  ES256: { name: "ECDSA", namedCurve: "P-256" },
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  PS256: { name: "RSA-PSS", hash: "SHA-256" },
  EdDSA: { name: "Ed25519" },
} as const satisfies Readonly<Record<SignatureAlgorithm, object>>;

/** 3072 bits give RSA the 128-bit strength of the other algorithms (NIST SP 800-57 part 1, table 2). */
const RSA = { modulusLength: 3072, publicExponent: new Uint8Array([1, 0, 1]) };

/** The members of a key's JWK (RFC 7518 §6). */
export type KeyMembers = Readonly<Record<string, string>>;

/** A new pair for `alg`: its two halves, each as the members that are the key, and nothing of what it is for. */
export async function newKeyPair(
  alg: SignatureAlgorithm,
): Promise<{ readonly publicHalf: KeyMembers; readonly privateHalf: KeyMembers }> {
  const pair = await crypto.subtle.generateKey({ ...PLATFORM[alg], ...RSA }, true, ["sign", "verify"]);
  if (!("privateKey" in pair)) throw new Error("not a pair of keys");
  return { publicHalf: await membersOf(pair.publicKey), privateHalf: await membersOf(pair.privateKey) };
}

/**
 * The key that `members` are, for `alg` and for one use of it alone; it cannot be exported again. Throws where they are no such key: a public one does
 * not sign, and a private one is not taken where a public one belongs.
 */
export function importKey(alg: SignatureAlgorithm, members: KeyMembers, use: "sign" | "verify"): Promise<CryptoKey> {
  return crypto.subtle.importKey("jwk", { ...members, kty: members.kty ?? "" }, PLATFORM[alg], false, [use]);
}

async function membersOf(key: CryptoKey): Promise<KeyMembers> {
  const exported = await crypto.subtle.exportKey("jwk", key);
  const { alg: _alg, use: _use, ...members } = exported as JsonWebKey;
  return Object.fromEntries(
    Object.entries(members).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])),
  );
}
