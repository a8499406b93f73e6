import { checkDemands } from "./check_demands.ts";
import { type Counter, type CounterState, counterAt, counterKey, counterState, msUntilFresh } from "./counter.ts";
import type { LimitDemand } from "./limit.ts";
import type { ChangedCounter, Counters } from "./take.ts";
import { bucketScale } from "./token_bucket.ts";

/**
 * Charges every demand, whether or not so much is left: what a call turned out to cost cannot be refused any more. A
 * counter goes into debt by one whole quota at most, and grants nothing until that is made good: a bucket by its refill,
 * a window at its end. Pure, as `take` is. Throws `RangeError` where the demands are a bug.
 */
export function charge(
  counters: Counters,
  demands: readonly LimitDemand[],
  nowMs: number,
): ReadonlyMap<string, ChangedCounter> {
  checkDemands(demands, nowMs);
  const changed = new Map<string, ChangedCounter>();
  for (const demand of demands) {
    const key = counterKey(demand);
    const kept: CounterState | undefined = changed.get(key)?.state ?? counters.get(key);
    const counter = indebted(counterAt(demand.policy, kept, nowMs), demand.cost);
    changed.set(key, { counter, state: counterState(counter), freshInMs: msUntilFresh(counter, nowMs) });
  }
  return changed;
}

function indebted(counter: Counter, cost: number): Counter {
  switch (counter.algorithm) {
    case "fixed": {
      const { window, used } = counter.state;
      const most = Math.max(used, 2 * counter.policy.limit);
      return { ...counter, state: { window, used: Math.min(most, used + cost) } };
    }
    case "bucket": {
      const { atMs, level } = counter.state;
      const { unitsPerToken, capacity } = bucketScale(counter.policy);
      const least = Math.min(level, -capacity);
      return { ...counter, state: { atMs, level: Math.max(least, level - cost * unitsPerToken) } };
    }
  }
}
