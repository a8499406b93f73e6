import type { CodeRedemption, GrantRefusal } from "./grant_requests.ts";
import { type CodeState, endedBy, firstGiving, type GrantState, type GrantTransition, refused } from "./grant_state.ts";

/**
 * Redeems an authorization code (RFC 6749 §4.1.3). Who does not know the code's secret changes nothing. Who knows it and
 * fails anything else spends the code and ends the grant: the code has leaked, or its client is not what it was. An
 * honest client can begin anew, a thief cannot try twice.
 *
 * `nowMs` is when the request was there whole: its lateness counts up to then, and not what it waited for us. `spentAtMs` is when
 * the code is spent, which is later where it waited: the window of the double submit begins there, or our own queue would use it up.
 */
export function redeemCode(
  state: GrantState,
  redemption: CodeRedemption,
  nowMs: number,
  spentAtMs = nowMs,
): GrantTransition {
  const { code } = state;
  if (code === null || code.hash !== redemption.codeHash) return refused(state, "code_unknown");
  if (state.revokedAtMs !== null) return refused(state, "grant_revoked");
  const fault = redemptionFault(state, code, redemption);
  if (code.redeemedAtMs !== null) {
    const isHonest = fault === null && redemption.dpopThumbprint === state.dpopThumbprint;
    return isHonest && isWithin(code.redeemedAtMs, state.lifetimes.codeRetryMs, nowMs)
      ? refused(state, "code_double_submit")
      : endedBy(state, "code_spent", "grant", nowMs);
  }
  if (nowMs >= state.endsAtMs) return refused(state, "code_expired");
  if (fault !== null) return endedBy(state, fault, "grant", nowMs);
  const given = firstGiving(state, redemption.refreshHash, redemption.dpopThumbprint, nowMs);
  const redeemed = { ...state, ...given, code: { ...code, redeemedAtMs: spentAtMs } };
  return { state: redeemed, step: { kind: "granted", retried: false } };
}

/** Whether `nowMs` lies within `windowMs` of `sinceMs`, or before it. A window of 0 holds nothing, whatever clocks say. */
export function isWithin(sinceMs: number, windowMs: number, nowMs: number): boolean {
  return windowMs > 0 && nowMs - sinceMs < windowMs;
}

/** What a redemption with the right secret lacks, or null. */
function redemptionFault(state: GrantState, code: CodeState, redemption: CodeRedemption): GrantRefusal | null {
  if (redemption.clientId !== state.terms.clientId) return "code_of_another_client";
  return redirectFault(code, redemption) ?? verifierFault(code, redemption) ?? keyFault(code, redemption);
}

/** RFC 6749 §4.1.3: the same as in the authorization request. With PKCE it may be left out, as OAuth 2.1 has it. */
function redirectFault(code: CodeState, { redirectUri }: CodeRedemption): GrantRefusal | null {
  const isEqual = redirectUri === null ? code.codeChallenge !== null : redirectUri === code.redirectUri;
  return isEqual ? null : "redirect_uri_mismatch";
}

/**
 * RFC 7636 §4.6. A verifier for a code without a challenge is refused too: somebody took the challenge out of the
 * authorization request (RFC 9700 §4.8.2, PKCE downgrade).
 */
function verifierFault({ codeChallenge }: CodeState, { verifierChallenge }: CodeRedemption): GrantRefusal | null {
  if (codeChallenge === null) return verifierChallenge === null ? null : "verifier_unexpected";
  if (verifierChallenge === null) return "verifier_missing";
  return verifierChallenge === codeChallenge ? null : "verifier_mismatch";
}

/** RFC 9449 §10: a code that names a key is redeemed with a proof of that key. */
function keyFault(code: CodeState, { dpopThumbprint }: CodeRedemption): GrantRefusal | null {
  return code.dpopThumbprint === null || code.dpopThumbprint === dpopThumbprint ? null : "dpop_key_mismatch";
}
