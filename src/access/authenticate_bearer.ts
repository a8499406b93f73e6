import { ok, type Result } from "../kernel/result.ts";
import type { SignedAccessToken, TokenFault } from "../ports/access_tokens.ts";
import type { RevocationView } from "../ports/edge_feed.ts";
import { checkAccessTokenClaims } from "../protocol/access_token.ts";
import { tokenRevocation } from "../protocol/token_revocation.ts";
import type { Call, Gate } from "./gate.ts";
import { type CachedToken, cachedToken } from "./token_cache.ts";
import { type Unproven, unproven } from "./unproven.ts";

/**
 * Proves an access token: by its signature the first time, by memory afterwards, by everything else at each use.
 * `throttled`: the address has failed too often for another signature. Throws `Outage`.
 */
export async function authenticateBearer(
  token: string,
  call: Call,
  gate: Gate,
  view: RevocationView,
): Promise<Result<CachedToken, Unproven<TokenFault | "throttled">>> {
  const held = gate.tokens.get(token);
  if (held !== undefined && stillProven(held, call)) return checked(held, call, gate, view, false);
  if (gate.failures.waitSeconds(call.address, call.nowMs) > 0) return unproven("throttled", null);
  const signed = await gate.verifier.verify(token, call.nowMs, call.defer);
  if (!signed.ok) return unproven(signed.error, null);
  const proven = checked(cachedToken(signed.value), call, gate, view, true);
  if (proven.ok) gate.tokens.add(token, proven.value);
  return proven;
}

/** Whether what proved it still does. Our own keys are told by the feed. */
function stillProven({ token: { standing } }: CachedToken, call: Call): boolean {
  return standing === null || standing.counts(call.nowMs, call.defer);
}

function checked(
  candidate: CachedToken,
  call: Call,
  gate: Gate,
  view: RevocationView,
  costSignature: boolean,
): Result<CachedToken, Unproven<TokenFault | "throttled">> {
  const fault = tokenFault(candidate.token, call, gate, view);
  return fault === null ? ok(candidate) : unproven(fault, candidate, costSignature);
}

/** What is wrong with a signed token here and now. Its age alone is said last: see `checkAccessTokenClaims`. */
function tokenFault(
  { claims, kid }: SignedAccessToken,
  call: Call,
  gate: Gate,
  view: RevocationView,
): TokenFault | null {
  const issuer = gate.issuers.get(claims.iss);
  if (issuer === undefined) return "token_issuer_unknown";
  const fault = checkAccessTokenClaims(claims, issuer, call.nowMs / 1000);
  if (fault !== null && fault !== "token_expired") return fault;
  const revoked = issuer.isOwn ? tokenRevocation(claims, kid, (kind, id) => view.leastEpoch(kind, id)) : null;
  return revoked ?? fault;
}
