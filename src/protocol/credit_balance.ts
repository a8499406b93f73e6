import type { KeyCredits } from "./api_key_terms.ts";

/**
 * What is left of an API key's credits, as plain data. Owns the arithmetic: a balance begins with the whole amount, refills come at
 * whole intervals after the series began and never go above the amount, a higher series begins anew.
 */
export interface CreditBalance extends KeyCredits {
  readonly left: number;
  /** Intervals whose refill is in `left` already. */
  readonly refilled: number;
}

/**
 * The balance at `nowMs` (Unix milliseconds), of a key whose caller knows its credits as `credits`. A caller whose copy of the key is
 * older than `held` spends from the newer series: an operator's change never gives back what was spent under it.
 */
export function balanceAt(held: CreditBalance | null, credits: KeyCredits, nowMs: number): CreditBalance {
  if (held === null || held.series < credits.series) {
    return { ...credits, left: credits.amount, refilled: intervalsAt(credits, nowMs) };
  }
  const due = intervalsAt(held, nowMs) - held.refilled;
  if (due <= 0 || held.refill === null) return held;
  const left = Math.min(held.amount, held.left + due * held.refill.amount);
  return { ...held, left, refilled: held.refilled + due };
}

/** `balance` with `cost` spent, or null where less is left. */
export function spend(balance: CreditBalance, cost: number): CreditBalance | null {
  return balance.left < cost ? null : { ...balance, left: balance.left - cost };
}

/** `balance` with `cost` of the series `series` given back; what a newer series began with holds it already. */
export function giveBack(balance: CreditBalance, cost: number, series: number): CreditBalance {
  if (balance.series !== series) return balance;
  return { ...balance, left: Math.min(balance.amount, balance.left + cost) };
}

/** When something comes back next, in Unix milliseconds; null for never. */
export function nextRefillMs({ refill, startedAtMs, refilled }: CreditBalance): number | null {
  return refill === null ? null : startedAtMs + (refilled + 1) * refill.intervalSeconds * 1000;
}

/** Whole intervals between the series' beginning and `nowMs`; none before it. */
function intervalsAt({ refill, startedAtMs }: KeyCredits, nowMs: number): number {
  return refill === null ? 0 : Math.max(0, Math.floor((nowMs - startedAtMs) / (refill.intervalSeconds * 1000)));
}
