import { describe, expect, it } from "vitest";
import { generationOf, refreshGrant } from "../../../src/protocol/grant_refresh.ts";
import { type GrantState, isLive, rememberUntilMs, revoke, startGrant } from "../../../src/protocol/grant_state.ts";
import { ACCESS_MS, grantStart, LIFETIMES, OTHER_CLIENT, presentation, terms } from "../../support/grants.ts";

const NOW = 1_000_000;
const START = grantStart();
const FRESH = startGrant(START, LIFETIMES, ACCESS_MS, NOW);

/** Presents generation `at` of `START`; every generation below the current one counts as issued. */
function refresh(
  state: GrantState,
  at: number,
  nowMs: number,
  changes: Parameters<typeof presentation>[2] = {},
  spentAtMs = nowMs,
) {
  const presented = presentation(START, at, changes);
  const current = Number(state.refresh?.currentHash.slice(1));
  const generation = generationOf(state, presented.presentedHash, (hash) => Number(hash.slice(1)) < current);
  return refreshGrant(state, presented, generation, nowMs, spentAtMs);
}

/** The grant after `count` rotations, a minute apart. */
function rotatedBy(count: number, begun = FRESH): GrantState {
  let state = begun;
  for (let at = 0; at < count; at++) state = refresh(state, at, NOW + (at + 1) * 60_000).state;
  return state;
}

describe("RFC 9700 4.14.2: rotation", () => {
  it("spends the current secret for its successor", () => {
    const { state, step } = refresh(FRESH, 0, NOW + 5);
    expect(step).toEqual({ kind: "granted", retried: false });
    expect(state).toMatchObject({ lastUsedAtMs: NOW + 5, endsAtMs: FRESH.endsAtMs, refresh: { currentHash: "r1" } });
  });

  it("the secret that was just spent gives the same again, and changes nothing", () => {
    const once = refresh(FRESH, 0, NOW).state;
    const again = refresh(once, 0, NOW + 9_999);
    expect(again.step).toEqual({ kind: "granted", retried: true });
    expect(again.state).toBe(once);
  });

  it("a grant without refresh tokens knows none", () => {
    const none = startGrant({ ...START, terms: terms({ refreshable: false }) }, LIFETIMES, ACCESS_MS, NOW);
    expect(refresh(none, 0, NOW).step).toMatchObject({ reason: "refresh_unknown", ended: "nothing" });
  });
});

describe("RFC 9700 4.14.2: reuse", () => {
  const once = refresh(FRESH, 0, NOW).state;
  it.each([
    ["after the retry window", once, 0, NOW + 10_000, {}],
    ["for other scopes", once, 0, NOW, { narrowing: "openid" }],
    ["with another key", once, 0, NOW, { dpopThumbprint: "key-9" }],
    ["for another successor", once, 0, NOW, { successorHash: "else" }],
    ["once the successor was used", refresh(once, 1, NOW + 1).state, 0, NOW + 2, {}],
    ["of a secret of long ago", rotatedBy(7), 2, NOW + 500_000, {}],
    ["although the grant lies idle", once, 0, NOW + LIFETIMES.refreshIdleMs, {}],
  ] as const)("%s ends everything of the user", (_, state, at, nowMs, changes) => {
    const { step, state: after } = refresh(state, at, nowMs, changes);
    expect(step).toEqual({ kind: "refused", reason: "refresh_reused", ended: "user" });
    expect(after.revokedAtMs).toBe(nowMs);
  });

  it("ends the grant alone where the setting says so", () => {
    const start = startGrant(START, { ...LIFETIMES, onReuse: "grant" }, ACCESS_MS, NOW);
    expect(refresh(rotatedBy(2, start), 0, NOW + 200_000).step).toMatchObject({ ended: "grant" });
  });

  it("a retry window of 0 takes no repetition", () => {
    const strict = refresh(startGrant(START, { ...LIFETIMES, refreshRetryMs: 0 }, ACCESS_MS, NOW), 0, NOW).state;
    for (const atMs of [NOW - 1, NOW])
      expect(refresh(strict, 0, atMs).step).toMatchObject({ reason: "refresh_reused" });
  });

  it("of a grant that was revoked ends nothing more: an old token must not go on ending new sessions", () => {
    expect(refresh(revoke(rotatedBy(3), NOW), 0, NOW + 900_000).step).toMatchObject({
      reason: "grant_revoked",
      ended: "nothing",
    });
  });
});

describe("a refresh that waited for us", () => {
  /** There at `NOW`, looked at 9 s later: its client may have hung up by then. */
  const queued = refresh(FRESH, 0, NOW, {}, NOW + 9_000).state;

  it.each([
    ["with it", 0],
    ["when a client gives up after 10 s", 10_000],
    ["at the end of the window, which began with the spend", 18_999],
  ])("gives the same to a retry that came %s", (_, afterMs) => {
    const again = refresh(queued, 0, NOW + afterMs, {}, NOW + 30_000);
    expect(again).toEqual({ state: queued, step: { kind: "granted", retried: true } });
  });

  it("is theft 10 s after the spend, and at once when its successor was used", () => {
    expect(refresh(queued, 0, NOW + 19_000).step).toMatchObject({ reason: "refresh_reused", ended: "user" });
    const used = refresh(queued, 1, NOW + 9_001).state;
    expect(refresh(used, 0, NOW, {}, NOW + 9_002).step).toMatchObject({ reason: "refresh_reused", ended: "user" });
  });
});

describe("what changes nothing", () => {
  const bound = startGrant({ ...START, dpopThumbprint: "key-1" }, LIFETIMES, ACCESS_MS, NOW);
  it.each([
    ["a secret that was never issued", rotatedBy(2), 90, NOW, {}, "refresh_unknown"],
    ["another client, current", FRESH, 0, NOW, { clientId: OTHER_CLIENT }, "refresh_of_another_client"],
    ["another client, spent", rotatedBy(2), 0, NOW, { clientId: OTHER_CLIENT }, "refresh_of_another_client"],
    ["RFC 9449 5: without the key it is bound to", bound, 0, NOW, {}, "dpop_key_mismatch"],
    ["idle", FRESH, 0, NOW + LIFETIMES.refreshIdleMs, {}, "refresh_idle"],
    ["at the absolute end", FRESH, 0, NOW + LIFETIMES.refreshAbsoluteMs, {}, "grant_ended"],
  ] as const)("%s", (_, state, at, nowMs, changes, reason) => {
    const { step, state: after } = refresh(state, at, nowMs, changes);
    expect(step).toEqual({ kind: "refused", reason, ended: "nothing" });
    expect(after).toBe(state);
  });

  it("positive control: with its key the bound one works", () => {
    expect(refresh(bound, 0, NOW, { dpopThumbprint: "key-1" }).step.kind).toBe("granted");
  });

  it("a retry is refused once even its successor lies idle", () => {
    const brief = { ...LIFETIMES, refreshIdleMs: 2_000 };
    const once = refresh(startGrant(START, brief, ACCESS_MS, NOW), 0, NOW).state;
    expect(refresh(once, 0, NOW + 1_999).step.kind).toBe("granted");
    expect(refresh(once, 0, NOW + 2_000).step).toMatchObject({ reason: "refresh_idle", ended: "nothing" });
  });
});

describe("ends", () => {
  it("use slides the idle end and never the absolute one", () => {
    let state = FRESH;
    const stepMs = LIFETIMES.refreshIdleMs - 1;
    for (let at = 0; at < 2; at++) state = refresh(state, at, NOW + (at + 1) * stepMs).state;
    expect(refresh(state, 2, NOW + LIFETIMES.refreshAbsoluteMs - 1).step.kind).toBe("granted");
    expect(refresh(state, 2, NOW + LIFETIMES.refreshAbsoluteMs).step).toMatchObject({ reason: "grant_ended" });
  });

  it("a grant is remembered until its last access token is dead, a revoked one for a day", () => {
    expect(rememberUntilMs(FRESH)).toBeGreaterThan(FRESH.endsAtMs + ACCESS_MS);
    expect(rememberUntilMs(revoke(FRESH, NOW))).toBe(NOW + 86_400_000);
  });

  it("what is listed as live is what would be given", () => {
    expect([isLive(FRESH, NOW), isLive(revoke(FRESH, NOW), NOW)]).toEqual([true, false]);
    expect(isLive(FRESH, NOW + LIFETIMES.refreshIdleMs)).toBe(false);
  });
});
