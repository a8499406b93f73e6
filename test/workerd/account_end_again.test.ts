import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { newAccount } from "../support/account_world.ts";

/** An account whose password is being replaced; `here` is spared, and `there` was opened with the old password meanwhile. */
async function changing() {
  const account = await newAccount();
  const { accounts, user, nowMs } = account;
  const here = await account.opened();
  await accounts.endEverything(user, "password_changed", here.id, nowMs, "change_begins");
  const there = await account.opened({ provenAtEpoch: await accounts.epochOf(user, nowMs) });
  const alive = async () => (await accounts.listSessions(user, nowMs)).map(({ id }) => id).sort();
  /** What the alarm does in a minute, unless it is told otherwise. */
  const alarmInAMinute = async () => {
    await runInDurableObject(account.stub(), (_, { storage }) => {
      const end = storage.kv.get<{ dueMs: number }>("end_again");
      if (end !== undefined) storage.kv.put("end_again", { ...end, dueMs: end.dueMs - 60_000 });
    });
    await runDurableObjectAlarm(account.stub());
  };
  const alarmDueMs = () => runInDurableObject(account.stub(), (_, { storage }) => storage.getAlarm());
  return { ...account, here, there, alive, alarmInAMinute, alarmDueMs };
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

  it("does not before its time, and has an alarm for it then", async () => {
    const { stub, here, there, alive, alarmDueMs } = await changing();
    await runDurableObjectAlarm(stub());
    expect(await alive()).toEqual([here.id, there.id].sort());
    expect(await alarmDueMs()).not.toBeNull();
  });

  it("does not where the second end came: what is opened after it stays", async () => {
    const { accounts, user, nowMs, here, opened, alive, alarmInAMinute } = await changing();
    await accounts.endEverything(user, "password_changed", here.id, nowMs, "change_over");
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
});
