import * as z from "zod";
import type { ApiKey, ApiKeyRegistry, ApiKeySecretRecord } from "../ports/api_keys.ts";
import type { ListPosition } from "../ports/clients.ts";
import type { ApiKeyRecord } from "../protocol/api_key.ts";
import type { FeedEntry } from "../protocol/edge_feed.ts";
import type { ApiKeyId } from "../protocol/ids.ts";
import { onD1, outboxInserts, textList, transact } from "./d1.ts";

const keyRow = z.object({
  id: z.string(),
  name: z.string(),
  environment: z.enum(["live", "test"]),
  kind: z.enum(["secret", "publishable"]),
  scopes: textList,
  roles: textList,
  disabled: z.number(),
  expires_at: z.number().nullable(),
  epoch: z.number(),
  created_at: z.number(),
  updated_at: z.number(),
});

const secretRow = z.object({
  hash: z.string(),
  key_id: z.string(),
  last_four: z.string(),
  created_at: z.number(),
  expires_at: z.number().nullable(),
});

/** The API key registry in D1: the source of truth behind the gate's copies in KV. */
export class D1ApiKeys implements ApiKeyRegistry {
  readonly #db: D1Database;

  constructor(db: D1Database) {
    this.#db = db;
  }

  async find(hash: string): Promise<ApiKeyRecord | null> {
    const row = await onD1(() =>
      this.#db
        .prepare(
          `SELECT k.*, s.expires_at AS secret_expires_at FROM api_key_secrets s JOIN api_keys k ON k.id = s.key_id
           WHERE s.hash = ?`,
        )
        .bind(hash)
        .first(),
    );
    if (row === null) return null;
    const key = readKey(row, []);
    const secretExpiresAtMs = z.number().nullable().parse(row.secret_expires_at);
    const { id, environment, kind, scopes, roles, disabled, expiresAtMs, epoch } = key;
    return { id, environment, kind, scopes, roles, disabled, expiresAtMs, secretExpiresAtMs, epoch };
  }

  async get(id: ApiKeyId): Promise<ApiKey | null> {
    const [keys, secrets] = await onD1(() =>
      this.#db.batch([
        this.#db.prepare("SELECT * FROM api_keys WHERE id = ?").bind(id),
        this.#db
          .prepare("SELECT * FROM api_key_secrets WHERE key_id = ? ORDER BY expires_at IS NOT NULL, created_at DESC")
          .bind(id),
      ]),
    );
    const row = keys?.results[0];
    return row === undefined ? null : readKey(row, (secrets?.results ?? []).map(readSecret));
  }

  async list(limit: number, after: ListPosition | null): Promise<readonly ApiKey[]> {
    const page = "SELECT id FROM api_keys WHERE (created_at, id) > (?1, ?2) ORDER BY created_at, id LIMIT ?3";
    const bound = [after?.createdAtMs ?? -1, after?.id ?? "", limit];
    const [keys, secrets] = await onD1(() =>
      this.#db.batch([
        this.#db.prepare(`SELECT * FROM api_keys WHERE id IN (${page}) ORDER BY created_at, id`).bind(...bound),
        this.#db
          .prepare(
            `SELECT * FROM api_key_secrets WHERE key_id IN (${page}) ORDER BY expires_at IS NOT NULL, created_at DESC`,
          )
          .bind(...bound),
      ]),
    );
    const byKey = Map.groupBy(secrets?.results ?? [], (row) => secretRow.parse(row).key_id);
    return (keys?.results ?? []).map((row) => readKey(row, (byKey.get(keyRow.parse(row).id) ?? []).map(readSecret)));
  }

  async insert(key: ApiKey, entries: readonly FeedEntry[]): Promise<void> {
    const insert = this.#db
      .prepare(
        `INSERT INTO api_keys (id, environment, kind, created_at, name, scopes, roles, disabled, expires_at, epoch,
         updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .bind(key.id, key.environment, key.kind, key.createdAtMs, ...mutableColumns(key));
    await onD1(() =>
      this.#db.batch([insert, ...this.#secretInserts(key), ...outboxInserts(this.#db, entries, hashes(key))]),
    );
  }

  async update(before: ApiKey, after: ApiKey, entries: readonly FeedEntry[]) {
    const changed = await transact(this.#db, [
      this.#updateOf({ ...after, epoch: before.epoch + 1 }),
      this.#db.prepare("DELETE FROM api_key_secrets WHERE key_id = ?").bind(after.id),
      ...this.#secretInserts(after),
      ...outboxInserts(this.#db, entries, [...new Set([...hashes(before), ...hashes(after)])]),
    ]);
    return changed === "conflict" || changed === 0 ? "conflict" : "changed";
  }

  async delete(key: ApiKey, entries: readonly FeedEntry[]) {
    const changed = await transact(this.#db, [
      this.#updateOf({ ...key, epoch: key.epoch + 1 }),
      this.#db.prepare("DELETE FROM api_keys WHERE id = ?").bind(key.id),
      ...outboxInserts(this.#db, entries, hashes(key)),
    ]);
    return changed === "conflict" || changed === 0 ? "conflict" : "deleted";
  }

  #updateOf(key: ApiKey): D1PreparedStatement {
    return this.#db
      .prepare(
        `UPDATE api_keys SET name = ?, scopes = ?, roles = ?, disabled = ?, expires_at = ?, epoch = ?, updated_at = ?
         WHERE id = ?`,
      )
      .bind(...mutableColumns(key), key.id);
  }

  /** Inserts nothing where the key was deleted meanwhile: that is a conflict, not a broken foreign key. */
  #secretInserts(key: ApiKey): D1PreparedStatement[] {
    const insert = this.#db.prepare(
      `INSERT INTO api_key_secrets (hash, key_id, last_four, created_at, expires_at)
       SELECT ?1, ?2, ?3, ?4, ?5 WHERE EXISTS (SELECT 1 FROM api_keys WHERE id = ?2)`,
    );
    return key.secrets.map((secret) =>
      insert.bind(secret.hash, key.id, secret.lastFour, secret.createdAtMs, secret.expiresAtMs),
    );
  }
}

function hashes(key: ApiKey): string[] {
  return key.secrets.map((secret) => secret.hash);
}

function mutableColumns(key: ApiKey): unknown[] {
  return [
    key.name,
    JSON.stringify(key.scopes),
    JSON.stringify(key.roles),
    key.disabled ? 1 : 0,
    key.expiresAtMs,
    key.epoch,
    key.updatedAtMs,
  ];
}

function readKey(row: unknown, secrets: readonly ApiKeySecretRecord[]): ApiKey {
  const key = keyRow.parse(row);
  return {
    id: key.id as ApiKeyId,
    name: key.name,
    environment: key.environment,
    kind: key.kind,
    scopes: key.scopes,
    roles: key.roles,
    disabled: key.disabled !== 0,
    expiresAtMs: key.expires_at,
    epoch: key.epoch,
    createdAtMs: key.created_at,
    updatedAtMs: key.updated_at,
    secrets,
  };
}

function readSecret(row: unknown): ApiKeySecretRecord {
  const secret = secretRow.parse(row);
  return {
    hash: secret.hash,
    lastFour: secret.last_four,
    createdAtMs: secret.created_at,
    expiresAtMs: secret.expires_at,
  };
}
