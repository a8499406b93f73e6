import * as z from "zod";
import type { ShadowDifference, ShadowFilter, ShadowList, ShadowRecords, ShadowRun } from "../../ports/shadow.ts";
import { fromRow, onD1 } from "./database.ts";

/** Differences that are kept apart. One more batch may come in beside it; what comes later is counted together. */
const MAX_ROWS = 1_000;
/** What is tried one after the other: older runs go. */
const MAX_RUNS = 20;

const runRow = z.object({
  tried: z.string(),
  compared: z.number(),
  undecided: z.number(),
  skipped: z.number(),
  firstMs: z.number(),
  lastMs: z.number(),
});

const exampleList = z.array(
  z.object({ requestId: z.string(), subject: z.enum(["user", "client", "api_key", "anonymous"]) }),
);

const differenceRow = z.object({
  id: z.number(),
  tried: z.string(),
  route: z.string(),
  action: z.string(),
  live: z.string(),
  shadow: z.string(),
  rule: z.string(),
  calls: z.number(),
  firstMs: z.number(),
  lastMs: z.number(),
  examples: z.string().transform((text) => exampleList.parse(JSON.parse(text))),
});

/**
 * Where a configuration in shadow differs from the live one, in D1: one row for each way to differ, with the examples that it was first met with. Once the
 * table is full what is new is counted as `*`, so that nothing new pushes out what is there.
 */
export class D1Shadow implements ShadowRecords, ShadowList {
  readonly #db: D1Database;

  constructor(db: D1Database) {
    this.#db = db;
  }

  async note(runs: readonly ShadowRun[], differences: readonly ShadowDifference[]): Promise<void> {
    const added = `INSERT INTO shadow_runs (tried, compared, undecided, skipped, first_seen, last_seen)
      SELECT e.value ->> 'tried', e.value ->> 'compared', e.value ->> 'undecided', e.value ->> 'skipped',
        e.value ->> 'firstMs', e.value ->> 'lastMs' FROM json_each(?1) e WHERE true
      ON CONFLICT (tried) DO UPDATE SET compared = compared + excluded.compared,
        undecided = undecided + excluded.undecided, skipped = skipped + excluded.skipped,
        first_seen = min(first_seen, excluded.first_seen), last_seen = max(last_seen, excluded.last_seen)`;
    const older = `DELETE FROM shadow_runs WHERE tried NOT IN
      (SELECT tried FROM shadow_runs ORDER BY last_seen DESC, tried LIMIT ?)`;
    const orphans = "DELETE FROM shadow_differences WHERE tried NOT IN (SELECT tried FROM shadow_runs)";
    const counted = `WITH told AS (
        SELECT e.value ->> 'tried' AS tried, e.value ->> 'route' AS route, e.value ->> 'action' AS action,
          e.value ->> 'live' AS live, e.value ->> 'shadow' AS shadow, e.value ->> 'rule' AS rule,
          e.value ->> 'calls' AS calls, e.value ->> 'firstMs' AS first_ms, e.value ->> 'lastMs' AS last_ms,
          e.value ->> 'examples' AS examples
        FROM json_each(?1) e
      ), placed AS (
        SELECT told.*, ((SELECT count(*) FROM shadow_differences) < ?2 OR EXISTS (SELECT 1 FROM shadow_differences d
          WHERE (d.tried, d.route, d.action, d.live, d.shadow, d.rule)
            = (told.tried, told.route, told.action, told.live, told.shadow, told.rule))) AS has_room
        FROM told
      )
      INSERT INTO shadow_differences (tried, route, action, live, shadow, rule, calls, first_seen, last_seen, examples)
      SELECT tried, iif(has_room, route, '*') AS in_route, iif(has_room, action, '*') AS in_action, live, shadow,
        iif(has_room, rule, '*') AS in_rule, sum(calls), min(first_ms), max(last_ms), min(examples)
      FROM placed WHERE true GROUP BY tried, in_route, in_action, live, shadow, in_rule
      ON CONFLICT (tried, route, action, live, shadow, rule) DO UPDATE SET calls = calls + excluded.calls,
        first_seen = min(first_seen, excluded.first_seen), last_seen = max(last_seen, excluded.last_seen)`;
    await onD1(() =>
      this.#db.batch([
        this.#db.prepare(added).bind(JSON.stringify(runs)),
        this.#db.prepare(older).bind(MAX_RUNS),
        this.#db.prepare(counted).bind(JSON.stringify(differences), MAX_ROWS),
        this.#db.prepare(orphans),
      ]),
    );
  }

  async runs(): Promise<readonly ShadowRun[]> {
    const sql = `SELECT tried, compared, undecided, skipped, first_seen AS firstMs, last_seen AS lastMs
      FROM shadow_runs ORDER BY last_seen DESC, tried`;
    const { results } = await onD1(() => this.#db.prepare(sql).all());
    return results.map((row) => fromRow(() => runRow.parse(row)));
  }

  async list(limit: number, after: number, { tried, route, rule, live, shadow }: ShadowFilter) {
    const sql = `SELECT id, tried, route, action, live, shadow, rule, calls, first_seen AS firstMs, last_seen AS lastMs,
        examples FROM shadow_differences
      WHERE id > ?1 AND (?2 IS NULL OR tried = ?2) AND (?3 IS NULL OR route = ?3) AND (?4 IS NULL OR rule = ?4)
        AND (?5 IS NULL OR live = ?5) AND (?6 IS NULL OR shadow = ?6) ORDER BY id LIMIT ?7`;
    const { results } = await onD1(() =>
      this.#db.prepare(sql).bind(after, tried, route, rule, live, shadow, limit).all(),
    );
    return results.map((row) => fromRow(() => differenceRow.parse(row)));
  }

  async reset(tried: string | null): Promise<number> {
    const [forgotten] = await onD1(() =>
      this.#db.batch([
        this.#db.prepare("DELETE FROM shadow_differences WHERE ?1 IS NULL OR tried = ?1").bind(tried),
        this.#db.prepare("DELETE FROM shadow_runs WHERE ?1 IS NULL OR tried = ?1").bind(tried),
      ]),
    );
    return forgotten?.meta.changes ?? 0;
  }
}
