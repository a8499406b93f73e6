import { array, assert, constantFrom, integer, oneof, property, record } from "fast-check";
import { describe, expect, it } from "vitest";
import {
  beginDevice,
  type DeviceState,
  type DeviceVerdict,
  decideDevice,
  pollDevice,
  redeemDevice,
} from "../../../src/protocol/device_authorization.ts";
import { approval, denial, deviceStart, INTERVAL_MS, LIFE_MS, PRESENTED } from "../../support/devices.ts";
import { OTHER_CLIENT } from "../../support/grants.ts";

const FRESH = beginDevice(deviceStart(0));
const YES = approval();
const NO = denial();
const APPROVED = decideDevice(FRESH, YES, 1_000);
const DENIED = decideDevice(FRESH, NO, 1_000);
const SPENT = redeemDevice(APPROVED, PRESENTED, 2_000).state;

describe("RFC 8628 3.5: what a device is told", () => {
  it.each<[string, DeviceState, number, object]>([
    ["before anybody decided", FRESH, 0, { kind: "pending" }],
    ["a millisecond before the end", FRESH, LIFE_MS - 1, { kind: "pending" }],
    ["at the end", FRESH, LIFE_MS, { kind: "expired" }],
    ["denied", DENIED, 2_000, { kind: "denied" }],
    ["denied, after the end", DENIED, LIFE_MS, { kind: "denied" }],
    ["approved, and not collected before the end", APPROVED, LIFE_MS, { kind: "expired" }],
    ["collected", SPENT, 3_000, { kind: "refused", reason: "device_code_spent" }],
    ["collected, after the end", SPENT, LIFE_MS, { kind: "refused", reason: "device_code_spent" }],
  ])("%s", (_, state, nowMs, step) => {
    expect(pollDevice(state, PRESENTED, nowMs).step).toEqual(step);
    expect(redeemDevice(state, PRESENTED, nowMs)).toEqual({ state, step });
  });

  it("approved: by whom, and what was asked for; a poll spends nothing", () => {
    const told = { kind: "approved", user: YES.user, grantId: YES.grantId, scopes: FRESH.scopes, resource: null };
    expect(pollDevice(APPROVED, PRESENTED, 2_000)).toEqual({ state: APPROVED, step: told });
    expect(redeemDevice(APPROVED, PRESENTED, 2_000).step).toEqual(told);
  });

  it.each<[string, Partial<typeof PRESENTED>, string]>([
    ["another secret", { codeHash: "another hash" }, "device_code_unknown"],
    ["another client", { clientId: OTHER_CLIENT }, "device_code_of_another_client"],
  ])("%s is told nothing, spends nothing and slows nobody down", (_, changes, reason) => {
    const presented = { ...PRESENTED, ...changes };
    for (const state of [FRESH, APPROVED, DENIED, SPENT]) {
      const refused = { state, step: { kind: "refused", reason } };
      expect(pollDevice(state, presented, 2_000)).toEqual(refused);
      expect(redeemDevice(state, presented, 2_000)).toEqual(refused);
    }
  });
});

describe("RFC 8628 3.5: the pace of polls", () => {
  /** Polls at these times; what was told, and the interval after. */
  function paced(...times: readonly number[]) {
    let state = FRESH;
    const told = times.map((nowMs) => {
      const transition = pollDevice(state, PRESENTED, nowMs);
      state = transition.state;
      return transition.step.kind;
    });
    return { told, intervalMs: state.intervalMs };
  }

  it.each<[string, number[], string[], number]>([
    ["the first poll may come at once", [0], ["pending"], INTERVAL_MS],
    ["in time", [0, 5_000, 10_000], ["pending", "pending", "pending"], 5_000],
    ["early by a timer's inaccuracy", [0, 4_500, 9_000], ["pending", "pending", "pending"], 5_000],
    ["too early: five seconds more", [0, 4_499], ["pending", "slow_down"], 10_000],
    ["the longer interval stays", [0, 1_000, 6_000], ["pending", "slow_down", "slow_down"], 15_000],
    [
      "and whoever keeps it is not slowed again",
      [0, 1_000, 11_000, 21_000],
      ["pending", "slow_down", "pending", "pending"],
      10_000,
    ],
    [
      "a clock that is behind does not make an interval shorter",
      [10_000, 9_000, 14_400],
      ["pending", "slow_down", "slow_down"],
      15_000,
    ],
  ])("%s", (_, times, told, intervalMs) => {
    expect(paced(...times)).toEqual({ told, intervalMs });
  });

  it("who is early for tokens that wait gets them", () => {
    const polled = pollDevice(FRESH, PRESENTED, 1_000).state;
    expect(pollDevice(decideDevice(polled, YES, 1_001), PRESENTED, 1_002).step.kind).toBe("approved");
  });
});

describe("a decision", () => {
  it.each<[string, DeviceVerdict, DeviceVerdict]>([
    ["a denial after an approval", YES, NO],
    ["an approval after a denial", NO, YES],
    ["another person's approval", YES, approval()],
  ])("is the first one: %s changes nothing", (_, first, second) => {
    const decided = decideDevice(FRESH, first, 1_000);
    expect(decided.verdict).toBe(first);
    expect(decideDevice(decided, second, 1_001)).toBe(decided);
  });

  it("comes before the end or not at all", () => {
    expect(decideDevice(FRESH, YES, LIFE_MS)).toBe(FRESH);
    expect(decideDevice(FRESH, YES, LIFE_MS - 1).verdict).toBe(YES);
  });
});

describe("over any interleaving", () => {
  const action = record({
    do: oneof(
      { weight: 3, arbitrary: constantFrom("poll" as const) },
      { weight: 3, arbitrary: constantFrom("redeem" as const) },
      { weight: 2, arbitrary: constantFrom("approve" as const, "deny" as const) },
    ),
    codeHash: constantFrom(PRESENTED.codeHash, PRESENTED.codeHash, PRESENTED.codeHash, "another hash"),
    clientId: constantFrom(PRESENTED.clientId, PRESENTED.clientId, PRESENTED.clientId, OTHER_CLIENT),
    waitMs: oneof(
      // An end that comes too soon leaves nothing to redeem: most walks are to see one.
      { weight: 40, arbitrary: integer({ min: 0, max: 12_000 }) },
      { weight: 1, arbitrary: constantFrom(LIFE_MS) },
    ),
  });

  it("one redemption at most, by an approval that stands, from the right client with the right code, before the end", () => {
    let redemptions = 0;
    assert(
      property(array(action, { minLength: 5, maxLength: 40 }), (actions) => {
        let state = FRESH;
        let nowMs = 0;
        let redeemed = 0;
        let first: DeviceVerdict | null = null;
        for (const { do: what, waitMs, ...presented } of actions) {
          nowMs += waitMs;
          const before = state;
          if (what === "approve" || what === "deny") {
            const verdict = what === "approve" ? approval() : denial();
            state = decideDevice(state, verdict, nowMs);
            if (nowMs < LIFE_MS) first ??= verdict;
          } else {
            const transition = (what === "poll" ? pollDevice : redeemDevice)(state, presented, nowMs);
            state = transition.state;
            if (what === "redeem" && transition.step.kind === "approved") {
              redeemed++;
              expect(presented).toEqual(PRESENTED);
              expect(nowMs).toBeLessThan(LIFE_MS);
              expect(transition.step).toMatchObject({ ...first, kind: "approved" });
            }
          }
          expect(state.intervalMs - before.intervalMs, "slow_down only adds").toBeOneOf([0, 5_000]);
          expect(state.verdict).toEqual(first);
          expect(before.redeemed && !state.redeemed, "spent stays spent").toBe(false);
        }
        expect(redeemed).toBeLessThanOrEqual(1);
        redemptions += redeemed;
      }),
      { numRuns: 500 },
    );
    expect(redemptions, "walks that got somewhere").toBeGreaterThan(20);
  });
});
