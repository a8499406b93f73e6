import type { UnlistedCall, UnlistedCallList, UnlistedCallRecords } from "../../ports/unlisted_calls.ts";
import { onD1 } from "./database.ts";

/** Shapes that are kept apart. One more batch may come in beside it. */
const MAX_ROWS = 1_000;

/**
 * Calls that no route lists in D1, one row for each shape. Once the table is full what is new is counted together, so that nothing new pushes out
 * what is there.
 */
export class D1UnlistedCalls implements UnlistedCallRecords, UnlistedCallList {
  readonly #db: D1Database;

  constructor(db: D1Database) {
    this.#db = db;
  }

  async note(calls: readonly UnlistedCall[]): Promise<void> {
    const sql = `WITH told AS (
        SELECT e.value ->> 'kind' AS kind, e.value ->> 'method' AS method, e.value ->> 'path' AS path,
          e.value ->> 'calls' AS calls, e.value ->> 'firstMs' AS first_ms, e.value ->> 'lastMs' AS last_ms
        FROM json_each(?1) e
      ), placed AS (
        SELECT told.*, ((SELECT count(*) FROM unlisted_calls) < ?2
          OR EXISTS (SELECT 1 FROM unlisted_calls u WHERE (u.kind, u.method, u.path) = (told.kind, told.method, told.path))
        ) AS has_room FROM told
      )
      INSERT INTO unlisted_calls (kind, method, path, calls, first_seen, last_seen)
      SELECT kind, iif(has_room, method, '*') AS shape_method, iif(has_room, path, '*') AS shape_path,
        sum(calls), min(first_ms), max(last_ms)
      FROM placed WHERE true GROUP BY kind, shape_method, shape_path
      ON CONFLICT (kind, method, path) DO UPDATE SET calls = calls + excluded.calls,
        first_seen = min(first_seen, excluded.first_seen), last_seen = max(last_seen, excluded.last_seen)`;
    await onD1(() => this.#db.prepare(sql).bind(JSON.stringify(calls), MAX_ROWS).run());
  }

  async list(limit: number): Promise<readonly UnlistedCall[]> {
    const sql = `SELECT kind, method, path, calls, first_seen AS firstMs, last_seen AS lastMs FROM unlisted_calls
      ORDER BY calls DESC, last_seen DESC, kind, method, path LIMIT ?`;
    const { results } = await onD1(() => this.#db.prepare(sql).bind(limit).all<UnlistedCall>());
    return results;
  }
}
