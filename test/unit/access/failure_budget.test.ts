import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FailureBudget } from "../../../src/access/failure_budget.ts";

const T0 = 1_800_000_000_000;

describe("failures per address and minute", () => {
  it("the budget may be used up, then comes back one by one", () => {
    const budget = new FailureBudget(6);
    for (let count = 0; count < 6; count++) {
      expect(budget.waitSeconds("a", T0)).toBe(0);
      budget.fail("a", T0);
    }
    expect(budget.waitSeconds("a", T0)).toBe(10);
    expect(budget.waitSeconds("a", T0 + 9_999)).toBe(1);
    expect(budget.waitSeconds("a", T0 + 10_000)).toBe(0);
    budget.fail("a", T0 + 10_000);
    expect(budget.waitSeconds("a", T0 + 10_000)).toBe(10);
  });

  it("one address does not spend another's", () => {
    const budget = new FailureBudget(1);
    budget.fail("a", T0);
    expect([budget.waitSeconds("a", T0), budget.waitSeconds("b", T0)]).toEqual([60, 0]);
  });

  it("a clock that steps back gives nothing back", () => {
    const budget = new FailureBudget(1);
    budget.fail("a", T0);
    expect(budget.waitSeconds("a", T0 - 3_600_000)).toBe(60);
  });

  it("who waits as told may try again, and no sooner than a full budget allows over any time", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.nat(5_000), { minLength: 1, maxLength: 200 }),
        (perMinute, gaps) => {
          const budget = new FailureBudget(perMinute);
          let nowMs = T0;
          let failed = 0;
          for (const gap of gaps) {
            nowMs += gap;
            const wait = budget.waitSeconds("a", nowMs);
            if (wait > 0) {
              expect(budget.waitSeconds("a", nowMs + wait * 1_000)).toBe(0);
              continue;
            }
            budget.fail("a", nowMs);
            failed += 1;
          }
          expect(failed).toBeLessThanOrEqual(perMinute + ((nowMs - T0) * perMinute) / 60_000 + 1);
        },
      ),
      { numRuns: 500 },
    );
  });
});
