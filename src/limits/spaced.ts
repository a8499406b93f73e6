/**
 * A few at once, then one in each stretch of time: what must neither flood nor run dry. Unlike a number per window it is never used up
 * for long: whoever is refused is refused less than `everyMs` after somebody was let through, however many try.
 */
export interface Spacing {
  /** How many may come at once. */
  readonly burst: number;
  /** How long each of them takes to come back, in milliseconds. */
  readonly everyMs: number;
}

/** What came of a take: when everything is back if nothing more is taken, and how long to wait; 0 where it was taken. */
export interface SpacedTake {
  readonly fullAtMs: number;
  readonly retryAfterMs: number;
}

/**
 * Takes one at `nowMs`. `fullAtMs` is all that has to be remembered (the generic cell rate algorithm): a time, which means the same
 * after the settings have changed. A refused take changes nothing.
 */
export function takeSpaced(fullAtMs: number, { burst, everyMs }: Spacing, nowMs: number): SpacedTake {
  const from = Math.max(fullAtMs, nowMs);
  const retryAfterMs = Math.max(0, from - nowMs - (burst - 1) * everyMs);
  return retryAfterMs > 0 ? { fullAtMs, retryAfterMs } : { fullAtMs: from + everyMs, retryAfterMs: 0 };
}
