import * as z from "zod";
import type { ShadowVersion, ShadowVersions } from "../../ports/shadow.ts";
import type { FeedEntry } from "../../protocol/edge_feed.ts";
import { FORGET_SNAPSHOTS } from "./config_versions.ts";
import { fromRow, onD1, outboxInserts, transact } from "./database.ts";

/** Older versions tell nobody anything. */
const KEPT_VERSIONS = 100;

const versionRow = z.object({
  version: z.number(),
  hash: z.string(),
  parent: z.number(),
  actor: z.string(),
  note: z.string(),
  created_at: z.number(),
});

/** Which configuration is tried, in D1. Its snapshot is kept among the published ones for as long as it counts. */
export class D1ShadowVersions implements ShadowVersions {
  readonly #db: D1Database;

  constructor(db: D1Database) {
    this.#db = db;
  }

  async current(): Promise<ShadowVersion | null> {
    const sql = "SELECT * FROM shadow_versions ORDER BY version DESC LIMIT 1";
    const row = await onD1(() => this.#db.prepare(sql).first());
    if (row === null) return null;
    const { created_at: createdAtMs, ...version } = fromRow(() => versionRow.parse(row));
    return { ...version, createdAtMs };
  }

  async add(
    { version, hash, parent, actor, note, createdAtMs }: ShadowVersion,
    text: string | null,
    entries: readonly FeedEntry[],
  ) {
    const insert = this.#db.prepare(
      "INSERT INTO shadow_versions (version, hash, parent, actor, note, created_at) VALUES (?, ?, ?, ?, ?, ?)",
    );
    const snapshot = this.#db.prepare("INSERT OR IGNORE INTO config_snapshots (hash, body) VALUES (?, ?)");
    const forget = this.#db.prepare("DELETE FROM shadow_versions WHERE version <= ?");
    const changed = await transact(this.#db, [
      insert.bind(version, hash, parent, actor, note, createdAtMs),
      ...(text === null ? [] : [snapshot.bind(hash, text)]),
      forget.bind(version - KEPT_VERSIONS),
      this.#db.prepare(FORGET_SNAPSHOTS),
      ...outboxInserts(this.#db, entries),
    ]);
    return changed === "conflict" ? "conflict" : "changed";
  }
}
