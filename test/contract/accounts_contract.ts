import { describe, expect, it } from "vitest";
import { Outage } from "../../src/kernel/outage.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import type { Accounts } from "../../src/ports/accounts.ts";
import { newGrantId, newSessionId, newUserId, type UserId } from "../../src/protocol/ids.ts";
import { accountActions, sessionOpening } from "../support/account_actions.ts";
import {
  CLIENT,
  codeIssue,
  grantStart,
  LIFETIMES,
  OTHER_CLIENT,
  presentation,
  redemptionOf,
  terms,
} from "../support/grants.ts";

/** An account that nobody has used yet, with neighbours that take everything in. */
export interface AccountUnderTest {
  readonly accounts: Accounts;
  readonly user: UserId;
  readonly nowMs: number;
  /** Ends whatever of the account is not in storage, as a crash does. */
  restart(): Promise<unknown>;
}

export interface AccountsUnderTest {
  fresh(): Promise<AccountUnderTest>;
  broken(): Accounts;
}

/** What every keeper of accounts promises of sessions, and of the end of everything. Of grants: `accountGrantsContract`. */
export function accountSessionsContract({ fresh, broken }: AccountsUnderTest): void {
  async function newAccount() {
    const account = await fresh();
    return { ...account, ...accountActions(account.accounts, account.user, account.nowMs) };
  }

  describe("accounts: sessions", () => {
    it("is found by its secret's hash alone, and ends at its idle and its absolute end", async () => {
      const account = await newAccount();
      const { accounts, user, nowMs } = account;
      const session = await account.opened();
      const find = (atMs: number, hash = session.secretHash) => accounts.findSession(user, hash, atMs);
      expect(await find(nowMs, "guess")).toBeNull();
      expect(await find(nowMs)).toMatchObject({ id: session.id, authTimeMs: nowMs, amr: ["pwd"], label: "a browser" });
      expect(await find(nowMs + 600_000), "idle").toBeNull();
      for (let minute = 5; minute < 60; minute += 5) expect(await find(nowMs + minute * 60_000)).not.toBeNull();
      expect(await find(nowMs + 3_600_000), "absolute").toBeNull();
    });

    it("being seen is written once a minute, and often enough for a short idle time to slide", async () => {
      const account = await newAccount();
      const { accounts, user, nowMs } = account;
      const long = await account.opened();
      const brief = await account.opened({ idleMs: 2_000 });
      const seen = async (hash: string, atMs: number) => {
        await accounts.findSession(user, hash, atMs);
        return (await accounts.findSession(user, hash, atMs))?.lastSeenAtMs;
      };
      expect(await seen(long.secretHash, nowMs + 59_999)).toBe(nowMs);
      expect(await seen(long.secretHash, nowMs + 60_000)).toBe(nowMs + 60_000);
      expect(await seen(brief.secretHash, nowMs + 1_500)).toBe(nowMs + 1_500);
      expect(await seen(brief.secretHash, nowMs + 3_400)).toBe(nowMs + 3_400);
    });

    it("opens and gives nothing on a proof from before everything ended, and what it was proven in stays as it is", async () => {
      const account = await newAccount();
      const { accounts, user, nowMs } = account;
      const provenAtEpoch = await accounts.epochOf(user, nowMs);
      const start = grantStart({ grantId: newGrantId(platformRandom), provenAtEpoch });
      await account.opened({ provenAtEpoch });
      await account.started({ provenAtEpoch });
      await accounts.endEverything(user, "password_reset", null, nowMs);
      expect(await accounts.openSession(user, sessionOpening({ provenAtEpoch }), nowMs)).toBe("superseded");
      expect(await accounts.startGrant(user, start, LIFETIMES, nowMs)).toMatchObject({
        kind: "refused",
        reason: "proof_superseded",
        ended: "nothing",
      });
      expect([await accounts.listSessions(user, nowMs), await accounts.listGrants(user, nowMs)]).toEqual([[], []]);
      const again = await accounts.epochOf(user, nowMs);
      expect(again).toBe(provenAtEpoch + 1);
      await account.opened({ provenAtEpoch: again });
      await account.started({ provenAtEpoch: again });
      await account.opened({ provenAtEpoch: null });
    });

    it("OWASP ASVS 7.2.4: a new one takes the place of the old; the old secret is dead, the apps stay", async () => {
      const account = await newAccount();
      const { accounts, user, nowMs } = account;
      const old = await account.opened();
      const app = await account.started({ terms: terms({ sessionId: old.id, scopes: ["openid"] }) });
      const fresh = await account.opened({ replaces: old.id });
      expect(await accounts.findSession(user, old.secretHash, nowMs)).toBeNull();
      const next = await accounts.refresh(user, presentation(app, 0), nowMs);
      expect(next).toMatchObject({ kind: "granted", grant: { terms: { sessionId: fresh.id } } });
      expect(await accounts.endSession(user, fresh.id, nowMs)).toMatchObject({ sessions: 1, grants: 1 });
    });

    it("leaves the one session that asked for it, and nothing else", async () => {
      const account = await newAccount();
      const { accounts, user, nowMs } = account;
      const [mine, other] = [await account.opened(), await account.opened()];
      await account.started({ terms: terms({ sessionId: mine.id }) });
      const ended = await accounts.endEverything(user, "password_changed", mine.id, nowMs);
      expect(ended).toEqual({ delivered: "delivered", sessions: 1, grants: 1 });
      expect(await accounts.findSession(user, mine.secretHash, nowMs)).not.toBeNull();
      expect(await accounts.findSession(user, other.secretHash, nowMs)).toBeNull();
    });

    it("a session that ended gives no more codes, whoever looked at it before; one that lives does", async () => {
      const { accounts, user, nowMs, opened, issued } = await newAccount();
      const [gone, alive] = [await opened(), await opened()];
      await accounts.endSession(user, gone.id, nowMs);
      await expect(issued({ givenIn: gone.id })).rejects.toThrow("session_over");
      await expect(issued({ givenIn: alive.id })).resolves.toBeDefined();
      await accounts.endEverything(user, "sign_out_everywhere", null, nowMs);
      await expect(issued({ givenIn: alive.id })).rejects.toThrow("session_over");
    });

    it("a session that outlives the end of everything gives no code on what was looked at before", async () => {
      const { accounts, user, nowMs, opened, issued } = await newAccount();
      const kept = await opened();
      const before = (await accounts.findSession(user, kept.secretHash, nowMs))?.accountEpoch;
      await accounts.endEverything(user, "password_changed", kept.id, nowMs);
      await expect(issued({ givenIn: kept.id, provenAtEpoch: before ?? 0 })).rejects.toThrow("session_over");
      const after = (await accounts.findSession(user, kept.secretHash, nowMs))?.accountEpoch;
      expect(after).toBe((before ?? 0) + 1);
      await expect(issued({ givenIn: kept.id, provenAtEpoch: after ?? 0 })).resolves.toBeDefined();
    });

    it("a blocked account opens and gives nothing, also after a restart, until it is unblocked", async () => {
      const account = await newAccount();
      const { accounts, user, nowMs } = account;
      const session = await account.opened();
      const start = await account.started();
      const waiting = await account.issued();
      expect(await accounts.setBlocked(user, true, "disabled", nowMs)).toMatchObject({ sessions: 1, grants: 1 });
      await account.restart();
      expect(await accounts.findSession(user, session.secretHash, nowMs)).toBeNull();
      expect(await accounts.openSession(user, sessionOpening(), nowMs)).toBe("blocked");
      expect(await accounts.issueCode(user, waiting, LIFETIMES, nowMs)).toBe("blocked");
      expect(await account.redeem(waiting)).toMatchObject({ reason: "account_blocked" });
      expect(await accounts.refresh(user, presentation(start, 0), nowMs)).toMatchObject({ reason: "account_blocked" });
      expect(await accounts.startGrant(user, start, LIFETIMES, nowMs)).toMatchObject({ reason: "account_blocked" });
      expect(await accounts.setBlocked(user, true, "disabled", nowMs), "again").toMatchObject({
        sessions: 0,
        grants: 0,
      });
      await accounts.setBlocked(user, false, "admin", nowMs);
      expect(await account.redeem(waiting), "what ended stays ended").toMatchObject({ reason: "grant_revoked" });
      expect(await accounts.openSession(user, sessionOpening(), nowMs)).toBe("opened");
      expect(await account.started()).toBeDefined();
    });

    it("a session ends with the grants given in it, but those that outlive it, and leaves the others alone", async () => {
      const account = await newAccount();
      const { accounts, user, nowMs } = account;
      const [here, elsewhere] = [await account.opened(), await account.opened()];
      const of = (sessionId: typeof here.id, scopes = ["openid"]) =>
        account.started({ terms: terms({ sessionId, sid: "sid", scopes }) });
      const [bound, offline, other] = [
        await of(here.id),
        await of(here.id, ["offline_access"]),
        await of(elsewhere.id),
      ];
      const ended = await accounts.endSession(user, here.id, nowMs);
      expect(ended).toEqual({ delivered: "delivered", sessions: 1, grants: 1 });
      expect(await accounts.findSession(user, here.secretHash, nowMs)).toBeNull();
      expect(await accounts.listSessions(user, nowMs)).toMatchObject([{ id: elsewhere.id }]);
      expect(await accounts.refresh(user, presentation(bound, 0), nowMs)).toMatchObject({ reason: "grant_revoked" });
      for (const grant of [offline, other]) {
        expect(await accounts.refresh(user, presentation(grant, 0), nowMs)).toMatchObject({ kind: "granted" });
      }
      expect(await accounts.endSession(user, here.id, nowMs)).toMatchObject({ sessions: 0, grants: 0 });
    });

    it("what was opened, and what ended, is so after a restart", async () => {
      const account = await newAccount();
      const { accounts, user, nowMs } = account;
      const [kept, gone] = [await account.opened(), await account.opened()];
      await accounts.endSession(user, gone.id, nowMs);
      await account.restart();
      expect(await accounts.listSessions(user, nowMs)).toMatchObject([{ id: kept.id, label: "a browser" }]);
      expect(await accounts.findSession(user, gone.secretHash, nowMs)).toBeNull();
      await accounts.endEverything(user, "sign_out_everywhere", null, nowMs);
      const epoch = await accounts.epochOf(user, nowMs);
      await account.restart();
      expect([await accounts.epochOf(user, nowMs), await accounts.listSessions(user, nowMs)]).toEqual([epoch, []]);
    });

    it("what cannot be reached is an outage, never an answer", async () => {
      const [down, user, session] = [broken(), newUserId(platformRandom), newSessionId(platformRandom)];
      const [grantId, nowMs] = [newGrantId(platformRandom), Date.now()];
      const [start, issue] = [grantStart({ grantId }), codeIssue({ grantId })];
      const calls: Readonly<Record<keyof Accounts, () => Promise<unknown>>> = {
        epochOf: () => down.epochOf(user, nowMs),
        openSession: () => down.openSession(user, sessionOpening(), nowMs),
        findSession: () => down.findSession(user, "hash", nowMs),
        listSessions: () => down.listSessions(user, nowMs),
        endSession: () => down.endSession(user, session, nowMs),
        endEverything: () => down.endEverything(user, "admin", null, nowMs),
        beginChange: () => down.beginChange(user, "admin", null, nowMs),
        beginProvenChange: () => down.beginProvenChange(user, 1, "admin", null, nowMs),
        finishChange: () => down.finishChange(user, { reason: "admin", except: null, mark: 2 }, nowMs),
        endOwed: () => down.endOwed(user, nowMs),
        setBlocked: () => down.setBlocked(user, true, "disabled", nowMs),
        forgetRoles: () => down.forgetRoles(user, nowMs),
        issueCode: () => down.issueCode(user, issue, LIFETIMES, nowMs),
        redeemCode: () => down.redeemCode(user, redemptionOf(issue), nowMs),
        startGrant: () => down.startGrant(user, start, LIFETIMES, nowMs),
        refresh: () => down.refresh(user, presentation(start, 0), nowMs),
        readRefresh: () => down.readRefresh(user, grantId, "hash", nowMs),
        revokeRefresh: () => down.revokeRefresh(user, { grantId, presentedHash: "hash", clientId: CLIENT }, nowMs),
        listGrants: () => down.listGrants(user, nowMs),
        endGrant: () => down.endGrant(user, grantId, nowMs),
        endGrantsOf: () => down.endGrantsOf(user, OTHER_CLIENT, nowMs),
      };
      for (const [name, call] of Object.entries(calls)) {
        await expect(call(), name).rejects.toBeInstanceOf(Outage);
      }
    });
  });
}
