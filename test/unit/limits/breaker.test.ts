import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  admitCall,
  type BreakerSettings,
  type BreakerState,
  type CallOutcome,
  NEW_BREAKER,
  recordCall,
} from "../../../src/limits/breaker.ts";

const T0 = 1_800_000_000_000;
const SETTINGS: BreakerSettings = { failurePercent: 50, minCalls: 4, windowMs: 10_000, openMs: 5_000, probes: 2 };

/** A breaker under test, with a clock of its own. */
function breaker(settings = SETTINGS) {
  let state: BreakerState = NEW_BREAKER;
  let nowMs = T0;
  const admit = () => {
    const { state: next, verdict } = admitCall(state, settings, nowMs);
    state = next;
    return verdict;
  };
  const end = (era: number, outcome: CallOutcome) => {
    state = recordCall(state, settings, era, outcome, nowMs);
  };
  return {
    admit,
    end,
    call(...outcomes: CallOutcome[]) {
      for (const outcome of outcomes) {
        const verdict = admit();
        if (!verdict.admitted) throw new Error("not admitted");
        end(verdict.era, outcome);
      }
    },
    wait(ms: number) {
      nowMs += ms;
    },
    get phase() {
      return state.phase;
    },
  };
}

describe("a circuit breaker", () => {
  it("opens at the share of failures, not before there are enough calls", () => {
    const one = breaker();
    one.call("failure", "failure", "failure");
    expect(one.phase).toBe("closed");
    one.call("failure");
    expect(one.phase).toBe("open");
  });

  it("a share below stays closed; a call that says nothing counts for neither", () => {
    const one = breaker();
    one.call("success", "success", "success", "failure", "failure", "unknown", "unknown");
    expect(one.phase).toBe("closed");
    one.call("failure");
    expect(one.phase).toBe("open");
  });

  it("failures of longer ago than the window are forgotten", () => {
    const one = breaker();
    one.call("failure", "failure", "failure");
    one.wait(10_000);
    one.call("failure", "success");
    expect(one.phase).toBe("closed");
  });

  it("open: says how long; then so many probes and no more, and their successes close it", () => {
    const one = breaker();
    one.call("failure", "failure", "failure", "failure");
    expect(one.admit()).toEqual({ admitted: false, retryAfterMs: 5_000 });
    one.wait(4_999);
    expect(one.admit()).toEqual({ admitted: false, retryAfterMs: 1 });
    one.wait(1);
    const [first, second, third] = [one.admit(), one.admit(), one.admit()];
    expect([first.admitted, second.admitted, third]).toEqual([true, true, { admitted: false, retryAfterMs: 5_000 }]);
    if (!first.admitted || !second.admitted) throw new Error("no probes");
    one.end(first.era, "success");
    expect(one.phase).toBe("half_open");
    one.end(second.era, "success");
    expect(one.phase).toBe("closed");
    one.call("failure", "failure", "failure");
    expect(one.phase, "what was before it opened is forgotten").toBe("closed");
  });

  it("half open: one failure opens it again, for the whole time", () => {
    const one = breaker();
    one.call("failure", "failure", "failure", "failure");
    one.wait(5_000);
    one.call("success", "failure");
    expect(one.phase).toBe("open");
    one.wait(4_999);
    expect(one.admit().admitted).toBe(false);
  });

  it("a probe that says nothing is given back; one that is never heard of again stops nobody for ever", () => {
    const one = breaker();
    one.call("failure", "failure", "failure", "failure");
    one.wait(5_000);
    one.call("unknown", "unknown", "unknown", "success");
    expect(one.admit().admitted).toBe(true);
    expect(one.admit().admitted).toBe(false);
    one.wait(5_000);
    one.call("success", "success");
    expect(one.phase).toBe("closed");
  });

  it("late results of an earlier phase neither open nor close it", () => {
    const one = breaker();
    const late = [one.admit(), one.admit(), one.admit()].map((verdict) => (verdict.admitted ? verdict.era : -1));
    one.call("failure", "failure", "failure", "failure");
    one.end(late[0] ?? -1, "success");
    expect(one.phase).toBe("open");
    one.wait(5_000);
    one.call("success");
    one.end(late[1] ?? -1, "success");
    expect(one.phase).toBe("half_open");
    one.end(late[2] ?? -1, "failure");
    expect(one.phase).toBe("half_open");
  });

  it("a clock that steps back does not keep it open longer than it says", () => {
    const one = breaker();
    one.call("failure", "failure", "failure", "failure");
    one.wait(-60_000);
    expect(one.admit()).toEqual({ admitted: false, retryAfterMs: 5_000 });
  });
});

const settings = fc.record({
  failurePercent: fc.integer({ min: 1, max: 100 }),
  minCalls: fc.integer({ min: 1, max: 8 }),
  windowMs: fc.integer({ min: 100, max: 2_000 }),
  openMs: fc.integer({ min: 1, max: 1_000 }),
  probes: fc.integer({ min: 1, max: 4 }),
});
const outcome = fc.constantFrom<CallOutcome>("success", "failure", "failure", "unknown");
/** A call begins after a gap and ends so many calls later; some never do. */
const schedule = fc.array(fc.record({ gapMs: fc.nat(300), outcome, lasts: fc.nat(4), isLost: fc.boolean() }), {
  minLength: 1,
  maxLength: 120,
});

describe("for any calls in any order", () => {
  it("nothing passes while it is open, no more probes than were set pass in the time of one trial, and it opens for a reason", () => {
    fc.assert(
      fc.property(settings, schedule, (chosen, calls) => {
        let state: BreakerState = NEW_BREAKER;
        let nowMs = T0;
        let probesSince: number[] = [];
        let judged: { readonly atMs: number; readonly failed: boolean }[] = [];
        const running: { readonly era: number; readonly outcome: CallOutcome; readonly endsAt: number }[] = [];
        const end = (era: number, ended: CallOutcome) => {
          const before = state;
          state = recordCall(state, chosen, era, ended, nowMs);
          if (before.era !== era) return expect(state).toBe(before);
          if (before.phase === "half_open" && ended === "unknown") probesSince.pop();
          if (before.phase !== "closed") {
            judged = [];
            return;
          }
          if (ended !== "unknown") judged.push({ atMs: nowMs, failed: ended === "failure" });
          if (state.phase !== "open") return;
          const seen = judged.filter(({ atMs }) => nowMs - atMs <= chosen.windowMs);
          expect(seen.length).toBeGreaterThanOrEqual(chosen.minCalls);
          expect(seen.filter(({ failed }) => failed).length).toBeGreaterThan(0);
        };
        calls.forEach(({ gapMs, outcome: ended, lasts, isLost }, index) => {
          nowMs += gapMs;
          const before = state;
          const admitted = admitCall(state, chosen, nowMs);
          state = admitted.state;
          if (before.phase === "open" && nowMs < before.untilMs) expect(admitted.verdict.admitted).toBe(false);
          if (!admitted.verdict.admitted) {
            expect(admitted.verdict.retryAfterMs).toBeGreaterThan(0);
            expect(admitted.verdict.retryAfterMs).toBeLessThanOrEqual(chosen.openMs);
          } else {
            if (state.phase === "half_open") {
              if (state.era !== before.era) probesSince = [];
              probesSince.push(nowMs);
              expect(probesSince.length).toBeLessThanOrEqual(chosen.probes);
            }
            if (!isLost) running.push({ era: admitted.verdict.era, outcome: ended, endsAt: index + lasts });
          }
          for (let at = running.length - 1; at >= 0; at--) {
            const call = running[at];
            if (call === undefined || call.endsAt > index) continue;
            running.splice(at, 1);
            end(call.era, call.outcome);
          }
        });
        // Whatever happened: an origin that is well again is used again, after one trial, or two where one was under way.
        nowMs += chosen.openMs;
        for (let probe = 0; probe < 2 * chosen.probes && state.phase !== "closed"; probe++) {
          const admitted = admitCall(state, chosen, nowMs);
          state = admitted.state;
          if (!admitted.verdict.admitted) throw new Error("stuck");
          state = recordCall(state, chosen, admitted.verdict.era, "success", nowMs);
        }
        expect(state.phase).toBe("closed");
      }),
    );
  });

  it("successes alone never open it, and neither does what says nothing", () => {
    fc.assert(
      fc.property(settings, fc.array(fc.tuple(fc.nat(500), fc.boolean()), { maxLength: 100 }), (chosen, calls) => {
        let state: BreakerState = NEW_BREAKER;
        let nowMs = T0;
        for (const [gapMs, says] of calls) {
          nowMs += gapMs;
          const { verdict } = admitCall(state, chosen, nowMs);
          if (!verdict.admitted) throw new Error("refused");
          state = recordCall(state, chosen, verdict.era, says ? "success" : "unknown", nowMs);
        }
        expect(state.phase).toBe("closed");
      }),
    );
  });

  it("remembers ten slices at most, however many calls there are", () => {
    fc.assert(
      fc.property(settings, fc.array(fc.nat(1_000), { minLength: 50, maxLength: 300 }), (chosen, gaps) => {
        let state: BreakerState = NEW_BREAKER;
        let nowMs = T0;
        for (const gapMs of gaps) {
          nowMs += gapMs;
          state = recordCall(state, chosen, 0, "success", nowMs);
        }
        expect(state.phase === "closed" ? state.slices.length : 0).toBeLessThanOrEqual(10);
      }),
    );
  });
});
