import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chargeWindow, type FixedWindowState, msUntilWindowEnds, windowAt } from "../../../src/limits/fixed_window.ts";
import { fixed, WINDOW_START_MS } from "../../support/limit_policies.ts";

const T0 = WINDOW_START_MS;

interface Call {
  readonly nowMs: number;
  readonly cost: number;
}

const schedule = fc.array(
  fc.record({ nowMs: fc.integer({ min: T0 - 40_000, max: T0 + 40_000 }), cost: fc.integer({ min: 1, max: 4 }) }),
  { maxLength: 100 },
);

/** Cost granted in each aligned window, each grant counting at the latest time of any grant up to it. */
function grantedPerWindow(limit: number, calls: readonly Call[]): Map<number, number> {
  const policy = fixed(limit);
  const granted = new Map<number, number>();
  let state: FixedWindowState | undefined;
  let clockMs = Number.MIN_SAFE_INTEGER;
  for (const { nowMs, cost } of calls) {
    const charged = chargeWindow(policy, windowAt(policy, state, nowMs), cost);
    if (charged === null) continue;
    state = charged;
    clockMs = Math.max(clockMs, nowMs);
    const window = Math.floor(clockMs / 10_000);
    granted.set(window, (granted.get(window) ?? 0) + cost);
  }
  return granted;
}

describe("fixed window", () => {
  it("never grants more than the limit in an aligned window, whichever way the clock steps", () => {
    fc.assert(
      fc.property(schedule, fc.integer({ min: 1, max: 12 }), (calls, limit) => {
        for (const granted of grantedPerWindow(limit, calls).values()) expect(granted).toBeLessThanOrEqual(limit);
      }),
    );
  });

  it("never grants more over a clock that steps back than over one that stands still", () => {
    fc.assert(
      fc.property(schedule, (calls) => {
        const lifted = calls.map((call) => ({ ...call, nowMs: Math.max(T0 + 40_000, call.nowMs) }));
        const shown = [{ nowMs: T0 + 40_000, cost: 1 }];
        const sum = (all: readonly Call[]) => [...grantedPerWindow(5, all).values()].reduce((a, b) => a + b, 0);
        expect(sum([...shown, ...calls])).toBe(sum([...shown, ...lifted]));
      }),
    );
  });

  it.each([
    ["at its start", T0, 10_000],
    ["inside", T0 + 2500, 7500],
    ["at its last millisecond", T0 + 9999, 1],
    ["before the epoch", -1, 1],
  ])("is aligned to the Unix epoch: %s", (_, nowMs, endsInMs) => {
    const policy = fixed(1);
    expect(msUntilWindowEnds(policy, windowAt(policy, undefined, nowMs), nowMs)).toBe(endsInMs);
  });
});
