import type { Principal } from "../policy/principal.ts";
import type { SignIn } from "../protocol/sign_in_claims.ts";
import type { KeyQuota } from "./key_terms.ts";

/** What a held identity takes beside its text. */
const IDENTITY_BYTES = 160;

/** Whoever holds a credential that was proven. */
export type ProvenPrincipal = Exclude<Principal, { kind: "anonymous" }>;

/**
 * A proven credential while it is remembered. It holds what was proven, never a verdict: time, audience, issuer and
 * revocation are checked again at each use.
 */
export interface CredentialEntry {
  readonly principal: ProvenPrincipal;
  /** Names the credential in logs: a token's `jti`, a key's id. */
  readonly credentialId: string;
  /** When the credential ends, in Unix milliseconds; null for never. */
  readonly expiresAtMs: number | null;
  /** Signed identities made for this credential, by audience: a few at most. */
  readonly identities: Map<string, SignedIdentity>;
  /** The certificate that a token is bound to, by its thumbprint (RFC 8705 §3.1); absent where it is to none. */
  readonly certificate?: string | undefined;
  /** How the person signed in; absent where nobody did. */
  readonly signIn?: SignIn | undefined;
  /** Whether it is a browser session. */
  readonly isSession?: boolean | undefined;
  /** What an API key may be used beside the route's limits; absent where nothing is said of it. */
  readonly quota?: KeyQuota | undefined;
}

/** What identities beside the first take of a cache, in bytes: entries are weighed with one. */
export function laterIdentityBytes({ identities }: Pick<CredentialEntry, "identities">): number {
  if (identities.size < 2) return 0;
  const [, ...later] = identities.values();
  return later.reduce((bytes, { jwt }) => bytes + jwt.length + IDENTITY_BYTES, 0);
}

export interface SignedIdentity {
  /** The half-minute that it was made in. */
  readonly slot: number;
  readonly jwt: string;
}
