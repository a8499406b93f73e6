import { describe, expect, it } from "vitest";
import type { GrantOutcome, RolesWanted } from "../../src/ports/accounts.ts";
import { accountActions } from "../support/account_actions.ts";
import { CLIENT, LIFETIMES as LIFE, OTHER_CLIENT, presentation, terms } from "../support/grants.ts";
import type { AccountsUnderTest } from "./accounts_contract.ts";

const TWENTY = Array.from({ length: 20 }, (_, at) => at);

/** How often each answer was given. */
export function tally(outcomes: readonly (GrantOutcome | RolesWanted)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) {
    const word = wordFor(outcome);
    counts[word] = (counts[word] ?? 0) + 1;
  }
  return counts;
}

function wordFor(outcome: GrantOutcome | RolesWanted): string {
  if (outcome.kind === "refused") return outcome.reason;
  return outcome.kind === "granted" && outcome.retried ? "retried" : outcome.kind;
}

/** What every keeper of accounts promises of codes and refresh tokens (RFC 6749 4.1.2, RFC 9700 4.14.2, RFC 7009). */
export function accountGrantsContract({ fresh }: Pick<AccountsUnderTest, "fresh">): void {
  async function newAccount() {
    const account = await fresh();
    return { ...account, ...accountActions(account.accounts, account.user, account.nowMs) };
  }

  describe("accounts: grants", () => {
    it("of 20 redemptions at once one wins, the others are refused, and the winner's grant lives on", async () => {
      const account = await newAccount();
      const issue = await account.issued();
      const outcomes = await Promise.all(TWENTY.map((at) => account.redeem(issue, { refreshHash: `r${at}` })));
      expect(tally(outcomes)).toEqual({ granted: 1, code_double_submit: 19 });
      const winner = outcomes.findIndex(({ kind }) => kind === "granted");
      const next = await account.accounts.refresh(account.user, presentation(issue, winner), account.nowMs);
      expect(next).toMatchObject({ kind: "granted", retried: false });
    });

    it("a grant that nobody began is unknown, and guessing ends nothing", async () => {
      const account = await newAccount();
      const real = await account.issued();
      const strange = { ...real, grantId: `grt_${"9".repeat(22)}` as typeof real.grantId };
      expect(await account.redeem(strange)).toEqual({ kind: "refused", reason: "grant_unknown", ended: "nothing" });
      expect(await account.redeem(real, { codeHash: "guess" })).toMatchObject({ reason: "code_unknown" });
      expect(await account.redeem(real)).toMatchObject({ kind: "granted", grant: { userEpoch: 1, terms: real.terms } });
    });

    it("of 20 at once one rotates and 19 get the same successor: one chain goes on", async () => {
      const account = await newAccount();
      const start = await account.started();
      const refresh = (at: number) => account.accounts.refresh(account.user, presentation(start, at), account.nowMs);
      for (let at = 0; at < 3; at++) {
        const outcomes = await Promise.all(TWENTY.map(() => refresh(at)));
        expect(tally(outcomes)).toEqual({ granted: 1, retried: 19 });
      }
    });

    it("a secret spent long ago is still known after a restart", async () => {
      const account = await newAccount();
      const start = await account.started({}, { onReuse: "grant" });
      const refresh = (at: number) => account.accounts.refresh(account.user, presentation(start, at), account.nowMs);
      for (let at = 0; at < 5; at++) expect(await refresh(at)).toMatchObject({ kind: "granted" });
      await account.restart();
      expect(await refresh(99)).toMatchObject({ reason: "refresh_unknown", ended: "nothing" });
      expect(await refresh(1)).toMatchObject({ reason: "refresh_reused", ended: "grant" });
    });

    it("what was answered outlives a restart", async () => {
      const account = await newAccount();
      const issue = await account.issued();
      await account.redeem(issue);
      await account.accounts.refresh(account.user, presentation(issue, 0), account.nowMs);
      await account.restart();
      const refresh = (at: number) => account.accounts.refresh(account.user, presentation(issue, at), account.nowMs);
      expect(await account.redeem(issue)).toMatchObject({ reason: "code_double_submit" });
      expect(await refresh(0), "a refresh may be repeated").toMatchObject({ kind: "granted", retried: true });
      expect(await refresh(1)).toMatchObject({ kind: "granted", retried: false });
    });

    it("RFC 7662 2.2: only the token that would work now is read as live, and reading changes nothing", async () => {
      const account = await newAccount();
      const { accounts, user, nowMs } = account;
      const start = await account.started();
      await accounts.refresh(user, presentation(start, 0), nowMs);
      const read = (hash: string, atMs = nowMs) => accounts.readRefresh(user, start.grantId, hash, atMs);
      expect([await read("r0"), await read("guess")]).toEqual([null, null]);
      expect(await read("r1")).toMatchObject({ grantId: start.grantId, terms: start.terms });
      expect(await read("r1", nowMs + LIFE.refreshIdleMs)).toBeNull();
      expect(await accounts.refresh(user, presentation(start, 1), nowMs)).toMatchObject({ kind: "granted" });
    });

    it.each([
      ["the current one", 1],
      ["one that was spent", 0],
    ])("%s ends its grant", async (_, at) => {
      const account = await newAccount();
      const { accounts, user, nowMs } = account;
      const start = await account.started();
      await accounts.refresh(user, presentation(start, 0), nowMs);
      const token = { grantId: start.grantId, presentedHash: `r${at}`, clientId: CLIENT };
      const ended = await accounts.revokeRefresh(user, token, nowMs);
      expect(ended).toEqual({ delivered: "delivered", sessions: 0, grants: 1 });
      expect(await accounts.refresh(user, presentation(start, 1), nowMs)).toMatchObject({ reason: "grant_revoked" });
      expect(await accounts.revokeRefresh(user, token, nowMs)).toMatchObject({ grants: 0 });
    });

    it("another client's, or a guess, ends nothing", async () => {
      const account = await newAccount();
      const { accounts, user, nowMs } = account;
      const { grantId } = await account.started();
      const foreign = { grantId, presentedHash: "r0", clientId: OTHER_CLIENT };
      expect(await accounts.revokeRefresh(user, foreign, nowMs)).toBe("of_another_client");
      const guess = { grantId, presentedHash: "guess", clientId: CLIENT };
      expect(await accounts.revokeRefresh(user, guess, nowMs)).toMatchObject({ grants: 0 });
      expect(await accounts.listGrants(user, nowMs)).toHaveLength(1);
    });

    it("from one client ends its grants and its waiting codes, and nobody else's", async () => {
      const account = await newAccount();
      const { accounts, user, nowMs } = account;
      const [mine, other] = [
        await account.started(),
        await account.started({ terms: terms({ clientId: OTHER_CLIENT }) }),
      ];
      const waiting = await account.issued();
      expect(await accounts.endGrantsOf(user, CLIENT, nowMs)).toEqual({
        delivered: "delivered",
        sessions: 0,
        grants: 1,
      });
      expect(await accounts.refresh(user, presentation(mine, 0), nowMs)).toMatchObject({ reason: "grant_revoked" });
      expect(await account.redeem(waiting)).toMatchObject({ reason: "grant_revoked" });
      expect(await accounts.listGrants(user, nowMs)).toMatchObject([
        { grantId: other.grantId, clientId: OTHER_CLIENT },
      ]);
    });

    it("a withdrawal ends what is under way: no code for what was looked at, or asked, before it", async () => {
      const account = await newAccount();
      const { accounts, user, nowMs } = account;
      const session = await account.opened();
      const seen = async () => (await accounts.findSession(user, session.secretHash, nowMs))?.withdrawals ?? -1;
      const before = await seen();
      await account.issued({ begun: { seenWithdrawals: before, atMs: nowMs } });
      await accounts.endGrantsOf(user, CLIENT, nowMs);
      const issued = (seenWithdrawals: number, atMs: number, clientId = CLIENT) =>
        account.issued({ begun: { seenWithdrawals, atMs }, terms: terms({ clientId }) });
      await expect(issued(before, nowMs), "looked at before").rejects.toThrow("withdrawn");
      await expect(issued(before, nowMs + 5_000), "whatever the clock of who asks says").rejects.toThrow("withdrawn");
      await account.restart();
      await expect(issued(await seen(), nowMs - 1), "asked before, on a page that was left open").rejects.toThrow(
        "withdrawn",
      );
      await expect(issued(before, nowMs - 1, OTHER_CLIENT), "another client's").resolves.toBeDefined();
      await expect(issued(await seen(), nowMs), "begun anew").resolves.toBeDefined();
    });

    it("RFC 9700 4.14.2: reuse ends every session and grant of the user at once, or the grant alone where that is set", async () => {
      for (const onReuse of ["user", "grant"] as const) {
        const account = await newAccount();
        const { accounts, user, nowMs } = account;
        await account.opened();
        const stolen = await account.started({}, { onReuse });
        const other = await account.started({ terms: terms({ clientId: OTHER_CLIENT }) }, { onReuse });
        for (const at of [0, 1]) await accounts.refresh(user, presentation(stolen, at), nowMs);
        const theft = await accounts.refresh(user, presentation(stolen, 0), nowMs);
        expect(theft).toEqual({ kind: "refused", reason: "refresh_reused", ended: onReuse });
        const live = (await accounts.listGrants(user, nowMs)).map(({ grantId }) => grantId);
        const sessions = await accounts.listSessions(user, nowMs);
        expect([live, sessions.length]).toEqual(onReuse === "user" ? [[], 0] : [[other.grantId], 1]);
      }
    });

    it("RFC 6749 4.1.2: a code dies at its end, a refresh token at its idle and its absolute end, to the millisecond", async () => {
      const account = await newAccount();
      const { accounts, user, nowMs } = account;
      const late = await account.issued();
      expect(await account.redeem(late, {}, nowMs + LIFE.codeMs)).toMatchObject({ kind: "refused" });
      const timely = await account.issued();
      expect(await account.redeem(timely, {}, nowMs + LIFE.codeMs - 1)).toMatchObject({ kind: "granted" });
      const at = (start: typeof timely, generation: number, ms: number) =>
        accounts.refresh(user, presentation(start, generation), nowMs + ms);
      const idle = await account.started();
      expect(await at(timely, 0, LIFE.codeMs)).toMatchObject({ kind: "granted" });
      expect(await accounts.refresh(user, presentation(idle, 0), nowMs + LIFE.refreshIdleMs)).toMatchObject({
        kind: "refused",
        ended: "nothing",
      });
      const busy = await account.started();
      const refresh = (generation: number, ms: number) =>
        accounts.refresh(user, presentation(busy, generation), nowMs + ms);
      for (const [generation, part] of [0.4, 0.8].entries()) {
        expect(await refresh(generation, part * LIFE.refreshAbsoluteMs)).toMatchObject({ kind: "granted" });
      }
      expect(await refresh(2, LIFE.refreshAbsoluteMs)).toMatchObject({ kind: "refused" });
    });

    it("what is live is listed as it was given, and one grant is ended by its id", async () => {
      const account = await newAccount();
      const { accounts, user, nowMs } = account;
      const [one, two] = [await account.started(), await account.started({ terms: terms({ clientId: OTHER_CLIENT }) })];
      await account.issued();
      await accounts.refresh(user, presentation(one, 0), nowMs + 60_000);
      const listed = await accounts.listGrants(user, nowMs + 60_000);
      expect(new Map(listed.map(({ grantId, lastUsedAtMs }) => [grantId, lastUsedAtMs]))).toEqual(
        new Map([
          [one.grantId, nowMs + 60_000],
          [two.grantId, nowMs],
        ]),
      );
      const { scopes, resource } = two.terms;
      expect(listed.find(({ grantId }) => grantId === two.grantId)).toMatchObject({
        clientId: OTHER_CLIENT,
        scopes,
        resource,
        startedAtMs: nowMs,
      });
      expect(await accounts.endGrant(user, two.grantId, nowMs)).toMatchObject({ delivered: "delivered", grants: 1 });
      expect(await accounts.endGrant(user, two.grantId, nowMs)).toMatchObject({ grants: 0 });
      expect(await accounts.listGrants(user, nowMs)).toMatchObject([{ grantId: one.grantId, clientId: CLIENT }]);
    });
  });
}
