import { isWithin } from "./grant_code.ts";
import type { RefreshPresentation } from "./grant_requests.ts";
import { endedBy, type GrantState, type GrantTransition, isIdle, type RefreshState, refused } from "./grant_state.ts";

/** Which of a grant's refresh tokens a hash belongs to. `unknown`: the grant never issued it. */
export type RefreshGeneration = "current" | "previous" | "older" | "unknown";

/** The generation of `hash`. `isSpent` answers for every hash that the grant has spent. */
export function generationOf(state: GrantState, hash: string, isSpent: (hash: string) => boolean): RefreshGeneration {
  if (state.refresh === null) return "unknown";
  if (state.refresh.currentHash === hash) return "current";
  if (state.refresh.spent?.hash === hash) return "previous";
  return isSpent(hash) ? "older" : "unknown";
}

/**
 * Spends a refresh token for its successor (RFC 9700 §4.14.2). The one that was just spent gives the same successor
 * again while that is unused and the request is the same in all: the answer got lost, or the client asked twice at once. Any
 * other secret that this grant really issued is in two hands: the honest client's and a thief's, and nobody can tell
 * which is which. What the grant never issued changes nothing, or a stranger who saw a locator could end it.
 *
 * `nowMs` is when the request was there whole, `spentAtMs` when the secret is spent, which is later where the request waited for us.
 * The retry window begins there: a client whose answer came late, or never, has had no shorter time to ask again.
 */
export function refreshGrant(
  state: GrantState,
  presented: RefreshPresentation,
  generation: RefreshGeneration,
  nowMs: number,
  spentAtMs = nowMs,
): GrantTransition {
  const { refresh } = state;
  if (refresh === null || generation === "unknown") return refused(state, "refresh_unknown");
  if (presented.clientId !== state.terms.clientId) return refused(state, "refresh_of_another_client");
  if (state.revokedAtMs !== null) return refused(state, "grant_revoked");
  if (nowMs >= state.endsAtMs) return refused(state, "grant_ended");
  const isRetry = generation === "previous" && repeats(refresh, presented, state, nowMs);
  if (generation !== "current" && !isRetry) return endedBy(state, "refresh_reused", state.lifetimes.onReuse, nowMs);
  if (isIdle(state, nowMs)) return refused(state, "refresh_idle");
  if (isRetry) return { state, step: { kind: "granted", retried: true } };
  // Whoever lacks the key has a token that is of no use to them: refused, and the holder of the key keeps it (RFC 9449 §5).
  if (state.dpopThumbprint !== null && presented.dpopThumbprint !== state.dpopThumbprint) {
    return refused(state, "dpop_key_mismatch");
  }
  return { state: rotated(state, presented, nowMs, spentAtMs), step: { kind: "granted", retried: false } };
}

/** Whether `presented` is the request that spent the previous secret, once more and in time. */
function repeats(
  { spent, currentHash }: RefreshState,
  presented: RefreshPresentation,
  { lifetimes }: GrantState,
  nowMs: number,
): boolean {
  return (
    spent !== null &&
    isWithin(spent.atMs, lifetimes.refreshRetryMs, nowMs) &&
    spent.dpopThumbprint === presented.dpopThumbprint &&
    spent.narrowing === presented.narrowing &&
    currentHash === presented.successorHash
  );
}

function rotated(state: GrantState, presented: RefreshPresentation, nowMs: number, spentAtMs: number): GrantState {
  const { presentedHash: hash, successorHash, dpopThumbprint, narrowing } = presented;
  return {
    ...state,
    lastUsedAtMs: nowMs,
    refresh: {
      currentHash: successorHash,
      issuedAtMs: nowMs,
      spent: { hash, atMs: spentAtMs, dpopThumbprint, narrowing },
    },
  };
}
