import type { FixedWindowPolicy } from "./limit.ts";

/** What one fixed-window counter remembers: the window it counts (its ordinal since the Unix epoch) and units used. */
export interface FixedWindowState {
  readonly window: number;
  readonly used: number;
}

function windowMs(policy: FixedWindowPolicy): number {
  return policy.windowSeconds * 1000;
}

/**
 * The counter as it stands at `nowMs`. A counter's clock is the latest time at which it granted: a caller whose clock
 * is behind counts in the window the counter is already in, for an earlier window reopened would be granted twice.
 */
export function windowAt(
  policy: FixedWindowPolicy,
  state: FixedWindowState | undefined,
  nowMs: number,
): FixedWindowState {
  const window = Math.floor(nowMs / windowMs(policy));
  return state !== undefined && state.window >= window ? state : { window, used: 0 };
}

/** `state` charged with `cost` units, or null where the window has too few left. */
export function chargeWindow(
  policy: FixedWindowPolicy,
  state: FixedWindowState,
  cost: number,
): FixedWindowState | null {
  const used = state.used + cost;
  return used <= policy.limit ? { window: state.window, used } : null;
}

/** Units left in the window; 0 where the limit was lowered under what is used. */
export function windowRemaining(policy: FixedWindowPolicy, state: FixedWindowState): number {
  return Math.max(0, policy.limit - state.used);
}

/** Milliseconds from `nowMs` until the window ends and the counter is as good as new; more than 0. */
export function msUntilWindowEnds(policy: FixedWindowPolicy, state: FixedWindowState, nowMs: number): number {
  return (state.window + 1) * windowMs(policy) - nowMs;
}
