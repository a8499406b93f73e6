import { err, ok, type Result } from "../kernel/result.ts";
import type { AccessTokenVerifier, TokenFault } from "../ports/access_tokens.ts";
import type { Defer, Revocations } from "../ports/edge_feed.ts";
import { type AccessTokenClaims, checkAccessTokenClaims } from "../protocol/access_token.ts";
import { tokenRevocation } from "../protocol/token_revocation.ts";
import { ADMIN_SCOPE } from "../protocol/token_target.ts";

/** How far ahead of this clock a token of our own issuer may begin: isolates' clocks differ a little. */
const CLOCK_SKEW_SECONDS = 5;

/** Whose act it is, for the log. */
export interface AdminActor {
  readonly clientId: string;
  readonly tokenId: string;
}

/** Why a token is not an operator's. `reason` is for the log; the caller learns the code, and an expiry. */
export type AdmissionFault =
  | { readonly code: "invalid_token"; readonly reason: TokenFault | "token_subject_not_its_client" }
  | { readonly code: "insufficient_scope" }
  | { readonly code: "temporarily_unavailable" };

/** What an admission rests on. */
export interface Admission {
  readonly issuerUrl: string;
  readonly verifier: AccessTokenVerifier;
  readonly revocations: Revocations;
}

/**
 * Decides whether `token` opens the admin API: signed by our ring, for the issuer alone, alive, not revoked, held by a
 * client in its own name, with the scope `admin`. Without a picture of revocations nobody is let in. Throws `Outage` when
 * keys cannot be had.
 */
export async function authenticateAdmin(
  token: string,
  { issuerUrl, verifier, revocations }: Admission,
  nowMs: number,
  defer: Defer,
): Promise<Result<AdminActor, AdmissionFault>> {
  const verified = await verifier.verify(token, nowMs, defer);
  if (!verified.ok) return invalid(verified.error);
  const { claims, kid } = verified.value;
  const fault = audienceFault(claims, issuerUrl) ?? claimsFault(claims, issuerUrl, nowMs);
  if (fault !== null) return invalid(fault);
  // Nothing here sees the connection's certificate.
  if (claims.confirmation !== null) return invalid("token_sender_constrained");
  const view = await revocations.view(nowMs, defer, 0);
  if (view === null) return err({ code: "temporarily_unavailable" });
  const revoked = tokenRevocation(claims, kid, (kind, id) => view.leastEpoch(kind, id));
  if (revoked !== null) return invalid(revoked);
  // Only the client credentials grant ends here. A person's token will need rules of its own (recency, second factor).
  if (claims.sub !== claims.clientId) return invalid("token_subject_not_its_client");
  if (!claims.scopes.includes(ADMIN_SCOPE)) return err({ code: "insufficient_scope" });
  return ok({ clientId: claims.clientId, tokenId: claims.jti });
}

/** A token that an API takes as well could be replayed here by that API's operator, whatever its scopes say. */
function audienceFault({ aud }: AccessTokenClaims, issuerUrl: string): TokenFault | null {
  return aud.length === 1 && aud[0] === issuerUrl ? null : "token_audience_wrong";
}

function claimsFault(claims: AccessTokenClaims, issuerUrl: string, nowMs: number): TokenFault | null {
  const expected = { issuer: issuerUrl, audience: issuerUrl, clockSkewSeconds: CLOCK_SKEW_SECONDS };
  return checkAccessTokenClaims(claims, expected, Math.floor(nowMs / 1000));
}

function invalid(reason: TokenFault | "token_subject_not_its_client"): Result<never, AdmissionFault> {
  return err({ code: "invalid_token", reason });
}
