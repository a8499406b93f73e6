import type { AccessTokenClaims } from "./access_token.ts";
import type { FeedEntry, FeedKind } from "./edge_feed.ts";

/** The question a check puts to the edge feed's view. */
type LeastEpoch = (kind: FeedKind, id: string) => number;

/** Which revocation ends a token of our own issuer, or null. */
export function tokenRevocation(
  claims: AccessTokenClaims,
  kid: string,
  leastEpoch: LeastEpoch,
): "token_revoked" | "token_client_revoked" | "token_key_withdrawn" | null {
  if (leastEpoch("token", claims.jti) > 0) return "token_revoked";
  if (leastEpoch("client", claims.clientId) > claims.clientEpoch) return "token_client_revoked";
  return leastEpoch("kid", kid) > 0 ? "token_key_withdrawn" : null;
}

/** The entry that ends one token. It may be forgotten once the token has expired by itself. */
export function tokenEntry(claims: AccessTokenClaims): FeedEntry {
  return { kind: "token", id: claims.jti, epoch: 1, untilMs: Math.ceil(claims.expSeconds) * 1000 };
}
