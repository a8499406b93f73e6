import { runInDurableObject } from "cloudflare:test";
import { onTestFinished } from "vitest";
import { D1ApiKeys } from "../../src/adapters/d1/api_keys.ts";
import { outboxInserts } from "../../src/adapters/d1/database.ts";
import { D1Outbox } from "../../src/adapters/d1/outbox.ts";
import { KvApiKeys } from "../../src/adapters/kv_api_keys.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import type { ApiKey } from "../../src/ports/api_keys.ts";
import { hashApiKey, newApiKey } from "../../src/protocol/api_key.ts";
import { apiKeyAnnounced } from "../../src/protocol/api_key_entries.ts";
import type { FeedEntry } from "../../src/protocol/edge_feed.ts";
import { newApiKeyId } from "../../src/protocol/ids.ts";
import { backstage, bindings } from "./issuer_world.ts";
import { UNBOUND } from "./keys.ts";
import { rewire } from "./rewired_object.ts";

/** A feed that remembers what it was told, and fails or waits while a test says so. */
export class RecordingFeed {
  readonly told: FeedEntry[] = [];
  calls = 0;
  atOnce = 0;
  mostAtOnce = 0;
  fails = false;
  gate: Promise<void> | null = null;

  async append(entries: readonly FeedEntry[]): Promise<void> {
    this.calls += 1;
    this.atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce);
    try {
      await this.gate;
      if (this.fails) throw new Error("the feed is broken by the test");
      this.told.push(...entries);
    } finally {
      this.atOnce -= 1;
    }
  }
}

/** KV copies that fail or wait while a test says so. */
class FragileCopies extends KvApiKeys {
  fails = false;
  calls = 0;
  gate: Promise<void> | null = null;

  override async put(...args: Parameters<KvApiKeys["put"]>): Promise<void> {
    this.calls += 1;
    await this.gate;
    return this.fails ? Promise.reject(new Error("KV is broken by the test")) : super.put(...args);
  }
}

/** A courier of its own, on the file's D1 and KV, with a feed that the test holds. After the test it carries nothing: the rows are another's then. */
export async function newCourier() {
  const name = crypto.randomUUID();
  const stub = bindings.OUTBOX.getByName(name);
  onTestFinished(() => runInDurableObject(bindings.OUTBOX.getByName(name), (_, { storage }) => storage.deleteAlarm()));
  const feed = new RecordingFeed();
  const copies = new FragileCopies(bindings.API_KEYS);
  const rewired = () =>
    rewire(stub, { outbox: new D1Outbox(backstage.db), truth: new D1ApiKeys(backstage.db), copies, feed });
  await rewired();
  const alarmInMs = () =>
    runInDurableObject(stub, async (_, state) => {
      const alarm = await state.storage.getAlarm();
      return alarm === null ? null : alarm - Date.now();
    });
  return { stub, feed, copies, alarmInMs, rewired };
}

/** Writes entries to the outbox, as a change would in its own batch. */
export async function writeOutbox(entries: readonly FeedEntry[], project: readonly string[] = []): Promise<void> {
  await backstage.db.batch(outboxInserts(backstage.db, entries, project));
}

/** Rows that nobody has carried yet. */
export async function rowsLeft(): Promise<number> {
  return (await backstage.db.prepare("SELECT count(*) AS n FROM outbox").first<number>("n")) ?? -1;
}

/** A key in D1 with its announcement in the outbox, as the admin API creates it. */
export async function createKey(): Promise<{ key: ApiKey; hash: string; text: string }> {
  const text = newApiKey("secret", "live", platformRandom);
  const hash = await hashApiKey(text);
  const nowMs = Date.now();
  const key: ApiKey = {
    id: newApiKeyId(platformRandom),
    name: "test key",
    environment: "live",
    kind: "secret",
    scopes: ["orders:read"],
    roles: [],
    assignments: [],
    attributes: {},
    ...UNBOUND,
    lastUsedAtMs: null,
    leak: null,
    disabled: false,
    expiresAtMs: null,
    epoch: 1,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    secrets: [{ hash, lastFour: text.slice(-4), createdAtMs: nowMs, expiresAtMs: null }],
  };
  await new D1ApiKeys(backstage.db).insert(key, [apiKeyAnnounced(hash, 1, nowMs)]);
  return { key, hash, text };
}

/** How many mails to `address` were taken in. */
export async function mailsTo(address: string): Promise<number> {
  const sql = "SELECT count(*) AS n FROM mail_outbox WHERE recipient = ?";
  return (await backstage.db.prepare(sql).bind(address).first<number>("n")) ?? 0;
}
