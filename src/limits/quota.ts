import type { LimitPolicy } from "./limit.ts";

/** Units that `policy` may grant at once. */
export function quota(policy: LimitPolicy): number {
  return policy.algorithm === "fixed" ? policy.limit : policy.burst;
}

/**
 * The part of a limit that may be kept as taken before it is: 1 in 20, and so nothing of a limit below 20. What is lost of
 * it, by a crash or because nobody came, is lost to the callers.
 */
export function twentieth(policy: LimitPolicy): number {
  return Math.floor(quota(policy) / 20);
}
