import { platformRandom } from "../../src/kernel/random.ts";
import type { Accounts, CodeIssue, GrantLifetimes, GrantStart, SessionOpening } from "../../src/ports/accounts.ts";
import { newSessionRoot } from "../../src/protocol/client_sid.ts";
import { newGrantId, newSessionId, type UserId } from "../../src/protocol/ids.ts";
import { codeIssue, grantStart, LIFETIMES, redemptionOf } from "./grants.ts";

/** What tests do with the account of `user` at `nowMs`, with everything in it right. */
export function accountActions(accounts: Accounts, user: UserId, nowMs: number) {
  return {
    issued: async (changes: Partial<CodeIssue> = {}, lifetimes: Partial<GrantLifetimes> = {}) => {
      const issue = codeIssue({ grantId: newGrantId(platformRandom), ...changes });
      const answer = await accounts.issueCode(user, issue, { ...LIFETIMES, ...lifetimes }, nowMs);
      if (answer !== "issued") throw new Error(answer);
      return issue;
    },
    redeem: (issue: CodeIssue, changes: Parameters<typeof redemptionOf>[1] = {}, atMs = nowMs) =>
      accounts.redeemCode(user, redemptionOf(issue, changes), atMs),
    started: async (changes: Partial<GrantStart> = {}, lifetimes: Partial<GrantLifetimes> = {}) => {
      const start = grantStart({ grantId: newGrantId(platformRandom), ...changes });
      const answer = await accounts.startGrant(user, start, { ...LIFETIMES, ...lifetimes }, nowMs);
      if (answer.kind !== "granted") throw new Error(answer.reason);
      return start;
    },
    opened: async (changes: Partial<SessionOpening> = {}, atMs = nowMs) => {
      const opening = sessionOpening(changes);
      const answer = await accounts.openSession(user, opening, atMs);
      if (answer !== "opened") throw new Error(answer);
      return opening;
    },
  };
}

/** A session of an hour, ten minutes without use. */
export function sessionOpening(changes: Partial<SessionOpening> = {}): SessionOpening {
  return {
    id: newSessionId(platformRandom),
    root: newSessionRoot(platformRandom),
    secretHash: crypto.randomUUID(),
    amr: ["pwd"],
    acr: null,
    label: "a browser",
    idleMs: 600_000,
    absoluteMs: 3_600_000,
    replaces: null,
    ...changes,
  };
}
