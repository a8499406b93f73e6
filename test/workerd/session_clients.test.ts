import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { platformRandom } from "../../src/kernel/random.ts";
import type { GrantTerms } from "../../src/protocol/grant_terms.ts";
import { newClientId, newSessionId, type SessionId } from "../../src/protocol/ids.ts";
import { newAccount } from "../support/account_world.ts";
import { eventually } from "../support/eventually.ts";
import { ACCESS_MS, CLIENT, LIFETIMES, OTHER_CLIENT, presentation, terms } from "../support/grants.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

type Account = Awaited<ReturnType<typeof newAccount>>;

const HOUR_MS = 3_600_000;
const DAY = { idleMs: 12 * HOUR_MS, absoluteMs: 24 * HOUR_MS };

/** Signs the user in at a client that wants nothing but to know who they are: no refresh token, no `offline_access`. */
async function signIn(account: Account, sessionId: SessionId, changes: Partial<GrantTerms> = {}) {
  const own = terms({ sessionId, sid: "sid-1", scopes: ["openid"], refreshable: false, ...changes });
  const issue = await account.issued({ terms: own });
  expect(await account.redeem(issue)).toMatchObject({ kind: "granted" });
}

/** Lets `ms` pass on the object's clock, and its alarm ring. */
async function later(account: Account, ms: number) {
  vi.spyOn(Date, "now").mockReturnValue(account.nowMs + ms);
  await runDurableObjectAlarm(account.stub());
}

/** Whoever is to be told is told by the alarm, which a test that stopped the clock has to ring itself. */
async function told(account: Account, times: number) {
  await runDurableObjectAlarm(account.stub());
  await eventually(() => expect(account.clients.told).toHaveLength(times));
}

/** Nobody is told: whatever was to be told is sent by now. */
async function toldNobody(account: Account) {
  expect(await account.rows("notice_outbox")).toBe(0);
  expect(account.clients.tried).toEqual([]);
}

describe("OpenID Connect Back-Channel Logout 2.3: which clients a session signed in at", () => {
  it.each<[string, (account: Account, session: SessionId) => Promise<unknown>]>([
    ["the session ends", ({ accounts, user, nowMs }, session) => accounts.endSession(user, session, nowMs)],
    [
      "everything ends",
      ({ accounts, user, nowMs }) => accounts.endEverything(user, "sign_out_everywhere", null, nowMs),
    ],
    ["the user is disabled", ({ accounts, user, nowMs }) => accounts.setBlocked(user, true, "disabled", nowMs)],
    [
      "another browser's session keeps its place",
      ({ accounts, user, nowMs }) =>
        accounts.endEverything(user, "password_changed", newSessionId(platformRandom), nowMs),
    ],
  ])("a client that only signs people in is told hours after its last token died: %s", async (_, end) => {
    const account = await newAccount();
    const session = await account.opened(DAY);
    await signIn(account, session.id);
    await later(account, 3 * HOUR_MS);
    expect(await account.rows("grants"), "the grant is forgotten").toBe(0);
    await end(account, session.id);
    await told(account, 1);
    expect(account.clients.told).toMatchObject([{ clientId: CLIENT, subject: "usr_subject", sid: "sid-1" }]);
    expect(await account.rows("session_clients")).toBe(0);
  });

  it("once for each client and sid, however many grants it has, and not again", async () => {
    const account = await newAccount();
    const { accounts, user, nowMs } = account;
    const session = await account.opened(DAY);
    for (let time = 0; time < 3; time++) await signIn(account, session.id);
    await account.started({ terms: terms({ sessionId: session.id, sid: "sid-1" }) });
    await signIn(account, session.id, { clientId: OTHER_CLIENT, sid: "sid-2", subject: "pairwise" });
    await accounts.endSession(user, session.id, nowMs);
    await accounts.endSession(user, session.id, nowMs);
    await told(account, 2);
    expect(account.clients.told.map(({ clientId }) => clientId).toSorted()).toEqual([CLIENT, OTHER_CLIENT].toSorted());
    expect(account.clients.told).toContainEqual(expect.objectContaining({ sid: "sid-2", subject: "pairwise" }));
  });

  it("what is no sign-in in a session is not noted: a code that nobody redeemed, a device, an app's own screen", async () => {
    const account = await newAccount();
    const { accounts, user, nowMs } = account;
    const session = await account.opened(DAY);
    await account.issued({ terms: terms({ sessionId: session.id, sid: "sid-1" }) });
    await account.redeem(await account.issued({ terms: terms() }));
    await account.started({ terms: terms() });
    expect(await account.rows("session_clients")).toBe(0);
    await accounts.endEverything(user, "admin", null, nowMs);
    await toldNobody(account);
  });

  it("a refused redemption notes nothing", async () => {
    const account = await newAccount();
    const session = await account.opened(DAY);
    const issue = await account.issued({ terms: terms({ sessionId: session.id, sid: "sid-1" }) });
    await account.redeem(issue, { verifierChallenge: "another" });
    expect(await account.rows("session_clients")).toBe(0);
  });

  it("signing in again tells nobody: the clients go over, and are told of the new session's end", async () => {
    const account = await newAccount();
    const { accounts, user, nowMs } = account;
    const old = await account.opened(DAY);
    await signIn(account, old.id);
    const fresh = await account.opened({ ...DAY, replaces: old.id });
    await toldNobody(account);
    await accounts.endEverything(user, "password_changed", fresh.id, nowMs);
    await toldNobody(account);
    await accounts.endSession(user, fresh.id, nowMs);
    await told(account, 1);
    expect(account.clients.told).toMatchObject([{ sid: "sid-1" }]);
  });

  it("a death in the turn of a redemption leaves neither, or both", async () => {
    const account = await newAccount();
    const session = await account.opened(DAY);
    const issue = await account.issued({
      terms: terms({ sessionId: session.id, sid: "sid-1", scopes: ["openid"], refreshable: false }),
    });
    await account.kill(() => account.redeem(issue).catch(() => undefined));
    const [row] = await runInDurableObject(account.stub(), (_, state) =>
      state.storage.sql.exec<{ has_given: number }>("SELECT has_given FROM grants").toArray(),
    );
    expect(await account.rows("session_clients")).toBe(row?.has_given);
  });
});

describe("a session that only runs out", () => {
  it("tells nobody and ends no grant", async () => {
    const account = await newAccount();
    const { accounts, user, nowMs } = account;
    const session = await account.opened({ absoluteMs: HOUR_MS });
    const app = await account.started({ terms: terms({ sessionId: session.id, sid: "sid-1", scopes: ["openid"] }) });
    await later(account, 2 * HOUR_MS);
    expect(await account.rows("sessions")).toBe(0);
    await toldNobody(account);
    const refreshed = await accounts.refresh(user, presentation(app, 0), nowMs + 2 * HOUR_MS);
    expect(refreshed).toMatchObject({ kind: "granted" });
    await accounts.setBlocked(user, true, "disabled", nowMs + 2 * HOUR_MS);
    await told(account, 1);
    expect(account.clients.told, "who still had a refresh token").toMatchObject([{ sid: "sid-1" }]);
  });

  it("by idleness: its clients still hear of a disabled user, until its absolute end", async () => {
    const [heard, forgotten] = [await newAccount(), await newAccount()];
    for (const account of [heard, forgotten]) {
      const session = await account.opened({ idleMs: HOUR_MS, absoluteMs: 24 * HOUR_MS });
      await signIn(account, session.id);
    }
    await later(heard, 5 * HOUR_MS);
    expect([await heard.rows("sessions"), await heard.rows("session_clients")]).toEqual([0, 1]);
    await heard.accounts.setBlocked(heard.user, true, "disabled", heard.nowMs + 5 * HOUR_MS);
    await told(heard, 1);
    await later(forgotten, 25 * HOUR_MS);
    expect(await forgotten.rows("session_clients")).toBe(0);
    expect(await forgotten.alarmInMs(), "an empty account sleeps").toBeNull();
  });
});

describe("a code that waits while somebody ends its session", () => {
  it.each([["openid"], ["openid", "offline_access"]])("ends, also one for %s %s", async (...scopes) => {
    const account = await newAccount();
    const { accounts, user, nowMs } = account;
    const session = await account.opened(DAY);
    const own = terms({ sessionId: session.id, sid: "sid-1", scopes });
    const [waiting, redeemed] = [await account.issued({ terms: own }), await account.issued({ terms: own })];
    await account.redeem(redeemed);
    await accounts.endSession(user, session.id, nowMs);
    expect(await account.redeem(waiting)).toMatchObject({ kind: "refused", reason: "grant_revoked" });
    const outlives = scopes.includes("offline_access");
    expect(await accounts.listGrants(user, nowMs), "one that was redeemed").toHaveLength(outlives ? 1 : 0);
  });
});

describe("a client that signs in over and over", () => {
  it("is noted at once when it is new, and within the hour for as long as its last token lives", async () => {
    const account = await newAccount();
    const session = await account.opened({ absoluteMs: HOUR_MS });
    const own = terms({ sessionId: session.id, sid: "sid-1" });
    const noted = () =>
      runInDurableObject(account.stub(), (_, { storage: { sql } }) =>
        sql.exec<{ signed_in: number; until: number }>("SELECT signed_in, until FROM session_clients").one(),
      );
    for (const afterMs of [0, 1, HOUR_MS / 3, HOUR_MS / 2, HOUR_MS - 1]) {
      const [atMs, issue] = [account.nowMs + afterMs, await account.issued({ terms: own }, { codeMs: 2 * HOUR_MS })];
      expect(await account.redeem(issue, {}, atMs)).toMatchObject({ kind: "granted" });
      const { signed_in: signedInMs, until: untilMs } = await noted();
      const lastTokenMs = atMs + LIFETIMES.refreshAbsoluteMs + ACCESS_MS;
      expect(untilMs).toBeGreaterThanOrEqual(lastTokenMs);
      expect(untilMs).toBeLessThan(lastTokenMs + 2 * HOUR_MS);
      expect(atMs - signedInMs).toBeLessThan(HOUR_MS);
    }
  });
});

describe("the bound", () => {
  it("the one signed in longest ago makes room, and is told: nobody could tell it later", async () => {
    const account = await newAccount();
    const session = await account.opened(DAY);
    const clients = Array.from({ length: 500 }, () => newClientId(platformRandom));
    await runInDurableObject(account.stub(), (_, state) => {
      for (const [at, client] of clients.entries()) {
        state.storage.sql.exec(
          "INSERT INTO session_clients (session, client, subject, sid, signed_in, until) VALUES (?, ?, 'sub', ?, ?, ?)",
          ...[session.id, client, `sid ${at}`, account.nowMs + 1_000 - at, account.nowMs + DAY.absoluteMs],
        );
      }
    });
    await signIn(account, session.id);
    await told(account, 1);
    expect(account.clients.told).toMatchObject([{ clientId: clients.at(-1), sid: "sid 499" }]);
    expect(await account.rows("session_clients")).toBe(500);
    await signIn(account, session.id);
    expect(await account.rows("session_clients"), "again at the same client").toBe(500);
    expect(account.clients.tried).toHaveLength(1);
  });
});

describe("an account that an older version of the code left behind", () => {
  /** Takes the tables back to where they were before anything was noted of sessions' clients. */
  function asBefore(account: Account) {
    return runInDurableObject(account.stub(), (_, { storage }) => {
      storage.sql.exec(`
        DROP TABLE session_clients;
        DROP TABLE withdrawals;
        ALTER TABLE grants DROP COLUMN spent_lately;
        ALTER TABLE sessions DROP COLUMN root;
        CREATE INDEX grants_unrevoked ON grants (has_given, last_used) WHERE is_revoked = 0;`);
      storage.kv.delete("schema");
    });
  }

  it("keeps its sessions and grants, and gives its sessions roots that stay", async () => {
    const account = await newAccount();
    const { accounts, user, nowMs } = account;
    const [session, other] = [await account.opened(DAY), await account.opened(DAY)];
    await account.started({ terms: terms({ sessionId: session.id, sid: "old-sid", scopes: ["openid"] }) });
    await asBefore(account);
    await account.kill();
    const roots = async () => (await accounts.listSessions(user, nowMs)).map(({ root }) => root);
    const given = await roots();
    expect(given).toEqual([expect.stringMatching(/^[\w-]{43}$/), expect.stringMatching(/^[\w-]{43}$/)]);
    expect(new Set(given).size).toBe(2);
    await account.kill();
    expect(await roots()).toEqual(given);
    await signIn(account, other.id, { clientId: OTHER_CLIENT });
    expect(await accounts.endSession(user, session.id, nowMs)).toMatchObject({ sessions: 1, grants: 1 });
    await told(account, 1);
    expect(account.clients.told, "as the client knows it").toMatchObject([{ clientId: CLIENT, sid: "old-sid" }]);
  });

  it("a session that the older version opened when it ran once more has a root as well", async () => {
    const account = await newAccount();
    const session = await account.opened(DAY);
    await runInDurableObject(account.stub(), (_, { storage }) => {
      storage.sql.exec("UPDATE sessions SET root = NULL");
    });
    await account.kill();
    const found = await account.accounts.findSession(account.user, session.secretHash, account.nowMs);
    expect(found?.root).toMatch(/^[\w-]{43}$/);
  });
});
