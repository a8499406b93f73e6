/*
 * How many calls one principal makes in a minute, and how many of them fail, against what is usual for it.
 */

/** The running minute, and what a minute with calls is like: centre and spread of ln(1 + calls), newer minutes weighing more. */
export interface RateTally {
  /** Number of the minute since 1970. */
  readonly minute: number;
  readonly count: number;
  readonly centre: number;
  readonly spread: number;
  /** Minutes that were learnt from. */
  readonly minutes: number;
}

/** Calls and errors of the running minute and of the one before. */
export interface ErrorTally {
  readonly calls: number;
  readonly errors: number;
  readonly callsBefore: number;
  readonly errorsBefore: number;
}

export interface Tallies {
  readonly rate: RateTally;
  readonly errors: ErrorTally;
}

const MINUTE_MS = 60_000;
/** Before so many minutes with calls nothing is unusual. */
const LEARN_MINUTES = 20;
/** The weight of a new minute once enough are known: half of what is known is from the last 14. */
const WEIGHT = 0.05;
/** No minute moves what is usual further than this many spreads: a burst is not learnt as a habit at once. */
const CLIP_SPREADS = 3;
/** Beyond so many spreads is far. */
const FAR_SPREADS = 4;
/** Whoever calls like clockwork may still vary by a quarter. */
const LEAST_SPREAD = 0.25;
const FIRST_SPREAD = 0.5;

/** Of somebody never seen. */
export function newTallies(): Tallies {
  return {
    rate: { minute: 0, count: 0, centre: 0, spread: FIRST_SPREAD, minutes: 0 },
    errors: { calls: 0, errors: 0, callsBefore: 0, errorsBefore: 0 },
  };
}

/** Adds calls at `atMs` (Unix milliseconds). What comes late counts as of the running minute. */
export function closeMinutes(
  { rate, errors }: Tallies,
  seen: { readonly atMs: number; readonly calls: number; readonly errors: number },
): Tallies {
  const minute = Math.floor(seen.atMs / MINUTE_MS);
  const gone = minute - rate.minute;
  const learnt = gone <= 0 ? rate : { ...learn(rate), minute, count: 0 };
  const next =
    gone <= 0
      ? errors
      : {
          calls: 0,
          errors: 0,
          callsBefore: gone === 1 ? errors.calls : 0,
          errorsBefore: gone === 1 ? errors.errors : 0,
        };
  return {
    rate: { ...learnt, count: learnt.count + seen.calls },
    errors: { ...next, calls: next.calls + seen.calls, errors: next.errors + seen.errors },
  };
}

/** The values where the running minute is far from what is usual, or null. */
export function rateIsFar(
  { count, centre, spread, minutes }: RateTally,
  { times, minPerMinute }: { readonly times: number; readonly minPerMinute: number },
): string | null {
  if (minutes < LEARN_MINUTES || count < minPerMinute) return null;
  const usual = Math.expm1(centre);
  const isFar = Math.log1p(count) > centre + FAR_SPREADS * Math.max(spread, LEAST_SPREAD);
  return isFar && count > times * usual ? `${count} calls a minute, usual: ${Math.round(usual)}` : null;
}

/** The values where errors of the last two minutes are a burst, or null. */
export function errorsBurst(
  tally: ErrorTally,
  { least, percent }: { readonly least: number; readonly percent: number },
): string | null {
  const errors = tally.errors + tally.errorsBefore;
  const calls = tally.calls + tally.callsBefore;
  return errors >= least && errors * 100 >= percent * calls ? `${errors} errors of ${calls} calls` : null;
}

function learn(rate: RateTally): RateTally {
  if (rate.count === 0) return rate;
  const value = Math.log1p(rate.count);
  if (rate.minutes === 0) return { ...rate, centre: value, minutes: 1 };
  const most = CLIP_SPREADS * Math.max(rate.spread, LEAST_SPREAD);
  const step = Math.max(-most, Math.min(most, value - rate.centre));
  const weight = Math.max(WEIGHT, 1 / (rate.minutes + 1));
  return {
    ...rate,
    centre: rate.centre + weight * step,
    spread: rate.spread + weight * (Math.abs(step) - rate.spread),
    minutes: Math.min(rate.minutes + 1, 1_000_000),
  };
}
