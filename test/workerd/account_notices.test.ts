import { runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { platformRandom } from "../../src/kernel/random.ts";
import { newClientId } from "../../src/protocol/ids.ts";
import { newAccount } from "../support/account_world.ts";
import { eventually } from "../support/eventually.ts";
import { CLIENT, OTHER_CLIENT, terms } from "../support/grants.ts";
import { captureLogs } from "../support/logs.ts";

const logs = captureLogs();

afterEach(() => {
  vi.restoreAllMocks();
});

type Account = Awaited<ReturnType<typeof newAccount>>;

/** A session with a grant of each of `clients` in it. */
async function signedIn(account: Account, clients = [CLIENT]) {
  const session = await account.opened();
  for (const clientId of clients) {
    const given = terms({ clientId, sessionId: session.id, sid: `sid of ${clientId}`, scopes: ["openid"] });
    await account.started({ terms: given });
  }
  return session;
}

/** Waits for the tries that the alarm of the platform makes by itself. */
function tried(account: Account, times: number) {
  return eventually(() => expect(account.clients.tried).toHaveLength(times));
}

/** Lets `ms` pass on the object's clock, and its alarm ring. */
async function later(account: Account, startMs: number, ms: number) {
  vi.spyOn(Date, "now").mockReturnValue(startMs + ms);
  await runDurableObjectAlarm(account.stub());
}

describe("OpenID Connect Back-Channel Logout 2.5: clients are told of a session's end", () => {
  it("by the alarm, with nobody asking, and once", async () => {
    const account = await newAccount();
    const session = await signedIn(account);
    await account.accounts.endSession(account.user, session.id, account.nowMs);
    await tried(account, 1);
    expect(account.clients.told).toMatchObject([{ clientId: CLIENT, subject: "usr_subject", sid: `sid of ${CLIENT}` }]);
    await eventually(async () => expect(await account.rows("notice_outbox")).toBe(0));
    await runDurableObjectAlarm(account.stub());
    expect(account.clients.tried).toHaveLength(1);
  });

  it("one that cannot be reached is told by a later alarm, under the same id, and then no more", async () => {
    const account = await newAccount();
    const session = await signedIn(account);
    const startMs = Date.now();
    vi.spyOn(Date, "now").mockReturnValue(startMs);
    account.clients.answers = "not";
    await account.accounts.endSession(account.user, session.id, account.nowMs);
    await tried(account, 1);
    await eventually(async () => expect(await account.alarmInMs()).toBe(10_000));
    await later(account, startMs, 9_999);
    expect(account.clients.tried, "not before its time").toHaveLength(1);
    account.clients.answers = "well";
    await later(account, startMs, 10_000);
    expect(account.clients.told).toHaveLength(1);
    expect(new Set(account.clients.tried.map(({ id }) => id)).size).toBe(1);
    expect(await account.rows("notice_outbox")).toBe(0);
  });

  it.each(["not", "with a fault"] as const)(
    "one that answers %s is tried five times in a little over an hour, then given up and logged",
    async (answers) => {
      const account = await newAccount();
      const session = await signedIn(account);
      const startMs = Date.now();
      vi.spyOn(Date, "now").mockReturnValue(startMs);
      account.clients.answers = answers;
      await account.accounts.endSession(account.user, session.id, account.nowMs);
      await tried(account, 1);
      await eventually(async () => expect(await account.alarmInMs()).toBe(10_000));
      const at = [10_000, 70_000, 670_000, 3_670_000];
      for (const [index, ms] of at.entries()) {
        await later(account, startMs, ms - 1);
        expect(account.clients.tried).toHaveLength(index + 1);
        await later(account, startMs, ms);
        expect(account.clients.tried).toHaveLength(index + 2);
      }
      expect(await account.rows("notice_outbox")).toBe(0);
      await later(account, startMs, 30_000_000);
      expect(account.clients.tried).toHaveLength(5);
      expect(logs.events("logout_notice_given_up")).toMatchObject([{ client_id: CLIENT }]);
    },
  );

  it("a death in the middle of a try repeats it under the same id", async () => {
    const account = await newAccount();
    const session = await signedIn(account);
    account.clients.gate = new Promise(() => undefined);
    await account.accounts.endSession(account.user, session.id, account.nowMs);
    await tried(account, 1);
    await account.kill();
    account.clients.gate = null;
    expect(await account.rows("notice_outbox")).toBe(1);
    await later(account, Date.now(), 10_000);
    await tried(account, 2);
    expect(account.clients.told.map(({ id }) => id)).toEqual([account.clients.tried[0]?.id]);
  });

  it("a client that never answers holds up no sign-out, no revocation, and no other client", async () => {
    const account = await newAccount();
    const session = await signedIn(account, [CLIENT, OTHER_CLIENT]);
    account.clients.gate = new Promise(() => undefined);
    expect(await account.accounts.endSession(account.user, session.id, account.nowMs)).toMatchObject({
      delivered: "delivered",
    });
    await tried(account, 2);
    const { grantId } = await account.started();
    expect(await account.accounts.endGrant(account.user, grantId, account.nowMs)).toMatchObject({
      delivered: "delivered",
    });
  });

  it("a feed that is out holds up no notice", async () => {
    const account = await newAccount();
    const session = await signedIn(account);
    account.feed.fails = true;
    expect(await account.accounts.endSession(account.user, session.id, account.nowMs)).toMatchObject({
      delivered: "pending",
    });
    await tried(account, 1);
    expect(account.feed.told).toEqual([]);
  });

  it("many clients are told in turns, all of them", async () => {
    const account = await newAccount();
    const clients = Array.from({ length: 20 }, () => newClientId(platformRandom));
    const session = await signedIn(account, clients);
    await account.accounts.endSession(account.user, session.id, account.nowMs);
    await tried(account, 20);
    expect(new Set(account.clients.told.map(({ clientId }) => clientId))).toEqual(new Set(clients));
  });

  it.each<[string, (account: Account) => Promise<unknown>]>([
    ["a sign-out everywhere", ({ accounts, user, nowMs }) => accounts.endEverything(user, "admin", null, nowMs)],
    ["a disabled user", ({ accounts, user, nowMs }) => accounts.setBlocked(user, true, "disabled", nowMs)],
    [
      "the fifty-first session",
      async (account) => {
        for (let count = 1; count <= 50; count++) await account.opened({}, account.nowMs + count);
      },
    ],
  ])("%s tells them as well", async (_, end) => {
    const account = await newAccount();
    await signedIn(account);
    await end(account);
    await tried(account, 1);
  });

  it("a changed password tells those of the sessions that ended, and not of the one that goes on", async () => {
    const account = await newAccount();
    const mine = await signedIn(account, [CLIENT]);
    await signedIn(account, [OTHER_CLIENT]);
    await account.accounts.endEverything(account.user, "password_changed", mine.id, account.nowMs);
    await tried(account, 1);
    expect(account.clients.told).toMatchObject([{ clientId: OTHER_CLIENT }]);
  });
});
