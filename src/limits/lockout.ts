/**
 * Progressive lockout as plain data (M12): failures in a row of one login name, in budgets. Owns when a name is locked and for how
 * long. Refuses to know whose name it is, and whether there is an account behind it.
 *
 * Everybody without a standing shares one budget; a browser in which the name was signed in before has one of its own,
 * so that a stranger's failures lock strangers out and not the owner.
 */
export interface LockoutStep {
  readonly failures: number;
  readonly lockSeconds: number;
}

/** What a name's attempts are held against. The last step repeats. */
export interface LockoutRules {
  readonly steps: readonly LockoutStep[];
  /** For a known browser, whose attempts do not count against its address. */
  readonly attemptsPerMinute: number;
}

/** Failures in a row of one budget. Times in Unix milliseconds. */
export interface Tally {
  /** Since the last lock. */
  readonly failures: number;
  /** Locks so far. */
  readonly locks: number;
  readonly lockedUntilMs: number;
  readonly lastMs: number;
  /** When attempts were made within the last minute; kept of known browsers alone. */
  readonly recentMs: readonly number[];
}

export interface KnownBrowser {
  /** The keyed digest of the id in its cookie. */
  readonly id: string;
  readonly sinceMs: number;
  readonly tally: Tally;
}

/** All that is remembered of one name. */
export interface NameState {
  readonly strangers: Tally;
  /** The newest last. */
  readonly browsers: readonly KnownBrowser[];
}

export const MINUTE_MS = 60_000;
/** After a day without an attempt the row of failures is forgotten: a guesser who waits so long gets fewer tries than by going on. */
export const TALLY_MS = 86_400_000;
/** How long, and how many, browsers keep a standing. */
export const BROWSER_MS = 90 * 86_400_000;
export const MOST_BROWSERS = 20;

const FRESH: Tally = { failures: 0, locks: 0, lockedUntilMs: 0, lastMs: 0, recentMs: [] };
export const NEW_NAME: NameState = { strangers: FRESH, browsers: [] };

export type AttemptVerdict =
  /** Counted as a failure until `forgive` says otherwise. */
  | { readonly kind: "counted"; readonly by: "browser" | "strangers" }
  | { readonly kind: "refused"; readonly retryAfterMs: number };

/**
 * Counts an attempt before anyone looks at the password, so that many at once cannot all be the last one allowed. A refused
 * attempt changes nothing: a lock ends when it said it would, however often it is tried.
 */
export function countAttempt(
  state: NameState,
  browser: string | null,
  rules: LockoutRules,
  nowMs: number,
): { readonly state: NameState; readonly verdict: AttemptVerdict } {
  const current = forgetOld(state, nowMs);
  const known = current.browsers.find(({ id }) => id === browser);
  const before = known?.tally ?? current.strangers;
  const refusedMs = Math.max(
    before.lockedUntilMs - nowMs,
    known === undefined ? 0 : msUntilFree(before.recentMs, rules.attemptsPerMinute, MINUTE_MS, nowMs),
  );
  if (refusedMs > 0) return { state, verdict: { kind: "refused", retryAfterMs: refusedMs } };
  const after = fail(before, rules.steps, nowMs);
  if (known === undefined) {
    return { state: { ...current, strangers: after }, verdict: { kind: "counted", by: "strangers" } };
  }
  const tally = { ...after, recentMs: recordTake(before.recentMs, MINUTE_MS, nowMs) };
  const browsers = current.browsers.map((one) => (one === known ? { ...one, tally } : one));
  return { state: { ...current, browsers }, verdict: { kind: "counted", by: "browser" } };
}

/**
 * The attempt was right. The budget that it was counted in is as new, but for its address's or browser's pace. `newId` gives
 * the browser a standing from now on, in the place of the one it had: an id that somebody planted in it before is worth
 * nothing after. With `others` forgotten no other browser keeps a standing.
 */
export function forgive(
  state: NameState,
  browser: string | null,
  newId: string | null,
  nowMs: number,
  others: "keep" | "forget" = "keep",
): NameState {
  const current = forgetOld(state, nowMs);
  const known = current.browsers.find(({ id }) => id === browser);
  const tally = { ...FRESH, recentMs: known?.tally.recentMs ?? [], lastMs: nowMs };
  const kept = others === "keep" ? current.browsers.filter(({ id }) => id !== browser && id !== newId) : [];
  const id = newId ?? known?.id ?? null;
  const browsers = id === null ? kept : [...kept, { id, sinceMs: nowMs, tally }].slice(-MOST_BROWSERS);
  return { strangers: known === undefined ? FRESH : current.strangers, browsers };
}

/** More failures than anybody asks about: those of a budget that was locked. */
const LOCKED_FAILURES = 1_000;

/** Failures in a row of the budget that an attempt of `browser` would be counted in, and whose that is. */
export function failuresOf(
  state: NameState,
  browser: string | null,
  nowMs: number,
): { readonly count: number; readonly by: "browser" | "strangers" } {
  const { strangers, browsers } = forgetOld(state, nowMs);
  const known = browsers.find(({ id }) => id === browser);
  const { failures, locks } = known?.tally ?? strangers;
  return { count: failures + locks * LOCKED_FAILURES, by: known === undefined ? "strangers" : "browser" };
}

/** Whose budget attempts of `browser` are counted in. */
export function budgetOf(state: NameState, browser: string | null, nowMs: number): "browser" | "strangers" {
  return forgetOld(state, nowMs).browsers.some(({ id }) => id === browser) ? "browser" : "strangers";
}

/**
 * Takes back an attempt that was counted at `nowMs` and never decided: it says nothing about the password. Where it brought a lock
 * about, the lock goes with it.
 */
export function takeBack(
  state: NameState,
  browser: string | null,
  { steps }: Pick<LockoutRules, "steps">,
  nowMs: number,
): NameState {
  const current = forgetOld(state, nowMs);
  const known = current.browsers.find(({ id }) => id === browser);
  if (known === undefined) return { ...current, strangers: unfail(current.strangers, steps) };
  const { recentMs } = known.tally;
  const at = recentMs.lastIndexOf(nowMs);
  const tally = { ...unfail(known.tally, steps), recentMs: at < 0 ? recentMs : recentMs.toSpliced(at, 1) };
  return { ...current, browsers: current.browsers.map((one) => (one === known ? { ...one, tally } : one)) };
}

/** What is left of `state` at `nowMs`. */
export function forgetOld(state: NameState, nowMs: number): NameState {
  const strangers = isStale(state.strangers, nowMs) ? FRESH : state.strangers;
  const browsers = state.browsers
    .filter(({ sinceMs }) => sinceMs + BROWSER_MS > nowMs)
    .map((one) => (isStale(one.tally, nowMs) ? { ...one, tally: FRESH } : one));
  return { strangers, browsers };
}

/** Whether there is nothing to remember. */
export function isNew({ strangers, browsers }: NameState): boolean {
  return browsers.length === 0 && strangers.failures === 0 && strangers.locks === 0;
}

/** When something of `state` is next forgotten, in Unix milliseconds. */
export function nextForgetMs({ strangers, browsers }: NameState): number {
  const ends = browsers.map(({ sinceMs }) => sinceMs + BROWSER_MS);
  return Math.min(Math.max(strangers.lastMs, strangers.lockedUntilMs) + TALLY_MS, ...ends);
}

/**
 * Milliseconds until one more may be taken of `most` per any `windowMs`; 0 when it may be now. `takenMs` are the times of
 * what was taken. Exact, unlike aligned windows, of which two neighbours would let twice as many through.
 */
export function msUntilFree(takenMs: readonly number[], most: number, windowMs: number, nowMs: number): number {
  const live = takenMs.filter((at) => at + windowMs > nowMs).sort((a, b) => a - b);
  const oldest = live[live.length - most];
  return oldest === undefined ? 0 : oldest + windowMs - nowMs;
}

/** `takenMs` with one more at `nowMs`, without what no window holds any more. */
export function recordTake(takenMs: readonly number[], windowMs: number, nowMs: number): readonly number[] {
  return [...takenMs.filter((at) => at + windowMs > nowMs), nowMs];
}

function fail(tally: Tally, steps: readonly LockoutStep[], nowMs: number): Tally {
  const step = steps[Math.min(tally.locks, steps.length - 1)];
  const failures = tally.failures + 1;
  if (step === undefined || failures < step.failures) return { ...tally, failures, lastMs: nowMs };
  const lockedUntilMs = nowMs + step.lockSeconds * 1_000;
  return { ...tally, failures: 0, locks: tally.locks + 1, lockedUntilMs, lastMs: nowMs };
}

/** `fail` undone. What a success has forgotten meanwhile stays forgotten. */
function unfail(tally: Tally, steps: readonly LockoutStep[]): Tally {
  if (tally.failures > 0) return { ...tally, failures: tally.failures - 1 };
  const locks = tally.locks - 1;
  const step = steps[Math.min(locks, steps.length - 1)];
  if (locks < 0 || step === undefined) return tally;
  return { ...tally, failures: step.failures - 1, locks, lockedUntilMs: 0 };
}

function isStale({ lastMs, lockedUntilMs }: Tally, nowMs: number): boolean {
  return Math.max(lastMs, lockedUntilMs) + TALLY_MS <= nowMs;
}
