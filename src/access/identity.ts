import { type RandomBytes, randomTokenId } from "../kernel/random.ts";
import type { Defer } from "../ports/edge_feed.ts";
import type { TokenSigner } from "../ports/token_signer.ts";
import { carriedClaims } from "../protocol/holdings.ts";
import { signInClaims } from "../protocol/sign_in_claims.ts";
import type { CredentialEntry, ProvenPrincipal, SignedIdentity } from "./credential_entry.ts";

/** The media type of the identity that origins receive. */
export const IDENTITY_TYPE = "sallyport-identity+jwt";

const LIFE_SECONDS = 60;
const SLOT_MS = 30_000;
/** Audiences that a credential's identities are kept for: one that goes to more origins has the others made anew. */
const MOST_HELD = 4;

/** Signs identities with the authorizer's own key, under its own name. */
export interface IdentityMaker {
  readonly issuer: string;
  readonly signer: TokenSigner;
  readonly random: RandomBytes;
}

/**
 * The identity of `credential` for the origin called `audience`: who was proven, as a JWT of 60 seconds. Made once per
 * credential, audience and half-minute, so one that is passed on lives at least 30 seconds more; and it never outlives
 * the credential. Throws `Outage`.
 */
export async function signedIdentity(
  credential: CredentialEntry,
  audience: string,
  nowMs: number,
  maker: IdentityMaker,
  defer: Defer,
): Promise<string> {
  const slot = Math.floor(nowMs / SLOT_MS);
  const held = credential.identities.get(audience);
  if (held?.slot === slot) return held.jwt;
  const nowSeconds = Math.floor(nowMs / 1000);
  const latest = credential.expiresAtMs === null ? Number.POSITIVE_INFINITY : Math.floor(credential.expiresAtMs / 1000);
  const claims = {
    iss: maker.issuer,
    aud: audience,
    ...principalClaims(credential.principal),
    ...(credential.certificate !== undefined && { cnf: { "x5t#S256": credential.certificate } }),
    ...(credential.signIn !== undefined && signInClaims(credential.signIn)),
    iat: nowSeconds,
    exp: Math.min(nowSeconds + LIFE_SECONDS, latest),
    jti: randomTokenId(maker.random),
  };
  const request = { alg: "ES256", type: IDENTITY_TYPE, claims, nowMs, leastRingVersion: 0 } as const;
  const jwt = await maker.signer.sign(request, defer);
  hold(credential.identities, audience, { slot, jwt });
  return jwt;
}

/** Keeps `identity` in the place of the one for the same audience, or of the one made longest ago. */
function hold(identities: CredentialEntry["identities"], audience: string, identity: SignedIdentity): void {
  identities.delete(audience);
  identities.set(audience, identity);
  for (const oldest of identities.keys()) {
    if (identities.size <= MOST_HELD) return;
    identities.delete(oldest);
  }
}

/** What the origin is told: `sub` with the kind of principal beside it, and the issuer that vouched where there is one. */
function principalClaims(principal: ProvenPrincipal): Readonly<Record<string, unknown>> {
  const shared = {
    sub: principal.id,
    scope: principal.scopes.join(" "),
    roles: principal.roles,
    ...carriedClaims(principal),
  };
  switch (principal.kind) {
    case "user":
      return { ...shared, principal: "user", sub_iss: principal.issuer, client_id: principal.clientId };
    case "client":
      return { ...shared, principal: "client", sub_iss: principal.issuer, client_id: principal.id };
    case "api_key":
      return { ...shared, principal: "api_key" };
  }
}
