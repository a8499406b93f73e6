import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { remoteAccounts } from "../../src/adapters/remote/accounts.ts";
import { Outage } from "../../src/kernel/outage.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import type { Accounts } from "../../src/ports/accounts.ts";
import { newUserId } from "../../src/protocol/ids.ts";
import { newAccount } from "../support/account_world.ts";
import { alarmInAMinute } from "../support/due_ends.ts";

/** An account whose password is being replaced; `here` is spared, and `there` was opened with the old password meanwhile. */
async function changing() {
  const account = await newAccount();
  const { accounts, user, nowMs } = account;
  const here = await account.opened();
  const change = await accounts.beginChange(user, "password_changed", here.id, nowMs);
  const there = await account.opened({ provenAtEpoch: await accounts.epochOf(user, nowMs) });
  const alive = async () => (await accounts.listSessions(user, nowMs)).map(({ id }) => id).sort();
  const alarmDueMs = () => runInDurableObject(account.stub(), (_, { storage }) => storage.getAlarm());
  return { ...account, change, here, there, alive, alarmInAMinute: () => alarmInAMinute(account.stub()), alarmDueMs };
}

describe("an account whose password is being replaced", () => {
  it("ends everything again by itself where whoever began it died: what the old one opened meanwhile is over", async () => {
    const { accounts, user, nowMs, here, there, alive, alarmInAMinute, alarmDueMs } = await changing();
    expect(await alive()).toEqual([here.id, there.id].sort());
    expect(await alarmDueMs()).toBeLessThanOrEqual(Date.now() + 60_000);
    const epoch = await accounts.epochOf(user, nowMs);
    await alarmInAMinute();
    expect([await alive(), await accounts.epochOf(user, nowMs)]).toEqual([[here.id], epoch + 1]);
    await alarmInAMinute();
    expect(await accounts.epochOf(user, nowMs), "once").toBe(epoch + 1);
  });

  it("also where the object itself died meanwhile", async () => {
    const { kill, here, alive, alarmInAMinute } = await changing();
    await kill();
    await alarmInAMinute();
    expect(await alive()).toEqual([here.id]);
  });

  it("does not before its time, and has an alarm for it then", async () => {
    const { stub, here, there, alive, alarmDueMs } = await changing();
    await runDurableObjectAlarm(stub());
    expect(await alive()).toEqual([here.id, there.id].sort());
    expect(await alarmDueMs()).not.toBeNull();
  });

  it("does not where the second end came: what is opened after it stays", async () => {
    const { accounts, user, nowMs, change, here, opened, alive, alarmInAMinute } = await changing();
    await accounts.finishChange(user, change, nowMs);
    expect(await alive()).toEqual([here.id]);
    const after = await opened();
    await alarmInAMinute();
    expect(await alive()).toEqual([here.id, after.id].sort());
  });

  it("another end is not the one that it waits for", async () => {
    const { accounts, user, nowMs, opened, alive, alarmInAMinute } = await changing();
    await accounts.endEverything(user, "sign_out_everywhere", null, nowMs);
    await opened();
    await alarmInAMinute();
    expect(await alive()).toEqual([]);
  });

  it("is told at once to end what is owed, and owes it still: nobody knows yet whether the change is made", async () => {
    const { accounts, user, nowMs, here, opened, alive, alarmInAMinute } = await changing();
    expect(await accounts.endOwed(user, nowMs)).toMatchObject({ delivered: "delivered", sessions: 1 });
    expect(await alive()).toEqual([here.id]);
    await opened();
    await alarmInAMinute();
    expect([await alive(), await accounts.endOwed(user, nowMs)]).toEqual([[here.id], null]);
  });

  it("does what an earlier release was about to", async () => {
    const { accounts, user, nowMs, change, stub, opened, here, alive, alarmInAMinute } = await changing();
    await accounts.finishChange(user, change, nowMs);
    await runInDurableObject(stub(), (_, { storage }) => {
      storage.kv.put("end_again", { user, reason: "password_changed", except: here.id, dueMs: Date.now() });
    });
    await opened();
    await alarmInAMinute();
    expect([await alive(), await accounts.endOwed(user, nowMs)]).toEqual([[here.id], null]);
  });
});

describe("two changes that overlap", () => {
  it("neither is over with the other: whichever is finished, what is owed for the one whose caller died comes", async () => {
    for (const dies of [0, 1]) {
      const { accounts, user, nowMs, change, opened, alive, alarmInAMinute } = await changing();
      const changes = [change, await accounts.beginChange(user, "password_reset", null, nowMs)];
      const [finished] = changes.filter((_, at) => at !== dies);
      if (finished !== undefined) await accounts.finishChange(user, finished, nowMs);
      const late = await opened();
      expect(await alive()).toContain(late.id);
      await alarmInAMinute();
      expect(await alive()).not.toContain(late.id);
    }
  });

  it("both finished, nothing comes any more; both dead, one end for both spares what both spare alone", async () => {
    const both = await changing();
    const other = await both.accounts.beginChange(both.user, "password_reset", null, both.nowMs);
    await both.accounts.finishChange(both.user, both.change, both.nowMs);
    await both.accounts.finishChange(both.user, other, both.nowMs);
    const after = await both.opened();
    await both.alarmInAMinute();
    expect(await both.alive()).toEqual([after.id]);

    const { accounts, user, nowMs, here, alive, alarmInAMinute } = await changing();
    await accounts.beginChange(user, "password_changed", here.id, nowMs);
    await alarmInAMinute();
    expect(await alive()).toEqual([here.id]);
  });

  it("the later one has its own minute, though the earlier one's is over", async () => {
    const { accounts, user, nowMs, stub, opened, alive, alarmInAMinute, alarmDueMs } = await changing();
    await alarmInAMinute();
    await accounts.beginChange(user, "admin", null, nowMs);
    const late = await opened();
    await runDurableObjectAlarm(stub());
    expect(await alive()).toContain(late.id);
    expect(await alarmDueMs()).not.toBeNull();
    await alarmInAMinute();
    expect(await alive()).toEqual([]);
  });

  it("a change on a proof that anything has outdated since is not begun, and ends nothing: of two at once one is", async () => {
    const account = await newAccount();
    const { accounts, user, nowMs, rows } = account;
    const here = await account.opened();
    const epoch = await accounts.epochOf(user, nowMs);
    const begin = () => accounts.beginProvenChange(user, epoch, "password_changed", here.id, nowMs);
    const begun = await Promise.all([begin(), begin()]);
    expect(begun).toEqual([{ reason: "password_changed", except: here.id, mark: epoch + 1 }, "superseded"]);
    const [first] = begun;
    if (first === undefined || first === "superseded") throw new Error("nothing was begun");
    await accounts.finishChange(user, first, nowMs);
    await account.opened({ replaces: here.id });
    expect(await begin()).toBe("superseded");
    expect([await rows("sessions"), await accounts.epochOf(user, nowMs)]).toEqual([1, epoch + 2]);
    await alarmInAMinute(account.stub());
    expect(await rows("sessions"), "and owes nothing").toBe(1);
  });
});

it.each([undefined, {}, { kind: "whatever", id: 7 }, { mark: "1" }, "begun"])(
  "an account that answers %j has begun no change, and whoever asks makes none",
  async (told) => {
    const lying = { beginChange: async () => told, beginProvenChange: async () => told } as unknown as Accounts;
    const accounts = remoteAccounts(() => lying);
    const user = newUserId(platformRandom);
    await expect(accounts.beginChange(user, "password_reset", null, 1)).rejects.toBeInstanceOf(Outage);
    await expect(accounts.beginProvenChange(user, 1, "password_changed", null, 1)).rejects.toBeInstanceOf(Outage);
  },
);
