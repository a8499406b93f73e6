import { err, ok, type Result } from "../kernel/result.ts";
import type { TokenFault } from "../ports/access_tokens.ts";
import type { UserRecord } from "../ports/users.ts";
import { type AccessTokenClaims, checkAccessTokenClaims } from "../protocol/access_token.ts";
import { parseUserId } from "../protocol/ids.ts";
import { personClaims } from "../protocol/person_claims.ts";
import { tokenRevocation } from "../protocol/token_revocation.ts";
import { absence } from "./grant_holder.ts";
import type { Issuer, Moment } from "./issuer.ts";

/** How far ahead of this clock a token of our own may begin: isolates' clocks differ a little. */
const CLOCK_SKEW_SECONDS = 5;

/** Why UserInfo says nothing. `reason` is for the log; the caller learns the code (RFC 6750 §3.1). */
export type UserInfoFault =
  | { readonly code: "invalid_token"; readonly reason: TokenFault | "user_gone" | "user_disabled" }
  | { readonly code: "insufficient_scope"; readonly reason: "scope_missing" }
  | { readonly code: "temporarily_unavailable"; readonly reason: "edge_feed_stale" };

/** What is answered, and whom the log may name. */
export interface UserInfo {
  readonly claims: Readonly<Record<string, unknown>>;
  readonly clientId: string;
  readonly userId: string;
}

/**
 * UserInfo (OpenID Connect Core §5.3): what the scopes of `token` open of its person, under the subject that the token has.
 * The token must be ours, for the issuer, alive, not revoked, and carry `openid`. Without a picture of revocations
 * nothing is told. Throws `Outage`.
 */
export async function userinfoEndpoint(
  token: string,
  issuer: Issuer,
  moment: Moment,
): Promise<Result<UserInfo, UserInfoFault>> {
  const { nowMs, defer } = moment;
  const verified = await issuer.verifier.verify(token, nowMs, defer);
  if (!verified.ok) return invalid(verified.error);
  const { claims, kid } = verified.value;
  const expected = { issuer: issuer.url, audience: issuer.url, clockSkewSeconds: CLOCK_SKEW_SECONDS };
  const fault = checkAccessTokenClaims(claims, expected, Math.floor(nowMs / 1000));
  if (fault !== null) return invalid(fault);
  // Nothing here sees the connection's certificate.
  if (claims.confirmation !== null) return invalid("token_sender_constrained");
  const view = await issuer.revocations.view(nowMs, defer, 0);
  if (view === null) return err({ code: "temporarily_unavailable", reason: "edge_feed_stale" });
  const revoked = tokenRevocation(claims, kid, (kind, id) => view.leastEpoch(kind, id));
  if (revoked !== null) return invalid(revoked);
  if (!claims.scopes.includes("openid")) return err({ code: "insufficient_scope", reason: "scope_missing" });
  const user = await holderOf(claims, issuer);
  const gone = absence(user);
  if (user === null || gone !== null) return invalid(gone ?? "user_gone");
  return ok({
    claims: { sub: claims.sub, ...personClaims(user, claims.scopes) },
    clientId: claims.clientId,
    userId: user.id,
  });
}

/** The person behind a token's subject, be it public or one sector's own (OpenID Connect Core §8). */
async function holderOf({ sub }: AccessTokenClaims, issuer: Issuer): Promise<UserRecord | null> {
  const id = parseUserId(sub) ?? (await issuer.subjects.userOf(sub));
  return id === null ? null : issuer.users.find(id);
}

function invalid(reason: TokenFault | "user_gone" | "user_disabled"): Result<never, UserInfoFault> {
  return err({ code: "invalid_token", reason });
}
