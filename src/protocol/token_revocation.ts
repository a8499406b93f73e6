import type { AccessTokenClaims } from "./access_token.ts";
import type { FeedEntry, FeedKind } from "./edge_feed.ts";

/** The question a check puts to the edge feed's view. */
type LeastEpoch = (kind: FeedKind, id: string) => number;

/** Which revocation ends a token of our own issuer. */
export type TokenRevocation =
  | "token_revoked"
  | "token_client_revoked"
  | "token_grant_revoked"
  | "token_user_revoked"
  | "token_key_withdrawn";

/**
 * Which revocation ends a token of our own issuer, or null. The user is known by `sub`, as this client knows them: a
 * pairwise subject is announced under its own name. A client's own token has no user; no entry names it as one.
 */
export function tokenRevocation(
  claims: AccessTokenClaims,
  kid: string,
  leastEpoch: LeastEpoch,
): TokenRevocation | null {
  if (leastEpoch("token", claims.jti) > 0) return "token_revoked";
  if (leastEpoch("client", claims.clientId) > claims.clientEpoch) return "token_client_revoked";
  if (claims.grantId !== null && leastEpoch("grant", claims.grantId) > 0) return "token_grant_revoked";
  if (claims.sub !== claims.clientId && leastEpoch("user", claims.sub) > claims.userEpoch) return "token_user_revoked";
  return leastEpoch("kid", kid) > 0 ? "token_key_withdrawn" : null;
}

/** The entry that ends one token. It may be forgotten once the token has expired by itself. */
export function tokenEntry(claims: AccessTokenClaims): FeedEntry {
  return { kind: "token", id: claims.jti, epoch: 1, untilMs: Math.ceil(claims.expSeconds) * 1000 };
}
