import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { KeyCredits } from "../../../src/protocol/api_key_terms.ts";
import { balanceAt, type CreditBalance, giveBack, nextRefillMs, spend } from "../../../src/protocol/credit_balance.ts";

const T0 = 1_800_000_000_000;
const HOUR_MS = 3_600_000;

const ONCE: KeyCredits = { amount: 10, refill: null, series: 1, startedAtMs: T0 };
const HOURLY: KeyCredits = { ...ONCE, refill: { amount: 3, intervalSeconds: 3_600 } };

function spent(balance: CreditBalance, cost: number): CreditBalance {
  const after = spend(balance, cost);
  if (after === null) throw new Error("too little is left");
  return after;
}

describe("a key's credits", () => {
  it("begin whole and end, where nothing comes back", () => {
    const after = spent(balanceAt(null, ONCE, T0), 10);
    expect(spend(after, 1)).toBeNull();
    expect(balanceAt(after, ONCE, T0 + 1_000_000 * HOUR_MS).left).toBe(0);
    expect(nextRefillMs(after)).toBeNull();
  });

  it("come back at whole intervals after they were set, and never above the amount", () => {
    const empty = spent(balanceAt(null, HOURLY, T0 + 10 * 60_000), 10);
    expect(nextRefillMs(empty)).toBe(T0 + HOUR_MS);
    const left = (atMs: number) => balanceAt(empty, HOURLY, T0 + atMs).left;
    expect([left(HOUR_MS - 1), left(HOUR_MS), left(2 * HOUR_MS - 1), left(3 * HOUR_MS)]).toEqual([0, 3, 3, 9]);
    expect(left(1_000 * HOUR_MS)).toBe(10);
  });

  it("what came back once does not come back again, nor when a clock steps back", () => {
    const empty = spent(balanceAt(null, HOURLY, T0), 10);
    const refilled = spent(balanceAt(empty, HOURLY, T0 + HOUR_MS), 3);
    expect(balanceAt(refilled, HOURLY, T0 + HOUR_MS + 1).left).toBe(0);
    expect(balanceAt(refilled, HOURLY, T0 - HOUR_MS).left).toBe(0);
    expect(balanceAt(balanceAt(refilled, HOURLY, T0), HOURLY, T0 + HOUR_MS).left).toBe(0);
  });

  it("a higher series begins anew, and a caller with an older copy cannot bring the old one back", () => {
    const empty = spent(balanceAt(null, ONCE, T0), 10);
    const later: KeyCredits = { ...ONCE, series: 5, amount: 4, startedAtMs: T0 + 1 };
    const renewed = balanceAt(empty, later, T0 + 2);
    expect(renewed.left).toBe(4);
    const used = spent(renewed, 4);
    expect(balanceAt(used, ONCE, T0 + 3)).toEqual(used);
    expect(balanceAt(used, later, T0 + 3)).toEqual(used);
  });

  it("what is given back of an older series is in the new one already", () => {
    const renewed = spent(balanceAt(null, { ...ONCE, series: 2 }, T0), 1);
    expect(giveBack(renewed, 1, 1)).toBe(renewed);
    expect(giveBack(renewed, 5, 2).left).toBe(10);
  });

  it("for every run of spendings never give more than was there and came back", () => {
    const steps = fc.array(
      fc.record({ afterMs: fc.integer({ min: -HOUR_MS, max: 3 * HOUR_MS }), cost: fc.integer({ min: 1, max: 5 }) }),
    );
    fc.assert(
      fc.property(steps, (run) => {
        let nowMs = T0;
        let latestMs = T0;
        let balance: CreditBalance | null = null;
        let granted = 0;
        for (const { afterMs, cost } of run) {
          nowMs += afterMs;
          latestMs = Math.max(latestMs, nowMs);
          const found: CreditBalance = balanceAt(balance, HOURLY, nowMs);
          const after = spend(found, cost);
          if (after !== null) granted += cost;
          balance = after ?? found;
          expect(balance.left).toBeGreaterThanOrEqual(0);
          expect(balance.left).toBeLessThanOrEqual(HOURLY.amount);
        }
        expect(granted).toBeLessThanOrEqual(10 + 3 * Math.floor((latestMs - T0) / HOUR_MS));
      }),
    );
  });
});
