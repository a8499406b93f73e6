import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Outage } from "../../src/kernel/outage.ts";
import { newAccount } from "../support/account_world.ts";
import { LIFETIMES, terms } from "../support/grants.ts";
import { captureLogs } from "../support/logs.ts";

const DAY = 86_400_000;
const logs = captureLogs();
/** Ahead of the real clock, so that no alarm rings but when a test rings it. */
const START = Date.now() + 3_600_000;
let nowMs = START;

beforeEach(() => {
  nowMs = START;
  vi.spyOn(Date, "now").mockImplementation(() => nowMs);
});
afterEach(() => {
  vi.restoreAllMocks();
});

async function world() {
  const account = await newAccount();
  const { user, accounts } = account;
  /** Whether anything is stored. */
  const isStored = () =>
    runInDurableObject(account.stub(), (_, { storage }) => {
      const { n } = storage.sql
        .exec<{ n: number }>("SELECT count(*) AS n FROM sqlite_master WHERE name = 'grants'")
        .one();
      return n > 0 || [...storage.kv.list()].length > 0;
    });
  /** Rings every alarm that is due within `days`; how many days have gone by when none is left, or null. */
  const letGoBy = async (days: number): Promise<number | null> => {
    const endMs = nowMs + days * DAY;
    for (let turn = 0; turn < 200; turn++) {
      const inMs = await account.alarmInMs();
      if (inMs === null) return (nowMs - START) / DAY;
      if (nowMs + inMs > endMs) break;
      nowMs += Math.max(0, inMs);
      await runDurableObjectAlarm(account.stub());
    }
    nowMs = endMs;
    return null;
  };
  return {
    ...account,
    isStored,
    letGoBy,
    remove: () => accounts.setBlocked(user, true, "deleted", nowMs),
    epoch: () => accounts.epochOf(user, nowMs),
    lookedInto: () => accounts.findSession(user, "an old cookie", nowMs),
  };
}

describe("the account of a user who is deleted", () => {
  it("stays closed for two days, and is then gone with all its storage", async () => {
    const { accounts, user, opened, started, remove, record, letGoBy, isStored } = await world();
    const opening = await opened();
    const start = await started({ terms: terms({ subject: "prs_one", sessionId: opening.id }) });
    await remove();
    record.isThere = false;
    expect(await letGoBy(1.9)).toBeNull();
    expect(await isStored()).toBe(true);
    expect(await accounts.startGrant(user, start, LIFETIMES, nowMs)).toMatchObject({ reason: "account_blocked" });
    expect(await letGoBy(40)).toBeGreaterThanOrEqual(2);
    expect(await isStored()).toBe(false);
  });

  it("also where the user was disabled before", async () => {
    const { accounts, user, remove, record, letGoBy, isStored } = await world();
    await accounts.setBlocked(user, true, "disabled", nowMs);
    await letGoBy(3);
    await remove();
    record.isThere = false;
    await letGoBy(4);
    expect(await isStored()).toBe(false);
  });

  it("stays closed for as long as the record is there: a deletion that stopped half-way opens nothing", async () => {
    const { accounts, user, remove, record, letGoBy, isStored } = await world();
    await remove();
    expect(await letGoBy(30)).toBeNull();
    const answer = await accounts.issueCode(user, {} as never, LIFETIMES, nowMs);
    expect([await isStored(), answer]).toEqual([true, "blocked"]);
    record.isThere = false;
    await letGoBy(2);
    expect(await isStored()).toBe(false);
  });

  it("is kept while nobody can say whether the record is there", async () => {
    const account = await world();
    await account.remove();
    account.record.lookUp = () => Promise.reject(new Outage("d1"));
    await account.letGoBy(2.01);
    expect([await account.isStored(), logs.events("account_alarm_failed").length > 0]).toEqual([true, true]);
    expect(await account.alarmInMs()).toBeLessThanOrEqual(60_000);
  });

  it("is a live one again where the deletion is taken back", async () => {
    const { accounts, user, opened, remove, record, letGoBy, isStored, epoch } = await world();
    await remove();
    await accounts.setBlocked(user, false, "admin", nowMs);
    record.isThere = false;
    await letGoBy(30);
    expect([await isStored(), await epoch()]).toEqual([true, 2]);
    await opened({}, nowMs);
  });
});

describe("an account of which nothing is left", () => {
  it("is forgotten where it was only looked into: an old cookie leaves nothing for ever", async () => {
    const { lookedInto, isStored, letGoBy, opened, accounts, user, epoch } = await world();
    expect(await lookedInto()).toBeNull();
    expect(await isStored()).toBe(true);
    expect(await letGoBy(3)).toBe(1);
    expect(await isStored()).toBe(false);
    const { secretHash } = await opened({}, nowMs);
    expect(await accounts.findSession(user, secretHash, nowMs), "the same instance serves on").not.toBeNull();
    expect(await epoch()).toBe(1);
  });

  it("is forgotten after the last session, and not before", async () => {
    const { opened, letGoBy, isStored } = await world();
    await opened({ idleMs: 5 * DAY, absoluteMs: 5 * DAY });
    expect(await letGoBy(4.9)).toBeNull();
    expect(await isStored()).toBe(true);
    expect(await letGoBy(2)).toBeGreaterThanOrEqual(5);
    expect(await isStored()).toBe(false);
  });

  it("keeps what a new one would not know: an epoch, a subject's number, a closed door", async () => {
    const [ended, known, closed] = [await world(), await world(), await world()];
    await ended.opened();
    await ended.accounts.endEverything(ended.user, "admin", null, nowMs);
    await known.started({ terms: terms({ subject: "prs_one" }) });
    await closed.accounts.setBlocked(closed.user, true, "disabled", nowMs);
    for (const account of [ended, known, closed]) {
      expect(await account.letGoBy(60)).not.toBeNull();
      nowMs = START;
      expect(await account.isStored()).toBe(true);
    }
    expect([await ended.epoch(), await closed.epoch()]).toEqual([2, 2]);
  });

  it("nothing is forgotten that still waits to be told", async () => {
    const { opened, remove, record, feed, events, letGoBy, isStored } = await world();
    await opened();
    events.fails = true;
    feed.fails = true;
    await remove();
    record.isThere = false;
    for (let day = 0; day < 3; day++) {
      nowMs += DAY;
      await letGoBy(0.001);
    }
    expect(await isStored()).toBe(true);
    events.fails = false;
    feed.fails = false;
    await letGoBy(1);
    expect([events.told.length, await isStored()]).toEqual([1, false]);
  });
});
