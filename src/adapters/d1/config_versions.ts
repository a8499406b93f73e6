import * as z from "zod/mini";
import type { ConfigVersion, ConfigVersions } from "../../ports/config_versions.ts";
import type { FeedEntry } from "../../protocol/edge_feed.ts";
import { fromRow, onD1, outboxInserts, transact } from "./database.ts";

/** Snapshots of older versions are forgotten, so that publishing does not fill the database. */
const KEPT_VERSIONS = 100;

/** Of what runs and ran, and of what is tried beside it. */
export const FORGET_SNAPSHOTS = `DELETE FROM config_snapshots
  WHERE hash NOT IN (SELECT hash FROM config_versions ORDER BY version DESC LIMIT ${KEPT_VERSIONS})
    AND hash NOT IN (SELECT hash FROM shadow_versions ORDER BY version DESC LIMIT 1)`;

const versionRow = z.object({
  version: z.number(),
  hash: z.string(),
  parent: z.number(),
  restores: z.nullable(z.number()),
  bundle: z.string(),
  actor: z.string(),
  note: z.string(),
  created_at: z.number(),
});

/** The published configurations in D1. */
export class D1ConfigVersions implements ConfigVersions {
  readonly #db: D1Database;

  constructor(db: D1Database) {
    this.#db = db;
  }

  current(): Promise<ConfigVersion | null> {
    return this.#first("SELECT * FROM config_versions ORDER BY version DESC LIMIT 1");
  }

  find(version: number): Promise<ConfigVersion | null> {
    return this.#first("SELECT * FROM config_versions WHERE version = ?", version);
  }

  findByHash(hash: string): Promise<ConfigVersion | null> {
    return this.#first("SELECT * FROM config_versions WHERE hash = ? ORDER BY version DESC LIMIT 1", hash);
  }

  async list(limit: number, beforeVersion: number | null): Promise<readonly ConfigVersion[]> {
    const { results } = await onD1(() =>
      this.#db
        .prepare("SELECT * FROM config_versions WHERE version < ? ORDER BY version DESC LIMIT ?")
        .bind(beforeVersion ?? Number.MAX_SAFE_INTEGER, limit)
        .all(),
    );
    return results.map(readVersion);
  }

  snapshot(hash: string): Promise<string | null> {
    return onD1(() => this.#db.prepare("SELECT body FROM config_snapshots WHERE hash = ?").bind(hash).first("body"));
  }

  async add(version: ConfigVersion, text: string | null, entries: readonly FeedEntry[]) {
    const { hash, parent, restores, bundle, actor, note, createdAtMs } = version;
    const insert = this.#db.prepare(
      `INSERT INTO config_versions (version, hash, parent, restores, bundle, actor, note, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    const snapshot = this.#db.prepare("INSERT OR IGNORE INTO config_snapshots (hash, body) VALUES (?, ?)");
    const changed = await transact(this.#db, [
      insert.bind(version.version, hash, parent, restores, bundle, actor, note, createdAtMs),
      ...(text === null ? [] : [snapshot.bind(hash, text)]),
      this.#db.prepare(FORGET_SNAPSHOTS),
      ...outboxInserts(this.#db, entries),
    ]);
    return changed === "conflict" ? "conflict" : "changed";
  }

  async #first(sql: string, ...values: readonly (string | number)[]): Promise<ConfigVersion | null> {
    const row = await onD1(() =>
      this.#db
        .prepare(sql)
        .bind(...values)
        .first(),
    );
    return row === null ? null : readVersion(row);
  }
}

function readVersion(row: unknown): ConfigVersion {
  const { created_at: createdAtMs, ...version } = fromRow(() => versionRow.parse(row));
  return { ...version, createdAtMs };
}
