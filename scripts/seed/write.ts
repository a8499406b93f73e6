import type { D1Database, D1PreparedStatement } from "@cloudflare/workers-types";
import type { DemoApiKey, DemoClient, DemoSet } from "./demo.ts";
import { insertPeople } from "./people.ts";

/** What is written to: D1, and KV as far as it is written to. */
export interface SeededState {
  readonly db: D1Database;
  readonly apiKeys: { put(key: string, value: string): Promise<void> };
}

const AUTH_METHODS = JSON.stringify(["client_secret_basic", "client_secret_post"]);
const GRANT_TYPES = JSON.stringify(["client_credentials"]);

function insertClient(db: D1Database, client: DemoClient, nowMs: number): readonly D1PreparedStatement[] {
  return [
    db
      .prepare(
        `INSERT INTO clients (id, name, auth_methods, grant_types, scopes, default_scopes, roles, created_at, updated_at)
         VALUES (?, ?, ?, ?, ?, NULL, '[]', ?, ?)`,
      )
      .bind(client.id, client.name, AUTH_METHODS, GRANT_TYPES, JSON.stringify(client.scopes), nowMs, nowMs),
    db
      .prepare(
        "INSERT INTO client_secrets (id, client_id, hash, last_four, created_at, expires_at) VALUES (?, ?, ?, ?, ?, NULL)",
      )
      .bind(client.secretId, client.id, client.secretHash, client.secret.slice(-4), nowMs),
  ];
}

function insertApiKey(db: D1Database, key: DemoApiKey, nowMs: number): readonly D1PreparedStatement[] {
  const { id, environment, kind, scopes, roles, epoch } = key.record;
  return [
    db
      .prepare(
        `INSERT INTO api_keys (id, name, environment, kind, scopes, roles, expires_at, epoch, created_at, updated_at)
         VALUES (?, ?, ?, ?, ?, ?, NULL, ?, ?, ?)`,
      )
      .bind(id, key.name, environment, kind, JSON.stringify(scopes), JSON.stringify(roles), epoch, nowMs, nowMs),
    db
      .prepare(
        "INSERT INTO api_key_secrets (hash, key_id, last_four, created_at, expires_at) VALUES (?, ?, ?, ?, NULL)",
      )
      .bind(key.hash, id, key.lastFour, nowMs),
  ];
}

/** Writes the set: KV first, then all rows in one transaction. A record left alone in KV opens nothing: nobody was given its key. */
export async function writeDemoSet(state: SeededState, set: DemoSet, nowMs: number): Promise<void> {
  const keys = [set.live, set.test, set.publishable];
  for (const key of keys) await state.apiKeys.put(key.hash, JSON.stringify(key.record));
  await state.db.batch([
    ...[set.admin, set.machine].flatMap((client) => insertClient(state.db, client, nowMs)),
    ...keys.flatMap((key) => insertApiKey(state.db, key, nowMs)),
    ...insertPeople(state.db, set, nowMs),
  ]);
}
