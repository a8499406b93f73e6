import type { ClientId } from "./ids.ts";

/** The media type of logout tokens: explicit, so that none passes for an ID token (OpenID Connect Back-Channel Logout §2.4). */
export const LOGOUT_TOKEN_TYPE = "logout+jwt";

const LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout";
/** It is sent the moment that it is made: two minutes are for clocks that differ (§4 recommends no more). */
const LOGOUT_TOKEN_SECONDS = 120;

/** What to mint. */
export interface LogoutTokenGrant {
  readonly issuer: string;
  readonly clientId: ClientId;
  /** The user, and the session that is over, as this client knows them. */
  readonly subject: string;
  readonly sid: string;
  /** The same at each repetition: a client that was told already can see so. */
  readonly tokenId: string;
  readonly nowSeconds: number;
}

/** The claim set of a logout token (OpenID Connect Back-Channel Logout §2.4). There is no `nonce`, so that none passes for an ID token. */
export function logoutTokenClaims(grant: LogoutTokenGrant): Readonly<Record<string, unknown>> {
  return {
    iss: grant.issuer,
    aud: grant.clientId,
    iat: grant.nowSeconds,
    exp: grant.nowSeconds + LOGOUT_TOKEN_SECONDS,
    jti: grant.tokenId,
    events: { [LOGOUT_EVENT]: {} },
    sub: grant.subject,
    sid: grant.sid,
  };
}
