import * as z from "zod/mini";
import type { SecurityEvent, SecurityEventRecord, SecurityEventRecords } from "../../ports/operator_records.ts";
import type { UserId } from "../../protocol/ids.ts";
import { fromRow, onD1 } from "./database.ts";

const eventRow = z.object({
  seq: z.number(),
  id: z.string(),
  user_id: z.string(),
  kind: z.enum(["everything_ended", "grant_ended", "email_changed", "api_key_leaked"]),
  detail: z.pipe(
    z.string(),
    z.transform((json) => detailColumn.parse(JSON.parse(json))),
  ),
  at: z.number(),
});
const detailColumn = z.object({
  reason: z.string(),
  grantId: z.nullable(z.string()),
  clientId: z.nullable(z.string()),
});

/** What operators can look up afterwards: why something of a user ended. */
export class D1SecurityEvents implements SecurityEventRecords {
  readonly #db: D1Database;

  constructor(db: D1Database) {
    this.#db = db;
  }

  /** Keeps `events`, each once however often it comes. Throws `Outage`. */
  async record(events: readonly SecurityEvent[]): Promise<void> {
    if (events.length > 0) await onD1(() => this.#db.batch(securityEventInserts(this.#db, events)));
  }

  async list(user: UserId, limit: number, afterSeq: number | null): Promise<readonly SecurityEventRecord[]> {
    const sql = "SELECT * FROM security_events WHERE user_id = ? AND seq < ? ORDER BY seq DESC LIMIT ?";
    const { results } = await onD1(() =>
      this.#db
        .prepare(sql)
        .bind(user, afterSeq ?? Number.MAX_SAFE_INTEGER, limit)
        .all(),
    );
    return results.map(readEvent);
  }
}

/** Keeps `events` as part of another transaction, where `condition` holds: an expression of SQL with its values. */
export function securityEventInserts(
  db: D1Database,
  events: readonly SecurityEvent[],
  condition: { readonly sql: string; readonly values: readonly unknown[] } = { sql: "1", values: [] },
): D1PreparedStatement[] {
  const insert = db.prepare(
    `INSERT INTO security_events (id, user_id, kind, detail, at) SELECT ?, ?, ?, ?, ? WHERE ${condition.sql}
     ON CONFLICT (id) DO NOTHING`,
  );
  return events.map(({ id, userId, kind, reason, grantId, clientId, atMs }) =>
    insert.bind(id, userId, kind, JSON.stringify({ reason, grantId, clientId }), atMs, ...condition.values),
  );
}

/** What is read was written by the inserts above alone. */
function readEvent(row: unknown): SecurityEventRecord {
  const { seq, id, user_id: userId, kind, detail, at: atMs } = fromRow(() => eventRow.parse(row));
  return { seq, event: { id, userId, kind, ...detail, atMs } as SecurityEvent };
}
