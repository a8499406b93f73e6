import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { platformRandom } from "../../src/kernel/random.ts";
import type { GrantStart } from "../../src/ports/accounts.ts";
import { newGrantId } from "../../src/protocol/ids.ts";
import { accountGrantsContract, tally } from "../contract/account_grants_contract.ts";
import { newAccount } from "../support/account_world.ts";
import { ACCESS_MS, CLIENT, LIFETIMES as LIFE, OTHER_CLIENT, presentation, terms } from "../support/grants.ts";

const TWENTY = Array.from({ length: 20 }, (_, at) => at);

accountGrantsContract({
  fresh: async () => {
    const account = await newAccount();
    return { ...account, restart: () => account.kill() };
  },
});

describe("RFC 6749 4.1.2: a code in the account's object", () => {
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
});

describe("RFC 9700 4.14.2: refresh in the account's object", () => {
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
});

describe("what ends a grant tells the gate of that grant, and of no other", () => {
  it("revoking by its refresh token, withdrawing all of a client, ending it by its id", async () => {
    const account = await newAccount();
    const { accounts, user, nowMs, feed } = account;
    const other = terms({ clientId: OTHER_CLIENT });
    const [revoked, ended, withdrawn] = [
      await account.started({ terms: other }),
      await account.started({ terms: other }),
      await account.started(),
    ];
    await account.started({ terms: other });
    const token = { grantId: revoked.grantId, presentedHash: "r0", clientId: OTHER_CLIENT };
    await accounts.revokeRefresh(user, token, nowMs);
    await accounts.endGrant(user, ended.grantId, nowMs);
    await accounts.endGrantsOf(user, CLIENT, nowMs);
    expect(feed.told.map(({ kind, id }) => [kind, id])).toEqual(
      [revoked, ended, withdrawn].map(({ grantId }) => ["grant", grantId]),
    );
  });

  it("a guess leaves no trace", async () => {
    const account = await newAccount();
    const real = await account.issued();
    await account.redeem({ ...real, grantId: newGrantId(platformRandom) });
    await account.redeem(real, { codeHash: "guess" });
    expect([await account.rows("grants"), account.feed.told]).toEqual([1, []]);
  });
});

describe("RFC 9700 4.14.2: what a grant has spent", () => {
  /** As long as a hash is. */
  const hashOf = (at: number) => `r${at}`.padEnd(43, "-");
  /** The refresh token of generation `at`, presented as its client does. */
  const spending = (start: GrantStart, at: number) =>
    presentation(start, at, { presentedHash: hashOf(at), successorHash: hashOf(at + 1) });

  it("is known for what it is however long ago it was spent, and nothing else is taken for it", async () => {
    const account = await newAccount();
    const { accounts, user, nowMs } = account;
    const [start, other] = [await account.started({ refreshHash: hashOf(0) }), await account.started()];
    const isKnown = async (presentedHash: string, { grantId } = start) =>
      (await accounts.revokeRefresh(user, { grantId, presentedHash, clientId: OTHER_CLIENT }, nowMs)) ===
      "of_another_client";
    for (let at = 0; at < 40; at++) {
      await accounts.refresh(user, spending(start, at), nowMs);
      if (at === 20) await account.kill();
    }
    expect(await account.spentHashes()).toBe(40);
    const put = await account.rows("spent_hashes");
    expect([put > 0, put < 40], "some have rows of their own").toEqual([true, true]);
    for (let at = 0; at <= 40; at++) expect(await isKnown(hashOf(at)), hashOf(at)).toBe(true);
    for (const guess of [hashOf(41), "r39", "", " ", `${hashOf(39)} `]) expect(await isKnown(guess)).toBe(false);
    expect(await isKnown(hashOf(7), other), "of another grant").toBe(false);
    const theft = await accounts.refresh(user, spending(start, 7), nowMs);
    expect(theft).toEqual({ kind: "refused", reason: "refresh_reused", ended: "user" });
  });

  it("a death in the turn of any refresh leaves the grant with what it spent, or with neither", async () => {
    const account = await newAccount();
    const { accounts, user, nowMs } = account;
    const start = await account.started({ refreshHash: hashOf(0) });
    for (let at = 0; at < 18; at++) {
      await account.kill((instance) => instance.refresh(user, spending(start, at), nowMs).catch(() => undefined));
      expect(await accounts.refresh(user, spending(start, at), nowMs)).toMatchObject({ kind: "granted" });
      expect(await account.spentHashes()).toBe(at + 1);
    }
  });

  it("an account of an older version keeps its grants and all that they spent", async () => {
    const account = await newAccount();
    const { accounts, user, nowMs } = account;
    const start = await account.started();
    await runInDurableObject(account.stub(), (_, { storage: { sql, kv } }) => {
      sql.exec(`
        CREATE TABLE older (
          id TEXT PRIMARY KEY, client TEXT NOT NULL, session TEXT, has_given INTEGER NOT NULL, is_revoked INTEGER NOT NULL,
          last_used INTEGER NOT NULL, remember_until INTEGER NOT NULL, state TEXT NOT NULL) WITHOUT ROWID;
        INSERT INTO older SELECT id, client, session, has_given, is_revoked, last_used, remember_until, state FROM grants;
        DROP TABLE grants;
        ALTER TABLE older RENAME TO grants;
        CREATE INDEX grants_of_clients ON grants (has_given, client, last_used) WHERE is_revoked = 0;
        INSERT INTO spent_hashes (grant_id, hash) VALUES ('${start.grantId}', 'older');`);
      kv.put("schema", 4);
    });
    await account.kill();
    expect(await accounts.refresh(user, presentation(start, 0), nowMs)).toMatchObject({ kind: "granted" });
    const theft = await accounts.refresh(user, presentation(start, 1, { presentedHash: "older" }), nowMs);
    expect(theft).toEqual({ kind: "refused", reason: "refresh_reused", ended: "user" });
  });
});

describe("a change that fails half-way", () => {
  it("leaves nothing, in storage or in what the object remembers", async () => {
    const account = await newAccount();
    const { accounts, user, nowMs } = account;
    await account.opened();
    const rename = (from: string, to: string) =>
      runInDurableObject(account.stub(), (_, { storage: { sql } }) => {
        sql.exec(`ALTER TABLE ${from} RENAME TO ${to}`);
      });
    await rename("event_outbox", "elsewhere");
    await expect(accounts.endEverything(user, "admin", null, nowMs)).rejects.toThrow("account is unavailable");
    await rename("elsewhere", "event_outbox");
    expect([await accounts.epochOf(user, nowMs), await account.rows("sessions")]).toEqual([1, 1]);
    await accounts.endEverything(user, "admin", null, nowMs);
    expect([await accounts.epochOf(user, nowMs), await account.rows("sessions")]).toEqual([2, 0]);
  });
});

describe("too many grants", () => {
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
    // The object did not see them come.
    await account.kill();
    expect(await account.rows("grants WHERE is_revoked = 0")).toBe(1_000);
    const newcomer = await account.started();
    const live = (await accounts.listGrants(user, nowMs)).map(({ grantId }) => grantId);
    expect(live).toHaveLength(1_000);
    expect(live).toEqual(expect.arrayContaining([modest.grantId, newcomer.grantId]));
  });
});
