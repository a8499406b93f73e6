import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { GrantOutcome, RolesWanted } from "../../src/ports/accounts.ts";
import { newAccount } from "../support/account_world.ts";
import { ACCESS_MS, CLIENT, LIFETIMES as LIFE, OTHER_CLIENT, presentation, terms } from "../support/grants.ts";

const TWENTY = Array.from({ length: 20 }, (_, at) => at);

/** How often each answer was given. */
function tally(outcomes: readonly (GrantOutcome | RolesWanted)[]): Record<string, number> {
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

describe("RFC 6749 4.1.2: a code in the account's object", () => {
  it("of 20 redemptions at once one wins, the others are refused, and the winner's grant lives on", async () => {
    const account = await newAccount();
    const issue = await account.issued();
    const outcomes = await Promise.all(TWENTY.map((at) => account.redeem(issue, { refreshHash: `r${at}` })));
    expect(tally(outcomes)).toEqual({ granted: 1, code_double_submit: 19 });
    const winner = outcomes.findIndex(({ kind }) => kind === "granted");
    const next = await account.accounts.refresh(account.user, presentation(issue, winner), account.nowMs);
    expect(next).toMatchObject({ kind: "granted", retried: false });
    expect(account.feed.told).toEqual([]);
  });

  it("of 20 at once with two verifiers at most one wins, and the grant ends: the gate is told", async () => {
    const account = await newAccount();
    const issue = await account.issued();
    const outcomes = await Promise.all(
      TWENTY.map((at) => account.redeem(issue, at === 7 ? { verifierChallenge: "stolen" } : {})),
    );
    expect(tally(outcomes)).toMatchObject({ granted: 1, code_spent: 1 });
    expect(account.feed.told).toEqual([
      { kind: "grant", id: issue.grantId, epoch: 1, untilMs: account.nowMs + ACCESS_MS + 60_000 },
    ]);
    expect(account.events.told).toMatchObject([
      { kind: "grant_ended", reason: "code_spent", userId: account.user, grantId: issue.grantId, clientId: CLIENT },
    ]);
    const next = await account.accounts.refresh(account.user, presentation(issue, 0), account.nowMs);
    expect(next).toMatchObject({ reason: "grant_revoked" });
  });

  it("one that gave nothing has nothing to announce when it ends", async () => {
    const account = await newAccount();
    const issue = await account.issued();
    expect(await account.redeem(issue, { verifierChallenge: "wrong" })).toMatchObject({ ended: "grant" });
    expect([account.feed.told, account.events.told]).toEqual([[], []]);
  });

  it("a grant that nobody began is unknown, and guessing leaves no trace", async () => {
    const account = await newAccount();
    const real = await account.issued();
    const strange = { ...real, grantId: `grt_${"9".repeat(22)}` as typeof real.grantId };
    expect(await account.redeem(strange)).toEqual({ kind: "refused", reason: "grant_unknown", ended: "nothing" });
    expect(await account.redeem(real, { codeHash: "guess" })).toMatchObject({ reason: "code_unknown" });
    expect(await account.rows("grants")).toBe(1);
    expect(await account.redeem(real)).toMatchObject({ kind: "granted", grant: { userEpoch: 1, terms: real.terms } });
  });
});

describe("RFC 9700 4.14.2: refresh in the account's object", () => {
  it("of 20 at once one rotates and 19 get the same successor: one chain goes on", async () => {
    const account = await newAccount();
    const start = await account.started();
    const refresh = (at: number) => account.accounts.refresh(account.user, presentation(start, at), account.nowMs);
    for (let at = 0; at < 3; at++) {
      const outcomes = await Promise.all(TWENTY.map(() => refresh(at)));
      expect(tally(outcomes)).toEqual({ granted: 1, retried: 19 });
    }
    expect(await account.rows("spent_hashes")).toBe(3);
    expect(account.feed.told).toEqual([]);
  });

  it("reuse ends every session and grant of the user at once, and says so once for each subject", async () => {
    const account = await newAccount();
    const { accounts, user, nowMs } = account;
    await account.opened();
    const [stolen, other, pairwise] = [
      await account.started({ terms: terms({ subject: user }) }),
      await account.started({ terms: terms({ subject: user, clientId: OTHER_CLIENT }) }),
      await account.started({ terms: terms({ subject: "pairwise-1" }) }),
    ];
    await account.issued();
    for (const at of [0, 1]) await accounts.refresh(user, presentation(stolen, at), nowMs);
    const theft = await accounts.refresh(user, presentation(stolen, 0), nowMs);
    expect(theft).toEqual({ kind: "refused", reason: "refresh_reused", ended: "user" });
    const untilMs = nowMs + ACCESS_MS + 60_000;
    expect(new Set(account.feed.told)).toEqual(
      new Set([
        { kind: "user", id: user, epoch: 2, untilMs },
        { kind: "user", id: "pairwise-1", epoch: expect.any(Number), untilMs },
      ]),
    );
    expect(account.events.told).toMatchObject([
      { kind: "everything_ended", reason: "refresh_reuse", userId: user, grantId: stolen.grantId, clientId: CLIENT },
    ]);
    expect(await accounts.listSessions(user, nowMs)).toEqual([]);
    expect(await accounts.listGrants(user, nowMs)).toEqual([]);
    for (const grant of [other, pairwise]) {
      const next = await accounts.refresh(user, presentation(grant, 0), nowMs);
      expect(next).toMatchObject({ reason: "grant_revoked", ended: "nothing" });
    }
    const fresh = await accounts.startGrant(user, { ...other, grantId: `grt_${"7".repeat(22)}` as never }, LIFE, nowMs);
    expect(fresh, "the user can begin anew, under the new epoch").toMatchObject({ grant: { userEpoch: 2 } });
    await accounts.refresh(user, presentation(stolen, 1), nowMs);
    expect(await accounts.listGrants(user, nowMs), "and the thief's tokens end nothing more").toHaveLength(1);
  });

  it("a secret spent long ago is still known after an eviction", async () => {
    const account = await newAccount();
    const start = await account.started({}, { onReuse: "grant" });
    const refresh = (at: number) => account.accounts.refresh(account.user, presentation(start, at), account.nowMs);
    for (let at = 0; at < 5; at++) expect(await refresh(at)).toMatchObject({ kind: "granted" });
    await evictDurableObject(account.stub());
    await account.rewired();
    expect(await refresh(99)).toMatchObject({ reason: "refresh_unknown", ended: "nothing" });
    expect(await refresh(1)).toMatchObject({ reason: "refresh_reused", ended: "grant" });
    expect(account.feed.told).toMatchObject([{ kind: "grant", id: start.grantId }]);
  });

  it("what was answered outlives the object's death", async () => {
    const account = await newAccount();
    const issue = await account.issued();
    await account.redeem(issue);
    await account.accounts.refresh(account.user, presentation(issue, 0), account.nowMs);
    await account.kill();
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
});

describe("RFC 7009 2.1: revoking by refresh token", () => {
  it.each([
    ["the current one", 1],
    ["one that was spent", 0],
  ])("%s ends its grant and tells the gate", async (_, at) => {
    const account = await newAccount();
    const { accounts, user, nowMs } = account;
    const start = await account.started();
    await accounts.refresh(user, presentation(start, 0), nowMs);
    const token = { grantId: start.grantId, presentedHash: `r${at}`, clientId: CLIENT };
    const ended = await accounts.revokeRefresh(user, token, nowMs);
    expect(ended).toEqual({ delivered: "delivered", sessions: 0, grants: 1 });
    expect(account.feed.told).toMatchObject([{ kind: "grant", id: start.grantId }]);
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
});

describe("withdrawing what was granted", () => {
  it("from one client ends its grants and its waiting codes, and nobody else's", async () => {
    const account = await newAccount();
    const { accounts, user, nowMs } = account;
    const [mine, other] = [
      await account.started(),
      await account.started({ terms: terms({ clientId: OTHER_CLIENT }) }),
    ];
    const waiting = await account.issued();
    expect(await accounts.endGrantsOf(user, CLIENT, nowMs)).toEqual({ delivered: "delivered", sessions: 0, grants: 1 });
    expect(account.feed.told.map(({ id }) => id)).toEqual([mine.grantId]);
    expect(await account.redeem(waiting)).toMatchObject({ reason: "grant_revoked" });
    expect(await accounts.listGrants(user, nowMs)).toMatchObject([{ grantId: other.grantId, clientId: OTHER_CLIENT }]);
  });

  it("too many waiting codes end the oldest of them, never a connected app", async () => {
    const account = await newAccount();
    const app = await account.started();
    const first = await account.issued();
    for (let count = 0; count < 49; count++) await account.issued();
    expect(await account.rows("grants WHERE is_revoked = 1")).toBe(0);
    const last = await account.issued({}, {});
    expect(await account.rows("grants WHERE is_revoked = 1")).toBe(1);
    expect(await account.redeem(last)).toMatchObject({ kind: "granted" });
    expect(await account.accounts.listGrants(account.user, account.nowMs)).toHaveLength(2);
    expect([app.grantId, first.grantId]).not.toContain(last.grantId);
  });

  it("a client with too many grants loses its own oldest one, never another client's", async () => {
    const account = await newAccount();
    const { accounts, user, nowMs } = account;
    const other = await account.started({ terms: terms({ clientId: OTHER_CLIENT }) });
    const [first, second] = [await account.started(), await account.started()];
    for (let count = 2; count < 100; count++) await account.started();
    const later = nowMs + 1_000;
    for (const start of [first, second]) await accounts.refresh(user, presentation(start, 0), later);
    expect(await accounts.listGrants(user, nowMs)).toHaveLength(101);
    const last = await account.started();
    const live = (await accounts.listGrants(user, nowMs)).map(({ grantId }) => grantId);
    expect(live).toHaveLength(101);
    expect(live).toEqual(expect.arrayContaining([other.grantId, first.grantId, second.grantId, last.grantId]));
    expect(account.feed.told, "the gate hears of the one that went").toMatchObject([{ kind: "grant" }]);
    expect(live).not.toContain(account.feed.told[0]?.id);
  });

  it("where all clients together have too many, whoever holds the most gives way", async () => {
    const account = await newAccount();
    const { accounts, user, nowMs } = account;
    const modest = await account.started({ terms: terms({ clientId: OTHER_CLIENT }) });
    const copy = `INSERT INTO grants (id, client, session, has_given, is_revoked, last_used, remember_until, state)
      SELECT ?, ?, session, has_given, is_revoked, last_used, remember_until, state FROM grants WHERE id = ?`;
    await runInDurableObject(account.stub(), (_, { storage: { sql } }) => {
      for (let at = 0; at < 999; at++) sql.exec(copy, `grt_${at}`, `cli_${at % 11}`, modest.grantId);
    });
    expect(await account.rows("grants WHERE is_revoked = 0")).toBe(1_000);
    const newcomer = await account.started();
    const live = (await accounts.listGrants(user, nowMs)).map(({ grantId }) => grantId);
    expect(live).toHaveLength(1_000);
    expect(live).toEqual(expect.arrayContaining([modest.grantId, newcomer.grantId]));
  });
});
