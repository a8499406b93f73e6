/**
 * How much may be repeated. Each first call earns a share of a repetition, each second earns some more, so that a small
 * service can repeat at all; what is earned is kept up to a bound. An origin in trouble then gets little more than
 * its usual load, however many calls fail.
 */
export interface RetryBudgetSettings {
  /** Repetitions earned by a hundred calls. */
  readonly percent: number;
  /** Repetitions earned by each second. */
  readonly perSecond: number;
}

/** What is earned and not spent, in thousandths of a repetition: every sum is whole. */
export interface RetryBudgetState {
  readonly thousandths: number;
  readonly atMs: number;
}

const ONE = 1000;
const KEPT_SECONDS = 10;

/** The most repetitions that are kept: what ten seconds earn, and at least one. */
export function keptRetries({ perSecond }: RetryBudgetSettings): number {
  return Math.max(1, perSecond * KEPT_SECONDS);
}

/** A budget in which all is there that may be kept. */
export function newRetryBudget(settings: RetryBudgetSettings, nowMs: number): RetryBudgetState {
  return { thousandths: keptRetries(settings) * ONE, atMs: nowMs };
}

/** The budget after one more first call. */
export function earnRetry(state: RetryBudgetState, settings: RetryBudgetSettings, nowMs: number): RetryBudgetState {
  return earn(state, settings, (settings.percent * ONE) / 100, nowMs);
}

/** The budget after one repetition, or null where it does not allow it. */
export function spendRetry(
  state: RetryBudgetState,
  settings: RetryBudgetSettings,
  nowMs: number,
): RetryBudgetState | null {
  const { thousandths, atMs } = earn(state, settings, 0, nowMs);
  return thousandths < ONE ? null : { thousandths: thousandths - ONE, atMs };
}

function earn(state: RetryBudgetState, settings: RetryBudgetSettings, more: number, nowMs: number): RetryBudgetState {
  const elapsedMs = Math.max(0, nowMs - state.atMs);
  const earned = state.thousandths + more + (elapsedMs * settings.perSecond * ONE) / 1000;
  return { thousandths: Math.min(keptRetries(settings) * ONE, earned), atMs: Math.max(nowMs, state.atMs) };
}

/**
 * Milliseconds to wait before the repetition that follows `attempt` (1 for the first call): anything below a bound that doubles
 * each time, so that callers who failed together do not come back together. `random` gives numbers from 0 up to 1.
 */
export function backoffMs(
  attempt: number,
  { baseMs, maxMs }: { readonly baseMs: number; readonly maxMs: number },
  random: () => number,
): number {
  return Math.floor(random() * Math.min(maxMs, baseMs * 2 ** (attempt - 1)));
}
