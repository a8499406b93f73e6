import { heldBytes } from "../kernel/held_bytes.ts";
import { Lru } from "../kernel/lru.ts";
import type { SignedAccessToken } from "../ports/access_tokens.ts";
import { carriedBytes } from "../protocol/holdings.ts";
import { NO_SIGN_IN } from "../protocol/sign_in_claims.ts";
import { type CredentialEntry, laterIdentityBytes, type ProvenPrincipal } from "./credential_entry.ts";
import { describedBy } from "./described.ts";

/** A token whose signature was verified in this isolate. */
export interface CachedToken extends CredentialEntry {
  readonly token: SignedAccessToken;
}

/** Claims, principal and the first identity, beside what grows with the token. */
const ENTRY_BYTES = 1_024;

/** Verified tokens by the token itself: a string equal to one that was verified proves what that one proved. */
export class TokenCache {
  readonly #entries = new Lru<CachedToken>({ maxEntries: 8_000, maxBytes: 21 * 1024 * 1024 });

  get(token: string): CachedToken | undefined {
    const entry = this.#entries.get(token);
    if (entry !== undefined && entry.identities.size > 1) this.#entries.resize(token, bytesOf(token, entry));
    return entry;
  }

  /** Remembers a verified token. */
  add(token: string, entry: CachedToken): void {
    this.#entries.set(token, entry, bytesOf(token, entry));
  }
}

/** The token is held as its text and once more in its first identity; names of scopes and roles also by themselves. */
function bytesOf(token: string, entry: CachedToken): number {
  const { scopes, roles, signIn } = entry.token.claims;
  const texts = heldBytes(scopes) + heldBytes(roles) + heldBytes(signIn.amr) + carriedBytes(entry.principal);
  return ENTRY_BYTES + token.length * 2 + texts + laterIdentityBytes(entry);
}

/** What is remembered of a verified token. */
export function cachedToken(token: SignedAccessToken): CachedToken {
  const { jti, expSeconds, confirmation, signIn } = token.claims;
  const expiresAtMs = expSeconds * 1000;
  const certificate = confirmation?.thumbprint;
  const proven = { token, principal: principalOf(token), credentialId: jti, expiresAtMs, certificate };
  return { ...proven, signIn: signIn === NO_SIGN_IN ? undefined : signIn, identities: new Map() };
}

/** A token whose subject is its client speaks for the client; any other subject is a user (RFC 9068 §2.2). */
function principalOf({ claims }: SignedAccessToken): ProvenPrincipal {
  const { iss: issuer, sub: id, clientId, scopes, roles } = claims;
  const described = describedBy(claims);
  return id === clientId
    ? { v: 1, kind: "client", id, issuer, scopes, roles, ...described }
    : { v: 1, kind: "user", id, issuer, clientId, scopes, roles, ...described };
}
