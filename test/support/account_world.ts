import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { remoteAccounts } from "../../src/adapters/remote/accounts.ts";
import { need, readBindings } from "../../src/bindings.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import type { AccountEvent } from "../../src/ports/account_events.ts";
import type { Accounts } from "../../src/ports/accounts.ts";
import type { LogoutNotice } from "../../src/ports/client_notices.ts";
import { newUserId, type UserId } from "../../src/protocol/ids.ts";
import { accountActions } from "./account_actions.ts";
import { RecordingFeed } from "./courier_world.ts";
import { ACCESS_MS } from "./grants.ts";
import { rewire } from "./rewired_object.ts";

/** Takes events in, and fails while a test says so. */
export class RecordingEvents {
  readonly told: AccountEvent[] = [];
  fails = false;

  async notify(events: readonly AccountEvent[]): Promise<void> {
    if (this.fails) throw new Error("the record is broken by the test");
    this.told.push(...events);
  }
}

/** Clients that are told of ended sessions, and cannot be reached while a test says so. */
export class RecordingClients {
  /** What was sent, heard or not. */
  readonly tried: LogoutNotice[] = [];
  readonly told: LogoutNotice[] = [];
  answers: "well" | "not" | "with a fault" = "well";
  gate: Promise<void> | null = null;

  async notify(notice: LogoutNotice): Promise<"done" | "again"> {
    this.tried.push(notice);
    await this.gate;
    if (this.answers === "with a fault") throw new Error("the registry is broken by the test");
    if (this.answers === "not") return "again";
    this.told.push(notice);
    return "done";
  }
}

/** An account of its own, with a feed, a record of events and clients that the test holds. */
export async function newAccount() {
  const user: UserId = newUserId(platformRandom);
  const objects = need(readBindings(env), "ACCOUNTS");
  let stub = objects.getByName(user);
  const feed = new RecordingFeed();
  const events = new RecordingEvents();
  const clients = new RecordingClients();
  const record = { isThere: true, lookUp: async () => record.isThere, fence: async (_: UserId) => true };
  const rewired = () =>
    rewire(stub, {
      feed,
      events,
      clients,
      longestTokenMs: ACCESS_MS,
      isUser: () => record.lookUp(),
      fenceUser: (of: UserId) => record.fence(of),
    });
  await rewired();
  const accounts: Accounts = remoteAccounts((of) => objects.getByName(of));
  const nowMs = Date.now();
  return {
    user,
    /** The way to the object; another one after it was killed. */
    stub: () => stub,
    feed,
    events,
    clients,
    /** The user's record, which a test may take away. */
    record,
    rewired,
    accounts,
    nowMs,
    /** Ends the object's instance as a crash does: what is not in storage by now is gone, `meanwhile`'s doings too. */
    kill: async (meanwhile: (instance: Accounts) => unknown = () => undefined) => {
      const end = runInDurableObject(stub, (instance, state) => {
        meanwhile(instance);
        state.abort("killed by the test");
      });
      await end.catch(() => undefined);
      stub = objects.getByName(user);
      await rewired();
    },
    /** How far away the alarm is, in milliseconds; null without one. */
    alarmInMs: () =>
      runInDurableObject(stub, async (_, state) => {
        const alarm = await state.storage.getAlarm();
        return alarm === null ? null : alarm - Date.now();
      }),
    /** How many rows a table of the object has; none where all of the account is forgotten. */
    rows: (table: string) =>
      runInDurableObject(stub, (_, { storage: { sql } }) => {
        const [name = ""] = table.split(" ");
        const isThere = sql.exec("SELECT 1 FROM sqlite_master WHERE name = ?", name).toArray().length > 0;
        return isThere ? sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${table}`).one().n : 0;
      }),
    /** How many hashes of spent refresh tokens the object knows, wherever it keeps them; none where all of the account is forgotten. */
    spentHashes: () =>
      runInDurableObject(stub, (_, { storage: { sql } }) => {
        if (sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'grants'").toArray().length === 0) return 0;
        const { n: put } = sql.exec<{ n: number }>("SELECT count(*) AS n FROM spent_hashes").one();
        const grants = sql.exec<{ lately: string }>("SELECT spent_lately AS lately FROM grants").toArray();
        return put + grants.flatMap(({ lately }) => lately.match(/\S+/g) ?? []).length;
      }),
    ...accountActions(accounts, user, nowMs),
  };
}
