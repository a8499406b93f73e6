import { checkDemands } from "./check_demands.ts";
import {
  type Counter,
  type CounterState,
  chargeCounter,
  counterAt,
  counterKey,
  counterState,
  limitState,
  msUntilFresh,
} from "./counter.ts";
import type { LimitDemand, LimitVerdict } from "./limit.ts";

/** Where kept counters are looked up: a `Map` of them, or a view of a larger store. */
export interface Counters {
  get(key: string): CounterState | undefined;
}

/** A counter that a take changed, to be kept. */
export interface ChangedCounter {
  readonly counter: Counter;
  /** What to keep of it. */
  readonly state: CounterState;
  /** Milliseconds from the take's `nowMs` after which the store may forget it. */
  readonly freshInMs: number;
}

/** A verdict, and what has to be kept for it to be true; nothing after a denial. */
export interface Taken {
  readonly verdict: LimitVerdict;
  readonly changed: ReadonlyMap<string, ChangedCounter>;
}

/** How one demand fared: its counter after the verdict, and what it lacked. */
export interface Outcome {
  readonly counter: Counter;
  /** Null where it fitted; else its cost and what earlier demands of the same take wanted of the same counter. */
  readonly lacking: number | null;
}

/** The verdict of `outcomes`: granted when nothing lacks. */
export function verdictOf(outcomes: readonly Outcome[], nowMs: number): LimitVerdict {
  return {
    granted: outcomes.every((outcome) => outcome.lacking === null),
    limits: outcomes.map(({ counter, lacking }) => limitState(counter, nowMs, lacking)),
  };
}

interface Attempt {
  readonly key: string;
  readonly demand: LimitDemand;
  readonly lacking: number | null;
}

/**
 * Takes every demand from `counters`, or none. Demands that hit one counter add up. Pure: `counters` is only read, and
 * the caller keeps what changed. Throws `RangeError` where the demands are a bug (see `checkDemands`).
 */
export function take(counters: Counters, demands: readonly LimitDemand[], nowMs: number): Taken {
  checkDemands(demands, nowMs);
  const charged = new Map<string, Counter>();
  const wanted = new Map<string, number>();
  const attempts = demands.map((demand): Attempt => {
    const key = counterKey(demand);
    const earlier = charged.get(key);
    const state = earlier === undefined ? counters.get(key) : counterState(earlier);
    const after = chargeCounter(counterAt(demand.policy, state, nowMs), demand.cost);
    const total = (wanted.get(key) ?? 0) + demand.cost;
    if (after === null) return { key, demand, lacking: total };
    charged.set(key, after);
    wanted.set(key, total);
    return { key, demand, lacking: null };
  });
  const granted = attempts.every((attempt) => attempt.lacking === null);
  const outcomes = attempts.map(({ key, demand, lacking }): Outcome => {
    const counter = granted ? charged.get(key) : undefined;
    const state = counter === undefined ? counters.get(key) : counterState(counter);
    return { counter: counterAt(demand.policy, state, nowMs), lacking };
  });
  return { verdict: verdictOf(outcomes, nowMs), changed: granted ? changes(charged, nowMs) : new Map() };
}

function changes(charged: ReadonlyMap<string, Counter>, nowMs: number): Map<string, ChangedCounter> {
  return new Map(
    [...charged].map(([key, counter]) => [
      key,
      { counter, state: counterState(counter), freshInMs: msUntilFresh(counter, nowMs) },
    ]),
  );
}
