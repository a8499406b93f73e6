import { runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { D1SecurityEvents } from "../../src/adapters/d1/security_events.ts";
import { remoteAccounts } from "../../src/adapters/remote/accounts.ts";
import { newSessionId } from "../../src/protocol/ids.ts";
import { accountSessionsContract } from "../contract/accounts_contract.ts";
import { newAccount } from "../support/account_world.ts";
import { eventually } from "../support/eventually.ts";
import { CLIENT, OTHER_CLIENT, presentation, terms } from "../support/grants.ts";
import { backstage, migrate } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";

captureLogs();
beforeAll(migrate);

afterEach(() => {
  vi.restoreAllMocks();
});

accountSessionsContract({
  fresh: async () => {
    const account = await newAccount();
    return { ...account, restart: () => account.kill() };
  },
  broken: () =>
    remoteAccounts(() => {
      throw new Error("broken by the test");
    }),
});

describe("a session in the account's object", () => {
  it("tells each of its clients once that it has ended, and the gate of it and of the grants that ended with it", async () => {
    const account = await newAccount();
    const { accounts, user, nowMs } = account;
    const [here, elsewhere] = [await account.opened(), await account.opened()];
    const of = (sessionId: typeof here.id, changes = {}) =>
      account.started({ terms: terms({ sessionId, sid: "sid-1", scopes: ["openid"], ...changes }) });
    await of(here.id);
    await of(here.id);
    await of(here.id, { clientId: OTHER_CLIENT, sid: "sid-2", scopes: ["offline_access"] });
    await of(elsewhere.id, { sid: "sid-3" });
    await accounts.endSession(user, here.id, nowMs);
    const { told } = account.feed;
    expect(new Set(told.map(({ kind }) => kind))).toEqual(new Set(["grant", "session"]));
    expect(told.filter(({ kind }) => kind === "session")).toEqual([
      { kind: "session", id: here.id, epoch: 1, untilMs: nowMs + 120_000 },
    ]);
    await eventually(() => expect(account.clients.told).toHaveLength(2));
    // In no order: grants of one moment have none.
    expect(account.clients.told.toSorted((a, b) => (a.sid < b.sid ? -1 : 1))).toMatchObject([
      { clientId: CLIENT, sid: "sid-1", subject: "usr_subject" },
      { clientId: OTHER_CLIENT, sid: "sid-2" },
    ]);
  });

  it("tells the gate of one that another takes the place of, and once of any number that end together", async () => {
    const account = await newAccount();
    const { accounts, user, nowMs, feed } = account;
    const first = await account.opened();
    await account.opened();
    expect(feed.told).toEqual([]);
    await account.opened({ replaces: first.id });
    expect(feed.told).toMatchObject([{ kind: "session", id: first.id }]);
    await accounts.endEverything(user, "admin", null, nowMs);
    expect(feed.told.slice(1)).toMatchObject([{ kind: "user", id: user, epoch: 2 }]);
    await accounts.endEverything(user, "admin", null, nowMs);
    expect(feed.told.slice(2), "where no session was left").toEqual([]);
  });

  it("the fifty-first ends the one that was seen longest ago", async () => {
    const account = await newAccount();
    const { accounts, user, nowMs } = account;
    const first = await account.opened();
    for (let count = 1; count <= 50; count++) await account.opened({}, nowMs + count);
    const sessions = await accounts.listSessions(user, nowMs + 50);
    expect(sessions).toHaveLength(50);
    expect(sessions.map(({ id }) => id)).not.toContain(first.id);
  });
});

describe("the account's outbox", () => {
  it("survives an outage of the feed and the object's death; the alarm delivers it, once", async () => {
    const account = await newAccount();
    const { accounts, user, nowMs, feed, events } = account;
    const start = await account.started();
    feed.fails = true;
    const ended = await accounts.endGrant(user, start.grantId, nowMs);
    expect(ended).toEqual({ delivered: "pending", sessions: 0, grants: 1 });
    expect(await accounts.refresh(user, presentation(start, 0), nowMs), "ended here").toMatchObject({
      kind: "refused",
    });
    expect(await account.alarmInMs()).toBeLessThanOrEqual(2_000);
    await account.kill();
    expect(feed.told).toEqual([]);
    feed.fails = false;
    expect(await runDurableObjectAlarm(account.stub())).toBe(true);
    expect(feed.told).toMatchObject([{ kind: "grant", id: start.grantId, epoch: 1 }]);
    expect([await account.rows("feed_outbox"), events.told]).toEqual([0, []]);
    await runDurableObjectAlarm(account.stub());
    expect(feed.told).toHaveLength(1);
  });

  it("a death while the feed is being told loses nothing: the alarm was set with the change", async () => {
    const account = await newAccount();
    const { accounts, user, nowMs, feed } = account;
    const { grantId } = await account.started();
    feed.gate = new Promise(() => undefined);
    accounts.endGrant(user, grantId, nowMs).catch(() => undefined);
    await eventually(() => expect(feed.calls).toBe(1));
    await account.kill();
    feed.gate = null;
    expect(await runDurableObjectAlarm(account.stub())).toBe(true);
    expect(feed.told).toMatchObject([{ kind: "grant", id: grantId }]);
  });

  it("a death in the very turn of a change leaves the old state or the new one, whole", async () => {
    const account = await newAccount();
    const { accounts, user, nowMs } = account;
    const { grantId } = await account.started();
    await account.kill((instance) => instance.endGrant(user, grantId, nowMs).catch(() => undefined));
    const isLive = (await accounts.listGrants(user, nowMs)).length === 1;
    const waits = await account.rows("feed_outbox");
    const alarmInMs = (await account.alarmInMs()) ?? Number.POSITIVE_INFINITY;
    expect([waits, alarmInMs <= 2_000]).toEqual(isLive ? [0, false] : [1, true]);
  });

  it("asked again while the feed is out, it goes on saying that the gate does not know yet", async () => {
    const account = await newAccount();
    const { accounts, user, nowMs, feed } = account;
    const { grantId } = await account.started();
    feed.fails = true;
    expect(await accounts.endGrant(user, grantId, nowMs)).toMatchObject({ delivered: "pending", grants: 1 });
    expect(await accounts.endGrant(user, grantId, nowMs)).toMatchObject({ delivered: "pending", grants: 0 });
    feed.fails = false;
    expect(await accounts.endGrant(user, grantId, nowMs)).toMatchObject({ delivered: "delivered", grants: 0 });
  });

  it("a record of events that is out holds up no revocation, and gets its events later", async () => {
    const account = await newAccount();
    const { accounts, user, nowMs, feed, events } = account;
    await account.started();
    events.fails = true;
    expect(await accounts.endEverything(user, "admin", null, nowMs)).toMatchObject({ delivered: "delivered" });
    expect([feed.told.length, events.told]).toEqual([1, []]);
    events.fails = false;
    expect(await runDurableObjectAlarm(account.stub())).toBe(true);
    expect(events.told).toMatchObject([{ kind: "everything_ended", reason: "admin" }]);
  });

  it("an alarm that fails is tried less and less often, and at least once a minute", async () => {
    const account = await newAccount();
    const { grantId } = await account.started();
    account.feed.fails = true;
    vi.spyOn(Date, "now").mockReturnValue(Date.now());
    await account.accounts.endGrant(account.user, grantId, account.nowMs);
    const delays = [await account.alarmInMs()];
    for (let turn = 0; turn < 6; turn++) {
      expect(await runDurableObjectAlarm(account.stub())).toBe(true);
      delays.push(await account.alarmInMs());
    }
    expect(delays).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  });

  it("twenty ends at once are all told, and no event twice", async () => {
    const account = await newAccount();
    const starts = [];
    for (let count = 0; count < 20; count++) starts.push(await account.started({ terms: terms({ sid: "s" }) }));
    const { accounts, user, nowMs } = account;
    const ended = await Promise.all([
      ...starts.map(({ grantId }) => accounts.endGrant(user, grantId, nowMs)),
      accounts.endEverything(user, "sign_out_everywhere", null, nowMs),
    ]);
    expect(ended.every(({ delivered }) => delivered === "delivered")).toBe(true);
    expect(new Set(account.feed.told.filter(({ kind }) => kind === "grant").map(({ id }) => id)).size).toBe(20);
    expect(account.events.told.filter(({ kind }) => kind === "everything_ended")).toHaveLength(1);
  });

  it("security events are kept once in D1, however often they come", async () => {
    const account = await newAccount();
    const record = new D1SecurityEvents(backstage.db);
    await account.accounts.endEverything(account.user, "password_reset", null, account.nowMs);
    for (let time = 0; time < 2; time++) await record.record(account.events.told);
    const { results } = await backstage.db
      .prepare("SELECT kind, detail, at FROM security_events WHERE user_id = ?")
      .bind(account.user)
      .all();
    expect(results).toEqual([
      {
        kind: "everything_ended",
        detail: JSON.stringify({ reason: "password_reset", grantId: null, clientId: null }),
        at: account.nowMs,
      },
    ]);
  });
});

describe("sweeping", () => {
  it("forgets what ended by itself, with its hashes, and keeps what could still be presented to effect", async () => {
    const account = await newAccount();
    const { accounts, user, nowMs } = account;
    await account.opened();
    await account.issued();
    const brief = await account.started({}, { refreshAbsoluteMs: 60_000 });
    const lasting = await account.started();
    for (const start of [brief, lasting]) await accounts.refresh(user, presentation(start, 0), nowMs);
    expect(await account.alarmInMs()).toBeLessThanOrEqual(10 * 60_000);
    const clock = vi.spyOn(Date, "now").mockReturnValue(nowMs + 60_001);
    await runDurableObjectAlarm(account.stub());
    expect([await account.rows("grants"), await account.spentHashes()], "tokens may be about").toEqual([2, 2]);
    clock.mockReturnValue(nowMs + 4 * 3_600_000);
    await runDurableObjectAlarm(account.stub());
    expect([await account.rows("grants"), await account.spentHashes()]).toEqual([1, 1]);
    expect(await account.rows("sessions")).toBe(0);
    clock.mockReturnValue(nowMs + 31 * 86_400_000);
    expect(await runDurableObjectAlarm(account.stub()), "the lasting one has its alarm").toBe(true);
    expect([await account.rows("grants"), await account.spentHashes()]).toEqual([0, 0]);
    expect(await account.alarmInMs(), "an empty account sleeps").toBeNull();
  });

  it("a swept session is gone for good, and ending it says so", async () => {
    const account = await newAccount();
    const ended = await account.accounts.endSession(
      account.user,
      newSessionId((n) => new Uint8Array(n)),
      account.nowMs,
    );
    expect(ended).toEqual({ delivered: "delivered", sessions: 0, grants: 0 });
  });
});
