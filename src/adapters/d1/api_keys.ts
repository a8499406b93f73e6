import * as z from "zod/mini";
import type { ApiKey, ApiKeyFilter, ApiKeyRegistry } from "../../ports/api_keys.ts";
import type { ListPosition } from "../../ports/clients.ts";
import { type ApiKeyRecord, parseKeyOwner } from "../../protocol/api_key.ts";
import { termsOf } from "../../protocol/api_key_terms.ts";
import type { AdminAct } from "../../protocol/audit_event.ts";
import type { FeedEntry } from "../../protocol/edge_feed.ts";
import type { ApiKeyId } from "../../protocol/ids.ts";
import { auditedKey } from "../audited_fields.ts";
import { MUTABLE_COLUMNS, mutableColumns, NO_PARTS, readKey, readParts } from "./api_key_rows.ts";
import { changeInserts } from "./audited_change.ts";
import { fromRow, onD1, outboxInserts, transact } from "./database.ts";

const KEY_COLUMNS = "k.*, (SELECT used_at FROM api_key_uses u WHERE u.key_id = k.id) AS used_at";
const SECRET_ORDER = "ORDER BY expires_at IS NOT NULL, created_at DESC";

/** The API key registry in D1: the source of truth behind the gate's copies in KV. */
export class D1ApiKeys implements ApiKeyRegistry {
  readonly #db: D1Database;
  readonly #act: AdminAct | null;

  /** With `act`, whatever is changed is recorded as that act, in the same transaction. */
  constructor(db: D1Database, act: AdminAct | null = null) {
    this.#db = db;
    this.#act = act;
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
    const key = readKey(row, NO_PARTS);
    const secretExpiresAtMs = fromRow(() => z.nullable(z.number()).parse(row.secret_expires_at));
    const { id, environment, kind, scopes, roles, disabled, expiresAtMs, epoch } = key;
    const terms = termsOf(key);
    const owner = parseKeyOwner(key.owner);
    const record = { id, environment, kind, scopes, roles, disabled, expiresAtMs, secretExpiresAtMs, epoch, owner };
    return { ...record, ...heldBeside(key), ...(terms !== undefined && { terms }) };
  }

  async get(id: ApiKeyId): Promise<ApiKey | null> {
    const [found] = await this.#read("k.id = ?", [id]);
    return found ?? null;
  }

  list(limit: number, after: ListPosition | null, filter: ApiKeyFilter = {}): Promise<readonly ApiKey[]> {
    const { sql, values } = filterSql(filter);
    const page = `SELECT k.id FROM api_keys k WHERE (k.created_at, k.id) > (?, ?)${sql} ORDER BY k.created_at, k.id LIMIT ?`;
    return this.#read(`k.id IN (${page})`, [after?.createdAtMs ?? -1, after?.id ?? "", ...values, limit]);
  }

  /** The keys that `where` names, the oldest first, with what belongs to them, as of one moment. */
  async #read(where: string, values: readonly unknown[]): Promise<readonly ApiKey[]> {
    const those = `key_id IN (SELECT k.id FROM api_keys k WHERE ${where})`;
    const [keys, secrets, leaks] = await onD1(() =>
      this.#db.batch(
        [
          `SELECT ${KEY_COLUMNS} FROM api_keys k WHERE ${where} ORDER BY k.created_at, k.id`,
          `SELECT * FROM api_key_secrets WHERE ${those} ${SECRET_ORDER}`,
          `SELECT * FROM api_key_leaks WHERE ${those} ORDER BY found_at`,
        ].map((sql) => this.#db.prepare(sql).bind(...values)),
      ),
    );
    const parts = readParts(secrets?.results ?? [], leaks?.results ?? []);
    return (keys?.results ?? []).map((row) => readKey(row, parts));
  }

  async insert(key: ApiKey, entries: readonly FeedEntry[]): Promise<void> {
    const insert = this.#db
      .prepare(
        `INSERT INTO api_keys (id, environment, kind, created_at, ${MUTABLE_COLUMNS.join(", ")})
         VALUES (?, ?, ?, ?, ${MUTABLE_COLUMNS.map(() => "?").join(", ")})`,
      )
      .bind(key.id, key.environment, key.kind, key.createdAtMs, ...mutableColumns(key));
    await onD1(() =>
      this.#db.batch([
        insert,
        ...secretInserts(this.#db, key),
        ...outboxInserts(this.#db, entries, hashes(key)),
        ...keyRecord(this.#db, this.#act, null, key),
      ]),
    );
  }

  async update(before: ApiKey, after: ApiKey, entries: readonly FeedEntry[]) {
    const changed = await transact(this.#db, keyUpdate(this.#db, before, after, entries, this.#act));
    return changed === "conflict" || changed === 0 ? "conflict" : "changed";
  }

  async delete(key: ApiKey, entries: readonly FeedEntry[]) {
    const changed = await transact(this.#db, [
      updateOf(this.#db, { ...key, epoch: key.epoch + 1 }),
      ...keyRecord(this.#db, this.#act, key, null),
      this.#db.prepare("DELETE FROM api_keys WHERE id = ?").bind(key.id),
      ...outboxInserts(this.#db, entries, hashes(key)),
    ]);
    return changed === "conflict" || changed === 0 ? "conflict" : "deleted";
  }
}

/**
 * Replaces a key, secrets included, as part of another transaction, the statement that tells whether it was there first. A trigger ends
 * the transaction where the key's epoch is not `before.epoch`. With `act`, the record of it goes along.
 */
export function keyUpdate(
  db: D1Database,
  before: ApiKey,
  after: ApiKey,
  entries: readonly FeedEntry[],
  act: AdminAct | null,
): D1PreparedStatement[] {
  return [
    updateOf(db, { ...after, epoch: before.epoch + 1 }),
    db.prepare("DELETE FROM api_key_secrets WHERE key_id = ?").bind(after.id),
    ...secretInserts(db, after),
    ...outboxInserts(db, entries, [...new Set([...hashes(before), ...hashes(after)])]),
    ...keyRecord(db, act, before, after),
  ];
}

/** Runs while the key is there: where it was deleted meanwhile, nothing was changed. */
function keyRecord(
  db: D1Database,
  act: AdminAct | null,
  before: ApiKey | null,
  after: ApiKey | null,
): D1PreparedStatement[] {
  const target = (after ?? before)?.id;
  if (target === undefined) return [];
  const fields = { before: before && auditedKey(before), after: after && auditedKey(after) };
  const isThere = { sql: "EXISTS (SELECT 1 FROM api_keys WHERE id = ?)", values: [target] };
  return changeInserts(db, act, { target, ...fields }, isThere);
}

function updateOf(db: D1Database, key: ApiKey): D1PreparedStatement {
  return db
    .prepare(`UPDATE api_keys SET ${MUTABLE_COLUMNS.map((name) => `${name} = ?`).join(", ")} WHERE id = ?`)
    .bind(...mutableColumns(key), key.id);
}

/** Inserts nothing where the key was deleted meanwhile: that is a conflict, not a broken foreign key. */
function secretInserts(db: D1Database, key: ApiKey): D1PreparedStatement[] {
  const insert = db.prepare(
    `INSERT INTO api_key_secrets (hash, key_id, last_four, created_at, expires_at)
     SELECT ?1, ?2, ?3, ?4, ?5 WHERE EXISTS (SELECT 1 FROM api_keys WHERE id = ?2)`,
  );
  return key.secrets.map((secret) =>
    insert.bind(secret.hash, key.id, secret.lastFour, secret.createdAtMs, secret.expiresAtMs),
  );
}

function hashes(key: ApiKey): string[] {
  return key.secrets.map((secret) => secret.hash);
}

/** The part of a WHERE that `filter` asks for, and its values. */
function filterSql({ owner, environment, kind, lastFour }: ApiKeyFilter) {
  const conditions = [
    ["k.owner = ?", owner],
    ["k.environment = ?", environment],
    ["k.kind = ?", kind],
    ["k.id IN (SELECT key_id FROM api_key_secrets WHERE last_four = ?)", lastFour],
  ] as const;
  const asked = conditions.filter(([, value]) => value !== undefined);
  return { sql: asked.map(([sql]) => ` AND ${sql}`).join(""), values: asked.map(([, value]) => value) };
}

/** What most keys have none of: their copies stay as earlier releases read them. */
function heldBeside({ assignments, attributes }: ApiKey): Pick<ApiKeyRecord, "assignments" | "attributes"> {
  return {
    ...(assignments.length > 0 && { assignments }),
    ...(Object.keys(attributes).length > 0 && { attributes }),
  };
}
