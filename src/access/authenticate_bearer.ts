import { ok, type Result } from "../kernel/result.ts";
import type { SignedAccessToken, TokenFault } from "../ports/access_tokens.ts";
import type { RevocationView } from "../ports/edge_feed.ts";
import { checkAccessTokenClaims } from "../protocol/access_token.ts";
import { tokenRevocation } from "../protocol/token_revocation.ts";
import { type BindingFault, bindingFault } from "./bound_token.ts";
import type { Call, Gate } from "./gate.ts";
import { type PinFault, pinFault, pinsOfClient } from "./pins.ts";
import { type CachedToken, cachedToken } from "./token_cache.ts";
import { type Unproven, unproven } from "./unproven.ts";

/** Why a token is refused here: by itself, or by how it was presented. */
export type BearerFault = TokenFault | BindingFault | PinFault | "throttled";

/**
 * Proves an access token: by its signature the first time, by memory afterwards, by everything else at each use.
 * `throttled`: the address has failed too often for another signature. Throws `Outage`.
 */
export async function authenticateBearer(
  token: string,
  call: Call,
  gate: Gate,
  view: RevocationView,
): Promise<Result<CachedToken, Unproven<BearerFault>>> {
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
): Result<CachedToken, Unproven<BearerFault>> {
  const fault = tokenFault(candidate.token, call, gate, view);
  return fault === null ? ok(candidate) : unproven(fault, candidate, costSignature);
}

/**
 * What is wrong with a signed token here and now, on this connection. Its age alone is said last: see `checkAccessTokenClaims`.
 */
function tokenFault(
  { claims, kid }: SignedAccessToken,
  call: Call,
  gate: Gate,
  view: RevocationView,
): BearerFault | null {
  const issuer = gate.issuers.get(claims.iss);
  if (issuer === undefined) return "token_issuer_unknown";
  const fault = checkAccessTokenClaims(claims, issuer, call.nowMs / 1000);
  if (fault !== null && fault !== "token_expired") return fault;
  const unbound = claims.confirmation === null ? null : bindingFault(claims.confirmation, call.connection);
  if (unbound !== null) return unbound;
  const pins = gate.pins === null ? null : pinsOfClient(gate.pins, claims);
  const unpinned = pins === null ? null : pinFault(pins, call.connection, call.nowMs);
  if (unpinned !== null) return unpinned;
  const revoked = issuer.isOwn ? tokenRevocation(claims, kid, (kind, id) => view.leastEpoch(kind, id)) : null;
  return revoked ?? fault;
}
