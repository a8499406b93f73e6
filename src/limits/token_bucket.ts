import type { TokenBucketPolicy } from "./limit.ts";

/**
 * What one bucket remembers. `level` is in units of which a whole number makes a token and a whole number drips in
 * each millisecond, so that every sum is exact: with fractions of tokens, rounding would grant more than promised.
 */
export interface TokenBucketState {
  readonly atMs: number;
  readonly level: number;
}

/** A bucket policy in units. */
export interface BucketScale {
  readonly unitsPerToken: number;
  readonly unitsPerMs: number;
  /** Units of a full bucket. */
  readonly capacity: number;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** The coarsest units in which a token and a millisecond's refill are both whole. */
export function bucketScale(policy: TokenBucketPolicy): BucketScale {
  const intervalMs = policy.intervalSeconds * 1000;
  const divisor = greatestCommonDivisor(intervalMs, policy.refill);
  const unitsPerToken = intervalMs / divisor;
  return { unitsPerToken, unitsPerMs: policy.refill / divisor, capacity: policy.burst * unitsPerToken };
}

/** The bucket as it stands at `nowMs`. A clock that steps back refills nothing, now or when it returns. */
export function bucketAt(
  policy: TokenBucketPolicy,
  state: TokenBucketState | undefined,
  nowMs: number,
): TokenBucketState {
  const { capacity, unitsPerMs } = bucketScale(policy);
  if (state === undefined) return { atMs: nowMs, level: capacity };
  const elapsedMs = Math.max(0, nowMs - state.atMs);
  return {
    atMs: Math.max(nowMs, state.atMs),
    level: Math.min(capacity, state.level + elapsedMs * unitsPerMs),
  };
}

/** `state` with `cost` tokens taken out, or null where it holds too few. */
export function chargeBucket(
  policy: TokenBucketPolicy,
  state: TokenBucketState,
  cost: number,
): TokenBucketState | null {
  const level = state.level - cost * bucketScale(policy).unitsPerToken;
  return level >= 0 ? { atMs: state.atMs, level } : null;
}

/** Whole tokens in the bucket; 0 where it is in debt. */
export function bucketRemaining(policy: TokenBucketPolicy, state: TokenBucketState): number {
  return Math.max(0, Math.floor(state.level / bucketScale(policy).unitsPerToken));
}

/** Milliseconds from `nowMs` until the bucket holds `tokens`, or is full where it can never hold so many. */
export function msUntilTokens(
  policy: TokenBucketPolicy,
  state: TokenBucketState,
  tokens: number,
  nowMs: number,
): number {
  const { capacity, unitsPerToken, unitsPerMs } = bucketScale(policy);
  const missing = Math.max(0, Math.min(capacity, tokens * unitsPerToken) - state.level);
  return state.atMs - nowMs + Math.ceil(missing / unitsPerMs);
}
