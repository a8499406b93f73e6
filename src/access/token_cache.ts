import { Lru } from "../kernel/lru.ts";
import type { SignedAccessToken } from "../ports/access_tokens.ts";
import type { CredentialEntry, ProvenPrincipal } from "./credential_entry.ts";

/** A token whose signature was verified in this isolate. */
export interface CachedToken extends CredentialEntry {
  readonly token: SignedAccessToken;
}

const ENTRY_BYTES = 2_048;

/** Verified tokens by the token itself: a string equal to one that was verified proves what that one proved. */
export class TokenCache {
  readonly #entries = new Lru<CachedToken>({ maxEntries: 8_000, maxBytes: 24 * 1024 * 1024 });

  get(token: string): CachedToken | undefined {
    return this.#entries.get(token);
  }

  /** Remembers a verified token. */
  add(token: string, entry: CachedToken): void {
    this.#entries.set(token, entry, token.length * 2 + ENTRY_BYTES);
  }
}

/** What is remembered of a verified token. */
export function cachedToken(token: SignedAccessToken): CachedToken {
  const { jti, expSeconds, confirmation } = token.claims;
  const expiresAtMs = expSeconds * 1000;
  const certificate = confirmation?.thumbprint;
  return { token, principal: principalOf(token), credentialId: jti, expiresAtMs, certificate, identities: new Map() };
}

/** A token whose subject is its client speaks for the client; any other subject is a user (RFC 9068 §2.2). */
function principalOf({ claims }: SignedAccessToken): ProvenPrincipal {
  const { iss: issuer, sub: id, clientId, scopes, roles } = claims;
  return id === clientId
    ? { v: 1, kind: "client", id, issuer, scopes, roles }
    : { v: 1, kind: "user", id, issuer, clientId, scopes, roles };
}
