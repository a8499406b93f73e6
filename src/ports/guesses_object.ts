import type { AttemptVerdict, LockoutRules } from "../limits/lockout.ts";
import type { Spacing } from "../limits/spaced.ts";

/** At most `most` in any `windowMs`. */
export interface Pace {
  readonly most: number;
  readonly windowMs: number;
}

/** Whose attempts a budget counts: those of strangers are their address's too. */
export type CountedBy = "browser" | "strangers";

/** What an object that counts guesses answers over RPC. One object counts one name, one address or one other budget. */
export interface GuessesObject {
  /** Counts an attempt on the name that this object is of. `onlyKnown`: a browser without a standing is told so, and not counted. */
  attempt(
    browser: string | null,
    onlyKnown: boolean,
    rules: LockoutRules,
    nowMs: number,
  ): Promise<AttemptVerdict | { readonly kind: "unknown_browser" }>;
  /**
   * The attempt was right; `newId` is what the browser is known by from now on, and `others` what becomes of the name's other
   * browsers. Answers which budget it was counted in.
   */
  forgive(browser: string | null, newId: string | null, nowMs: number, others?: "keep" | "forget"): Promise<CountedBy>;
  /** An attempt that was counted at `nowMs` was never decided. Answers which budget has it back. */
  takeBack(browser: string | null, rules: LockoutRules, nowMs: number): Promise<CountedBy>;
  /** Takes one unit of a budget; otherwise how long to wait. */
  take(pace: Pace, nowMs: number): Promise<{ readonly retryAfterMs: number } | null>;
  /** Takes one of a budget that comes back one by one; otherwise how long to wait. */
  takeSpaced(spacing: Spacing, nowMs: number): Promise<{ readonly retryAfterMs: number } | null>;
  /** Whether the browser has a standing with the name that this object is of. Changes nothing. */
  knows(browser: string, nowMs: number): Promise<boolean>;
  /** Failures in a row of the budget that an attempt of `browser` would be counted in; a lock counts as many. Changes nothing. */
  failures(browser: string | null, nowMs: number): Promise<{ readonly count: number; readonly by: CountedBy }>;
  /** What is taken of a paced budget now. Changes nothing. */
  taken(nowMs: number): Promise<number>;
  /** Gives back one unit that was taken at `takenAtMs`. */
  giveBack(takenAtMs: number): Promise<void>;
}
