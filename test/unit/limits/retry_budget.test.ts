import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backoffMs, earnRetry, keptRetries, newRetryBudget, spendRetry } from "../../../src/limits/retry_budget.ts";

const T0 = 1_800_000_000_000;

describe("a budget of repetitions", () => {
  it("for any calls at any times: no more than what is kept, the share of the calls, and what the seconds earn", () => {
    fc.assert(
      fc.property(
        fc.record({ percent: fc.nat(100), perSecond: fc.nat(5) }),
        fc.array(fc.tuple(fc.nat(400), fc.boolean()), { minLength: 1, maxLength: 300 }),
        (settings, steps) => {
          let budget = newRetryBudget(settings, T0);
          let [nowMs, calls, repeated] = [T0, 0, 0];
          for (const [gapMs, isCall] of steps) {
            nowMs += gapMs;
            if (isCall) {
              budget = earnRetry(budget, settings, nowMs);
              calls += 1;
            }
            const spent = spendRetry(budget, settings, nowMs);
            if (spent === null) continue;
            budget = spent;
            repeated += 1;
          }
          const earned = (calls * settings.percent) / 100 + ((nowMs - T0) / 1000) * settings.perSecond;
          expect(repeated).toBeLessThanOrEqual(keptRetries(settings) + earned);
        },
      ),
    );
  });

  it("when every call fails, one in five is repeated at 20 percent", () => {
    const settings = { percent: 20, perSecond: 0 };
    let budget = newRetryBudget(settings, T0);
    let repeated = 0;
    for (let call = 0; call < 1_000; call++) {
      budget = earnRetry(budget, settings, T0);
      const spent = spendRetry(budget, settings, T0);
      if (spent !== null) [budget, repeated] = [spent, repeated + 1];
    }
    expect(repeated).toBe(201 - 1 + keptRetries(settings) - 1);
  });

  it("a clock that steps back earns nothing, now or when it returns", () => {
    const settings = { percent: 0, perSecond: 1 };
    let budget = newRetryBudget(settings, T0);
    for (let spent = spendRetry(budget, settings, T0); spent !== null; spent = spendRetry(budget, settings, T0))
      budget = spent;
    for (const nowMs of [T0 - 60_000, T0]) {
      budget = earnRetry(budget, settings, nowMs);
      expect(spendRetry(budget, settings, nowMs)).toBeNull();
    }
    expect(spendRetry(budget, settings, T0 + 1_000)).not.toBeNull();
  });
});

describe("the pause before a repetition", () => {
  it("lies anywhere below a bound that doubles up to the highest", () => {
    const pace = { baseMs: 50, maxMs: 300 };
    const almost = () => 0.999_999;
    expect([1, 2, 3, 4, 9].map((attempt) => backoffMs(attempt, pace, almost))).toEqual([49, 99, 199, 299, 299]);
    expect(backoffMs(3, pace, () => 0)).toBe(0);
  });
});
