// Long because each rule has its table and its property beside it.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AttemptVerdict,
  BROWSER_MS,
  budgetOf,
  countAttempt,
  forgetOld,
  forgive,
  isNew,
  type LockoutRules,
  MINUTE_MS,
  MOST_BROWSERS,
  msUntilFree,
  type NameState,
  NEW_NAME,
  nextForgetMs,
  recordTake,
  TALLY_MS,
  takeBack,
} from "../../../src/limits/lockout.ts";

const T0 = 1_700_000_000_000;
const RULES: LockoutRules = {
  steps: [
    { failures: 10, lockSeconds: 900 },
    { failures: 10, lockSeconds: 3_600 },
  ],
  attemptsPerMinute: 5,
};

/** A name and its clock. */
function name(rules = RULES) {
  let state: NameState = NEW_NAME;
  return {
    get state() {
      return state;
    },
    attempt(nowMs: number, browser: string | null = null): AttemptVerdict {
      const counted = countAttempt(state, browser, rules, nowMs);
      state = counted.state;
      return counted.verdict;
    },
    succeed(nowMs: number, browser: string | null = null, newId: string | null = null) {
      state = forgive(state, browser, newId, nowMs);
    },
  };
}

const COUNTED = { kind: "counted", by: "strangers" };

describe("M12: ten failures in a row lock a name for 15 minutes, the next ten for an hour, and so on", () => {
  it("the eleventh waits, whoever tries, and the lock ends when it said", () => {
    const ada = name();
    for (let failure = 0; failure < 10; failure++) expect(ada.attempt(T0 + failure)).toEqual(COUNTED);
    const lockedAt = T0 + 9;
    expect(ada.attempt(T0 + 1_009)).toEqual({ kind: "refused", retryAfterMs: 899_000 });
    expect(ada.attempt(lockedAt + 899_999)).toEqual({ kind: "refused", retryAfterMs: 1 });
    const again = lockedAt + 900_000;
    for (let failure = 0; failure < 10; failure++) expect(ada.attempt(again)).toEqual(COUNTED);
    expect(ada.attempt(again)).toEqual({ kind: "refused", retryAfterMs: 3_600_000 });
    const third = again + 3_600_000;
    for (let failure = 0; failure < 10; failure++) expect(ada.attempt(third)).toEqual(COUNTED);
    expect(ada.attempt(third)).toEqual({ kind: "refused", retryAfterMs: 3_600_000 });
  });

  it("a name that is taken back knows the browser that took it back, and no other", () => {
    const both = forgive(forgive(NEW_NAME, null, "thief", T0), null, "laptop", T0);
    for (const [browser, newId] of [
      ["laptop", "new"],
      ["unknown", "new"],
      [null, "new"],
    ] as const) {
      expect(forgive(both, browser, newId, T0, "forget").browsers.map(({ id }) => id)).toEqual(["new"]);
    }
    expect(forgive(both, "laptop", null, T0, "forget").browsers.map(({ id }) => id)).toEqual(["laptop"]);
    expect(forgive(both, null, null, T0, "forget").browsers).toEqual([]);
    expect(forgive(both, null, "new", T0).browsers.map(({ id }) => id)).toEqual(["thief", "laptop", "new"]);
  });

  it("a success forgets the row, and the steps begin anew", () => {
    const ada = name();
    for (let round = 0; round < 5; round++) {
      for (let failure = 0; failure < 9; failure++) expect(ada.attempt(T0)).toEqual(COUNTED);
      ada.succeed(T0);
    }
    for (let failure = 0; failure < 10; failure++) expect(ada.attempt(T0)).toEqual(COUNTED);
    expect(ada.attempt(T0)).toMatchObject({ retryAfterMs: 900_000 });
  });

  it("the tenth attempt may still be the right one", () => {
    const ada = name();
    for (let failure = 0; failure < 10; failure++) ada.attempt(T0);
    ada.succeed(T0);
    expect(ada.attempt(T0)).toEqual(COUNTED);
  });
});

describe("a stranger cannot lock the owner out", () => {
  it("a browser that signed in before goes on while strangers are locked", () => {
    const ada = name();
    ada.succeed(T0, null, "laptop");
    for (let failure = 0; failure < 50; failure++) ada.attempt(T0 + failure);
    expect(ada.attempt(T0 + 60)).toMatchObject({ kind: "refused" });
    expect(ada.attempt(T0 + 60, "made up")).toMatchObject({ kind: "refused" });
    expect(ada.attempt(T0 + 60, "laptop")).toEqual({ kind: "counted", by: "browser" });
  });

  it("a known browser is no way round: it has a pace and locks of its own", () => {
    const ada = name();
    ada.succeed(T0, null, "stolen");
    let counted = 0;
    for (let at = T0 + 1; at < T0 + 3_600_000; at += 1_000) if (ada.attempt(at, "stolen").kind === "counted") counted++;
    expect(counted).toBe(20);
    for (let tries = 0; tries < 5; tries++) expect(ada.attempt(T0 + 9_000_000, "stolen").kind).toBe("counted");
    expect(ada.attempt(T0 + 9_000_000, "stolen")).toEqual({ kind: "refused", retryAfterMs: MINUTE_MS });
  });

  it("the owner's success does not forgive strangers, nor theirs the owner", () => {
    const ada = name();
    ada.succeed(T0, null, "laptop");
    for (let failure = 0; failure < 9; failure++) ada.attempt(T0);
    ada.attempt(T0, "laptop");
    ada.succeed(T0, "laptop");
    expect(ada.attempt(T0)).toEqual(COUNTED);
    expect(ada.attempt(T0)).toMatchObject({ kind: "refused" });
    expect(ada.attempt(T0, "laptop")).toEqual({ kind: "counted", by: "browser" });
  });

  it("an id that was planted is worth nothing after the owner signed in with it", () => {
    const ada = name();
    ada.attempt(T0, "planted");
    ada.succeed(T0, "planted", "fresh");
    for (let failure = 0; failure < 10; failure++) ada.attempt(T0);
    expect(ada.attempt(T0, "planted")).toMatchObject({ kind: "refused" });
    expect(ada.attempt(T0, "fresh")).toEqual({ kind: "counted", by: "browser" });
  });

  it("keeps the newest browsers, and each for 90 days", () => {
    const ada = name();
    for (let at = 0; at <= MOST_BROWSERS; at++) ada.succeed(T0 + at, null, `browser${at}`);
    expect(ada.state.browsers).toHaveLength(MOST_BROWSERS);
    for (let failure = 0; failure < 10; failure++) ada.attempt(T0 + 100);
    expect(ada.attempt(T0 + 100, "browser0")).toMatchObject({ kind: "refused" });
    expect(ada.attempt(T0 + 100, "browser1")).toEqual({ kind: "counted", by: "browser" });
    expect(isNew(forgetOld(ada.state, T0 + BROWSER_MS + 100))).toBe(true);
  });
});

/** What decides about attempts at `nowMs`. */
function tallies({ strangers, browsers }: NameState, nowMs: number) {
  const tally = ({ failures, locks, lockedUntilMs, recentMs }: NameState["strangers"]) => ({
    failures,
    locks,
    lockedMs: Math.max(0, lockedUntilMs - nowMs),
    recentMs: recentMs.filter((at) => at + MINUTE_MS > nowMs),
  });
  return { strangers: tally(strangers), browsers: browsers.map((one) => ({ ...one, tally: tally(one.tally) })) };
}

const anyStep = fc.record({
  failures: fc.integer({ min: 1, max: 12 }),
  lockSeconds: fc.integer({ min: 1, max: 7_200 }),
});
const anyRules = fc.record({
  steps: fc.array(anyStep, { minLength: 1, maxLength: 4 }),
  attemptsPerMinute: fc.integer({ min: 1, max: 10 }),
});
const anyEvent = fc.record({
  waitMs: fc.oneof(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 0, max: 4_000_000 })),
  browser: fc.constantFrom(null, "a", "b", "unknown"),
  succeeds: fc.integer({ min: 0, max: 9 }).map((one) => one === 0),
});

describe("lockout: for any rules and any sequence of attempts", () => {
  it("a refused attempt changes nothing, and after its wait one is counted", () => {
    fc.assert(
      fc.property(anyRules, fc.array(anyEvent, { maxLength: 80 }), (rules, events) => {
        let state: NameState = forgive(forgive(NEW_NAME, null, "a", T0), null, "b", T0);
        let nowMs = T0;
        for (const { waitMs, browser, succeeds } of events) {
          nowMs += waitMs;
          const counted = countAttempt(state, browser, rules, nowMs);
          if (counted.verdict.kind === "refused") {
            expect(counted.state).toBe(state);
            const { retryAfterMs } = counted.verdict;
            expect(retryAfterMs).toBeGreaterThan(0);
            expect(countAttempt(state, browser, rules, nowMs + retryAfterMs).verdict.kind).toBe("counted");
            expect(countAttempt(state, browser, rules, nowMs + retryAfterMs - 1).verdict.kind).toBe("refused");
          } else if (succeeds) state = forgive(counted.state, browser, null, nowMs);
          else state = counted.state;
        }
      }),
    );
  });

  it("an attempt that is taken back leaves every tally as it was, the lock that it brought about too", () => {
    fc.assert(
      fc.property(anyRules, fc.array(anyEvent, { maxLength: 80 }), (rules, events) => {
        let state: NameState = forgive(forgive(NEW_NAME, null, "a", T0), null, "b", T0);
        let nowMs = T0;
        for (const { waitMs, browser, succeeds } of events) {
          nowMs += waitMs;
          const before = forgetOld(state, nowMs);
          const counted = countAttempt(state, browser, rules, nowMs);
          if (counted.verdict.kind === "refused") continue;
          const after = takeBack(counted.state, browser, rules, nowMs);
          expect(budgetOf(after, browser, nowMs)).toBe(counted.verdict.by);
          expect(tallies(after, nowMs)).toEqual(tallies(before, nowMs));
          state = succeeds ? after : counted.state;
        }
      }),
    );
  });

  it("of attempts at once some are taken back, in any order: the others count, and no more", () => {
    fc.assert(
      fc.property(anyRules, fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }), (rules, undecided) => {
        let [state, alone]: [NameState, NameState] = [NEW_NAME, NEW_NAME];
        const counted = undecided.filter(() => {
          const { state: next, verdict } = countAttempt(state, null, rules, T0);
          state = next;
          return verdict.kind === "counted";
        });
        for (const isUndecided of counted) {
          if (isUndecided) state = takeBack(state, null, rules, T0);
          else alone = countAttempt(alone, null, rules, T0).state;
        }
        expect(tallies(state, T0)).toEqual(tallies(alone, T0));
      }),
    );
  });

  it("what a success has forgotten is not given back again", () => {
    const { state } = countAttempt(NEW_NAME, null, RULES, T0);
    const forgiven = forgive(state, null, null, T0);
    expect(takeBack(forgiven, null, RULES, T0)).toEqual(forgiven);
  });

  it("without a success nobody has more tries than the steps allow", () => {
    fc.assert(
      fc.property(anyRules, fc.array(anyEvent, { maxLength: 200 }), (rules, events) => {
        const ada = name(rules);
        const countedAt: number[] = [];
        let nowMs = T0;
        for (const { waitMs } of events) {
          nowMs += waitMs;
          if (ada.attempt(nowMs).kind === "counted") countedAt.push(nowMs);
        }
        let first = 0;
        for (let lock = 0; ; lock++) {
          const step = rules.steps[Math.min(lock, rules.steps.length - 1)];
          const last = countedAt[first + (step?.failures ?? 0) - 1];
          const next = countedAt[first + (step?.failures ?? 0)];
          if (step === undefined || last === undefined || next === undefined) break;
          expect(next - last).toBeGreaterThanOrEqual(step.lockSeconds * 1_000);
          first += step.failures;
        }
      }),
    );
  });

  it("what strangers do is never seen in a known browser's verdicts", () => {
    fc.assert(
      fc.property(anyRules, fc.array(anyEvent, { maxLength: 60 }), (rules, events) => {
        const alone = name(rules);
        const among = name(rules);
        for (const one of [alone, among]) one.succeed(T0, null, "a");
        let nowMs = T0;
        for (const { waitMs, browser } of events) {
          nowMs += waitMs;
          if (browser === "a") expect(among.attempt(nowMs, "a")).toEqual(alone.attempt(nowMs, "a"));
          else among.attempt(nowMs, browser);
        }
      }),
    );
  });

  it("what is forgotten made no difference any more", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { minLength: 1, maxLength: 30 }), (events) => {
        const ada = name();
        let nowMs = T0;
        for (const { waitMs, browser } of events) {
          nowMs += waitMs;
          ada.attempt(nowMs, browser);
        }
        const endMs = nextForgetMs(ada.state);
        expect(endMs).toBeGreaterThan(nowMs);
        expect(countAttempt(ada.state, null, RULES, endMs)).toEqual(countAttempt(NEW_NAME, null, RULES, endMs));
        expect(endMs - nowMs).toBeLessThanOrEqual(TALLY_MS + 3_600_000);
      }),
    );
  });
});

describe("pace", () => {
  it("any window holds at most so many, and the stated wait is exact", () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 30_000 }), { maxLength: 60 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), gaps, (most, waits) => {
        let taken: readonly number[] = [];
        const all: number[] = [];
        let nowMs = T0;
        for (const waitMs of waits) {
          nowMs += waitMs;
          const freeInMs = msUntilFree(taken, most, MINUTE_MS, nowMs);
          if (freeInMs > 0) {
            expect(msUntilFree(taken, most, MINUTE_MS, nowMs + freeInMs)).toBe(0);
            expect(msUntilFree(taken, most, MINUTE_MS, nowMs + freeInMs - 1)).toBe(1);
            continue;
          }
          taken = recordTake(taken, MINUTE_MS, nowMs);
          all.push(nowMs);
          expect(taken.length).toBeLessThanOrEqual(most);
        }
        for (const [at, time] of all.entries()) {
          const later = all[at + most];
          if (later !== undefined) expect(later - time).toBeGreaterThanOrEqual(MINUTE_MS);
        }
      }),
    );
  });
});
