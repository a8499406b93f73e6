import { toBase64url, utf8 } from "../kernel/bytes.ts";
import type { ClientId } from "./ids.ts";
import type { SignatureAlgorithm } from "./jws.ts";
import { type SignIn, signInClaims } from "./sign_in_claims.ts";

/** The media type of ID tokens. It is not `at+jwt`, so that no API takes one for an access token (RFC 9068 §4). */
export const ID_TOKEN_TYPE = "JWT";

/**
 * What clients may register for their ID tokens. RS256, which every client must know (OpenID Connect Core §15.1); ES256 and
 * EdDSA, whose keys are made in no time. Not PS256: a second RSA pair to make, at the first start and at each rotation,
 * for nothing that the others do not give.
 */
export const ID_TOKEN_ALGORITHMS = ["RS256", "ES256", "EdDSA"] as const satisfies readonly SignatureAlgorithm[];

/** What to mint. Times in Unix seconds. */
export interface IdTokenGrant {
  readonly issuer: string;
  readonly subject: string;
  readonly clientId: ClientId;
  readonly nowSeconds: number;
  readonly ttlSeconds: number;
  readonly signIn: SignIn;
  /** What the authorization request sent; null where it sent none, and at every refresh (OpenID Connect Core §12.2). */
  readonly nonce: string | null;
  readonly sid: string | null;
  /** `accessTokenHash` of the access token beside it. */
  readonly atHash: string;
}

/**
 * The claim set of an ID token (OpenID Connect Core §2, §3.1.3.6): who signed in, when and how. Claims about the person are
 * UserInfo's to tell (§5.4), so that a token that ends in logs and browsers' memories holds no address or name.
 */
export function idTokenClaims(grant: IdTokenGrant): Readonly<Record<string, unknown>> {
  return {
    iss: grant.issuer,
    sub: grant.subject,
    aud: grant.clientId,
    azp: grant.clientId,
    iat: grant.nowSeconds,
    exp: grant.nowSeconds + grant.ttlSeconds,
    ...signInClaims(grant.signIn),
    ...(grant.nonce === null ? {} : { nonce: grant.nonce }),
    ...(grant.sid === null ? {} : { sid: grant.sid }),
    at_hash: grant.atHash,
  };
}

/** What an ID token's algorithm hashes with. Ed25519 has SHA-512 inside (RFC 8032 §5.1). */
const HASH: Readonly<Record<SignatureAlgorithm, "SHA-256" | "SHA-512">> = {
  ES256: "SHA-256",
  RS256: "SHA-256",
  PS256: "SHA-256",
  EdDSA: "SHA-512",
};

/** `at_hash`: the left half of the hash that `alg`, the ID token's own, implies (OpenID Connect Core §3.1.3.6). base64url. */
export async function accessTokenHash(accessToken: string, alg: SignatureAlgorithm): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest(HASH[alg], utf8(accessToken)));
  return toBase64url(digest.subarray(0, digest.length / 2));
}
