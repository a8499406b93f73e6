import type { AttemptVerdict, LockoutRules } from "../limits/lockout.ts";

/** At most `most` in any `windowMs`. */
export interface Pace {
  readonly most: number;
  readonly windowMs: number;
}

/** What an object that counts guesses answers over RPC. One object counts one name, one address or one other budget. */
export interface GuessesObject {
  /** Counts an attempt on the name that this object is of. `onlyKnown`: a browser without a standing is told so, and not counted. */
  attempt(
    browser: string | null,
    onlyKnown: boolean,
    rules: LockoutRules,
    nowMs: number,
  ): Promise<AttemptVerdict | { readonly kind: "unknown_browser" }>;
  /** The attempt was right; `newId` is what the browser is known by from now on. */
  forgive(browser: string | null, newId: string | null, nowMs: number): Promise<void>;
  /** Takes one unit of a budget; otherwise how long to wait. */
  take(pace: Pace, nowMs: number): Promise<{ readonly retryAfterMs: number } | null>;
  /** Gives back one unit that was taken at `takenAtMs`. */
  giveBack(takenAtMs: number): Promise<void>;
}
