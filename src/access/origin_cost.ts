import { Outage } from "../kernel/outage.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { LimitState } from "../limits/limit.ts";
import type { JudgedLimits, LimitCharge } from "./admit.ts";
import type { Gate } from "./gate.ts";

/** What an origin may say that a call has cost, and nobody but the gate hears. */
export const ORIGIN_COST_FIELD = "sallyport-cost";

/** The whole cost of a call by the origin's word: a structured integer that is not negative; null where it says nothing. */
export function parseOriginCost(value: string | null): Result<number | null, "origin_cost_malformed"> {
  if (value === null) return ok(null);
  return /^\d{1,9}$/.test(value) ? ok(Number(value)) : err("origin_cost_malformed");
}

/**
 * What is still to be charged when a call has cost `cost` in all: what goes beyond the units taken already, up to each
 * limit's bound. Never less than nothing: what was taken stays taken.
 */
export function owed(charges: readonly LimitCharge[], cost: number): LimitCharge[] {
  return charges.flatMap(({ limit, demand }) => {
    const more = Math.min(cost, limit.maxOriginCost ?? 0) - demand.cost;
    return more <= 0 ? [] : [{ limit, demand: { ...demand, cost: more } }];
  });
}

/**
 * Charges `debts` to the shared counters, into debt where it must. While they cannot be reached, limits that fall back on
 * this isolate's counters are charged there; the rest is lost, and the `Outage` says so.
 */
export async function chargeOwed(debts: readonly LimitCharge[], nowMs: number, gate: Gate): Promise<void> {
  const demands = (some: readonly LimitCharge[]) => some.map(({ demand }) => demand);
  try {
    await gate.limiter.charge(demands(debts), nowMs);
  } catch (error) {
    if (!(error instanceof Outage)) throw error;
    const local = debts.filter(({ limit }) => limit.onUnavailable === "local");
    await gate.localLimiter.charge(demands(local), nowMs);
    if (local.length < debts.length) throw error;
  }
}

/** `judged` as it stands once `debts` are charged as well: what a caller is told remains is what remains. */
export function afterCharging(judged: JudgedLimits, debts: readonly LimitCharge[]): JudgedLimits {
  const limits = judged.verdict.limits.map((state, index): LimitState => {
    const policy = judged.policies[index];
    const more = debts.find(({ demand }) => demand.policy === policy)?.demand.cost ?? 0;
    const refillSeconds = policy?.algorithm === "bucket" ? (more * policy.intervalSeconds) / policy.refill : 0;
    return {
      ...state,
      remaining: Math.max(0, state.remaining - more),
      resetSeconds: state.resetSeconds + Math.ceil(refillSeconds),
    };
  });
  return { ...judged, verdict: { ...judged.verdict, limits } };
}
