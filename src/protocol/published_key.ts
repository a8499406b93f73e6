import type { SignatureAlgorithm } from "./jws.ts";

/** What a key must be for each algorithm (RFC 7518 §3.1, RFC 8037 §3.1). */
const SHAPE: Readonly<Record<SignatureAlgorithm, { readonly kty: string; readonly crv?: string }>> = {
  ES256: { kty: "EC", crv: "P-256" },
  RS256: { kty: "RSA" },
  PS256: { kty: "RSA" },
  EdDSA: { kty: "OKP", crv: "Ed25519" },
};

/** The public members of all of them (RFC 7518 §6, RFC 8037 §2). Nothing else of a key is kept. */
const MATERIAL = ["kty", "crv", "x", "y", "n", "e"] as const;
/** What no published key has (RFC 7518 §6.2.2, §6.3.2, §6.4.1). */
const SECRETS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] as const;
const MAX_KID_CHARACTERS = 256;
/** An RSA modulus of 16,384 bits. */
const MAX_MEMBER_CHARACTERS = 2_731;

type Published = Readonly<Record<string, unknown>>;

/** A published key of which only what verifies is left. */
export interface VerificationJwk extends Published {
  readonly kid: string;
}

/**
 * The keys of a set that can prove something. Symmetric keys are left out, and so is a key whose private half was
 * published with it: whoever read it signs as the issuer.
 */
export function verificationJwks(keys: readonly Published[]): readonly VerificationJwk[] {
  return keys.flatMap((key) => {
    const { kid, alg, use, key_ops: operations } = key;
    if (typeof kid !== "string" || kid === "" || kid.length > MAX_KID_CHARACTERS) return [];
    if (SECRETS.some((member) => key[member] !== undefined)) return [];
    if (!Object.values(SHAPE).some(({ kty }) => kty === key.kty)) return [];
    // RFC 7517 §4.2, §4.3: a key that is meant for something else is not used for this.
    if ((use ?? "sig") !== "sig" || !(operations === undefined || isFor(operations, "verify"))) return [];
    const material = MATERIAL.filter((member) => typeof key[member] === "string").map((member) => [
      member,
      key[member],
    ]);
    if (material.some(([, value]) => String(value).length > MAX_MEMBER_CHARACTERS)) return [];
    return [{ kid, ...(alg !== undefined && { alg }), ...Object.fromEntries(material) }];
  });
}

/**
 * The one key called `kid` for `alg`: its `alg`, where given, and its type decide, never the token alone (RFC 8725 §3.1).
 * Null where there is none, and where two different ones have the name: then nobody can say which.
 */
export function keyFor(keys: readonly VerificationJwk[], kid: string, alg: SignatureAlgorithm): VerificationJwk | null {
  const [first, ...others] = keys.filter((key) => key.kid === kid && fits(key, alg));
  if (first === undefined || others.some((other) => materialOf(other) !== materialOf(first))) return null;
  return first;
}

/** What the key is, whatever it is called: two keys are the same one where this is equal. */
export function materialOf(key: Published): string {
  return JSON.stringify(MATERIAL.map((member) => key[member] ?? null));
}

function fits(key: Published, alg: SignatureAlgorithm): boolean {
  const { kty, crv } = SHAPE[alg];
  const isOfAlgorithm = key.alg === undefined || key.alg === alg || (alg === "EdDSA" && key.alg === "Ed25519");
  return isOfAlgorithm && key.kty === kty && (crv === undefined || key.crv === crv);
}

function isFor(operations: unknown, operation: string): boolean {
  return Array.isArray(operations) && operations.includes(operation);
}
