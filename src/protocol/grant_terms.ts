import type { ClientId, SessionId } from "./ids.ts";

/** What a person granted to a client: fixed when the grant begins, carried by everything that is minted from it. */
export interface GrantTerms {
  readonly clientId: ClientId;
  /** The `sub` of this client's tokens: the user's id, or the pairwise subject of the client's sector. */
  readonly subject: string;
  /** The browser session that it was given in; null for grants without one (device, first-party). */
  readonly sessionId: SessionId | null;
  /** The `sid` of ID tokens and logout tokens: another one for each client (OpenID Connect Back-Channel Logout §2.1). */
  readonly sid: string | null;
  /** All scopes, those of OpenID Connect among them. */
  readonly scopes: readonly string[];
  /** The API that access tokens are for (RFC 8707); null: the issuer's endpoints and the default API. */
  readonly resource: string | null;
  readonly nonce: string | null;
  /** When the user last proved who they are, in Unix milliseconds (`auth_time`). */
  readonly authTimeMs: number;
  readonly amr: readonly string[];
  readonly acr: string | null;
  /** Whether refresh tokens are given. */
  readonly refreshable: boolean;
}

/** `offline_access`: the grant outlives the browser session that it was given in (OpenID Connect Core §11). */
export function outlivesSession(terms: GrantTerms): boolean {
  return terms.sessionId === null || terms.scopes.includes("offline_access");
}
