import { describe, expect, it } from "vitest";
import { redeemCode } from "../../../src/protocol/grant_code.ts";
import { type GrantState, issueCode } from "../../../src/protocol/grant_state.ts";
import { ACCESS_MS, codeIssue, LIFETIMES, OTHER_CLIENT, redemptionOf, terms } from "../../support/grants.ts";

const NOW = 1_000_000;
const ISSUE = codeIssue();
const FRESH = issueCode(ISSUE, LIFETIMES, ACCESS_MS, NOW);
const GOOD = redemptionOf(ISSUE);

function redeemed(issue = ISSUE, atMs = NOW + 1_000): GrantState {
  const { state, step } = redeemCode(issueCode(issue, LIFETIMES, ACCESS_MS, NOW), redemptionOf(issue), atMs);
  expect(step).toEqual({ kind: "granted", retried: false });
  return state;
}

describe("RFC 6749 4.1.3: redeeming a code", () => {
  it("gives the grant and its first refresh token; the absolute end counts from here", () => {
    expect(redeemed()).toMatchObject({
      startedAtMs: NOW + 1_000,
      endsAtMs: NOW + 1_000 + LIFETIMES.refreshAbsoluteMs,
      refresh: { currentHash: "r0", spent: null },
    });
  });

  it("without refresh tokens the grant lasts as long as its access token", () => {
    const state = redeemed(codeIssue({ terms: terms({ refreshable: false }) }));
    expect([state.refresh, state.endsAtMs]).toEqual([null, NOW + 1_000 + ACCESS_MS]);
  });

  it("lives up to its end and not a millisecond longer; expiry changes nothing", () => {
    expect(redeemCode(FRESH, GOOD, NOW + 59_999).step.kind).toBe("granted");
    const late = redeemCode(FRESH, GOOD, NOW + 60_000);
    expect(late).toEqual({ state: FRESH, step: { kind: "refused", reason: "code_expired", ended: "nothing" } });
  });

  it("a secret that is not the code's changes nothing, whatever else is wrong", () => {
    for (const state of [FRESH, redeemed()]) {
      const guess = redeemCode(state, { ...GOOD, codeHash: "guess", clientId: OTHER_CLIENT }, NOW + 2_000);
      expect(guess.step).toEqual({ kind: "refused", reason: "code_unknown", ended: "nothing" });
      expect(guess.state).toBe(state);
    }
  });
});

describe("RFC 9700 4.5: a right code with something else wrong is spent, and its grant ends", () => {
  const bound = codeIssue({ dpopThumbprint: "key-1" });
  const exempt = codeIssue({ codeChallenge: null });
  it.each([
    ["another client", ISSUE, { clientId: OTHER_CLIENT }, "code_of_another_client"],
    ["another redirect URI", ISSUE, { redirectUri: "https://client.test/other" }, "redirect_uri_mismatch"],
    ["no redirect URI and no PKCE to stand for it", exempt, { redirectUri: null }, "redirect_uri_mismatch"],
    ["RFC 7636 4.6: no verifier", ISSUE, { verifierChallenge: null }, "verifier_missing"],
    ["RFC 7636 4.6: another verifier", ISSUE, { verifierChallenge: "other" }, "verifier_mismatch"],
    ["RFC 9700 4.8.2: a verifier without a challenge", exempt, { verifierChallenge: "x" }, "verifier_unexpected"],
    ["RFC 9449 10: another key", bound, { dpopThumbprint: "key-2" }, "dpop_key_mismatch"],
    ["RFC 9449 10: no key", bound, { dpopThumbprint: null }, "dpop_key_mismatch"],
  ] as const)("%s", (_, issue, changes, reason) => {
    const fresh = issueCode(issue, LIFETIMES, ACCESS_MS, NOW);
    const failed = redeemCode(fresh, redemptionOf(issue, changes), NOW + 1);
    expect(failed.step).toEqual({ kind: "refused", reason, ended: "grant" });
    const after = redeemCode(failed.state, redemptionOf(issue), NOW + 2);
    expect(after.step, "the honest client cannot use it any more").toMatchObject({ reason: "grant_revoked" });
    expect(redeemCode(fresh, redemptionOf(issue), NOW + 2).step.kind, "positive control").toBe("granted");
  });

  it("OAuth 2.1: with PKCE the redirect URI may be left out", () => {
    expect(redeemCode(FRESH, { ...GOOD, redirectUri: null }, NOW).step.kind).toBe("granted");
  });
});

describe("a redemption that waited for us", () => {
  /** There at `NOW + 1_000`, looked at 20 s later. */
  const queued = redeemCode(FRESH, GOOD, NOW + 1_000, NOW + 21_000).state;

  it.each([
    ["that came with it and waited as long", 1_000, "code_double_submit", "nothing"],
    ["that came 5 s after it, and was looked at after it", 6_000, "code_double_submit", "nothing"],
    ["that came when it was spent", 21_000, "code_double_submit", "nothing"],
    ["within the window from then on", 25_999, "code_double_submit", "nothing"],
    ["after that window", 26_000, "code_spent", "grant"],
  ] as const)("leaves the honest client its tokens for a second one %s, or not", (_, afterMs, reason, ended) => {
    expect(redeemCode(queued, GOOD, NOW + afterMs, NOW + 40_000).step).toMatchObject({ reason, ended });
  });

  it("is not late for what it waited: the code's life counts up to when the request was there", () => {
    expect(redeemCode(FRESH, GOOD, NOW + 59_999, NOW + 75_000).step.kind).toBe("granted");
    expect(redeemCode(FRESH, GOOD, NOW + 60_000, NOW + 60_000).step).toMatchObject({ reason: "code_expired" });
  });

  it("is theft all the same for a second one without the verifier", () => {
    const stolen = redeemCode(queued, { ...GOOD, verifierChallenge: null }, NOW + 1_000, NOW + 21_000);
    expect(stolen.step).toMatchObject({ reason: "code_spent", ended: "grant" });
  });
});

describe("RFC 6749 4.1.2: a second redemption", () => {
  it.each([
    ["at once by the honest client: its double submit ends nothing", {}, 0, "code_double_submit", "nothing"],
    ["within the window", {}, 4_999, "code_double_submit", "nothing"],
    ["by a clock a little behind", {}, -50, "code_double_submit", "nothing"],
    ["after the window", {}, 5_000, "code_spent", "grant"],
    ["by another client", { clientId: OTHER_CLIENT }, 0, "code_spent", "grant"],
    ["without the verifier", { verifierChallenge: null }, 0, "code_spent", "grant"],
    ["with another verifier", { verifierChallenge: "other" }, 0, "code_spent", "grant"],
    ["with another redirect URI", { redirectUri: "https://client.test/x" }, 0, "code_spent", "grant"],
    ["with another key", { dpopThumbprint: "key-9" }, 0, "code_spent", "grant"],
  ] as const)("%s", (_, changes, afterMs, reason, ended) => {
    const first = redeemed();
    const second = redeemCode(first, { ...GOOD, ...changes, refreshHash: "r-second" }, NOW + 1_000 + afterMs);
    expect(second.step).toEqual({ kind: "refused", reason, ended });
    expect(second.state.revokedAtMs === null).toBe(ended === "nothing");
    expect(second.state.refresh?.currentHash, "and it never gives").toBe("r0");
  });

  it("a window of 0 tells nothing apart", () => {
    const strict = issueCode(ISSUE, { ...LIFETIMES, codeRetryMs: 0 }, ACCESS_MS, NOW);
    const first = redeemCode(strict, GOOD, NOW).state;
    for (const atMs of [NOW - 1, NOW]) {
      expect(redeemCode(first, GOOD, atMs).step).toMatchObject({ reason: "code_spent", ended: "grant" });
    }
  });
});
