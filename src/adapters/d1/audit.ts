import * as z from "zod/mini";
import { Outage } from "../../kernel/outage.ts";
import type {
  AuditFilter,
  AuditPosition,
  AuditRecord,
  AuditRecords,
  AuditStore,
  DeadLetter,
  DeadLetterRecord,
  Replayed,
} from "../../ports/audit.ts";
import type { AuditEvent } from "../../protocol/audit_event.ts";
import { parseAuditEvent } from "../audit_event_schema.ts";
import { fromRow, onD1, UNREADABLE } from "./database.ts";

const COLUMNS = [
  "id",
  "kind",
  "at",
  "request_id",
  "actor_kind",
  "actor_id",
  "client_id",
  "credential_id",
  "address",
  "action",
  "target",
  "route",
  "outcome",
  "reason",
  "detail",
] as const;

const CONDITIONS: readonly (readonly [name: keyof AuditFilter, sql: string])[] = [
  ["fromMs", "at >= ?"],
  ["untilMs", "at < ?"],
  ["kind", "kind = ?"],
  ["actor", "actor_id = ?"],
  ["client", "client_id = ?"],
  ["credential", "credential_id = ?"],
  ["route", "route = ?"],
  ["outcome", "outcome = ?"],
  ["requestId", "request_id = ?"],
  ["target", "target = ?"],
];

const nullable = z.nullable(z.string());
const eventRow = z.object({
  seq: z.number(),
  id: z.string(),
  kind: z.string(),
  at: z.number(),
  request_id: z.string(),
  actor_kind: z.string(),
  actor_id: nullable,
  client_id: nullable,
  credential_id: nullable,
  address: nullable,
  action: z.string(),
  target: nullable,
  route: nullable,
  outcome: z.string(),
  reason: nullable,
  detail: z.pipe(
    z.string(),
    z.transform((json) => z.record(z.string(), z.unknown()).parse(JSON.parse(json))),
  ),
});
const letterRow = z.object({ seq: z.number(), message_id: z.string(), found_at: z.number(), body: z.string() });

/** The audit trail in D1. Rows are added and read; what changes one is refused by the schema. */
export class D1Audit implements AuditStore, AuditRecords {
  readonly #db: D1Database;

  constructor(db: D1Database) {
    this.#db = db;
  }

  async keep(events: readonly AuditEvent[], letters: readonly DeadLetter[]): Promise<void> {
    const statements = [
      ...inParts(events).map((part) => auditInsert(this.#db, part)),
      ...inParts(letters).map((part) => this.#letterInsert(part)),
    ];
    if (statements.length > 0) await onD1(() => this.#db.batch(statements));
  }

  async list(limit: number, after: AuditPosition | null, filter: AuditFilter): Promise<readonly AuditRecord[]> {
    const { sql, values } = auditListSql(limit, after, filter);
    const { results } = await onD1(() =>
      this.#db
        .prepare(sql)
        .bind(...values)
        .all(),
    );
    return results.map(readRecord);
  }

  async deadLetters(limit: number, after: AuditPosition | null): Promise<readonly DeadLetterRecord[]> {
    const sql = `SELECT * FROM audit_dead_letters WHERE (found_at, seq) < (?, ?)
      ORDER BY found_at DESC, seq DESC LIMIT ?`;
    const { results } = await onD1(() =>
      this.#db
        .prepare(sql)
        .bind(...place(after), limit)
        .all(),
    );
    return results.map(readLetter);
  }

  /** An event and the end of its letter are one transaction. */
  async replay(limit: number, afterSeq: number): Promise<Replayed> {
    const sql = "SELECT * FROM audit_dead_letters WHERE seq > ? ORDER BY seq LIMIT ?";
    const { results } = await onD1(() => this.#db.prepare(sql).bind(afterSeq, limit).all());
    const letters = results.map(readLetter);
    const readable = letters.flatMap(({ seq, body }) => {
      const event = parseAuditEvent(jsonOrNull(body));
      return event === null ? [] : [{ seq, event }];
    });
    if (readable.length > 0) {
      const seqs = JSON.stringify(readable.map(({ seq }) => seq));
      const insert = auditInsert(
        this.#db,
        readable.map(({ event }) => event),
      );
      const remove = this.#db.prepare("DELETE FROM audit_dead_letters WHERE seq IN (SELECT value FROM json_each(?))");
      await onD1(() => this.#db.batch([insert, remove.bind(seqs)]));
    }
    return { read: letters.length, replayed: readable.length, lastSeq: letters.at(-1)?.seq ?? 0 };
  }

  #letterInsert(letters: readonly DeadLetter[]): D1PreparedStatement {
    const rows = letters.map(({ messageId, foundAtMs, body }) => [messageId, foundAtMs, body]);
    return this.#db
      .prepare(
        `INSERT INTO audit_dead_letters (message_id, found_at, body)
         SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?) WHERE 1 ON CONFLICT (message_id) DO NOTHING`,
      )
      .bind(JSON.stringify(rows));
  }
}

/** In characters of JSON: even of three bytes each they are less than the 2 MB that a value of D1 may have. */
const MAX_PART = 400_000;

/** `all` in runs that each fit into one value of a statement. One that does not by itself stands alone. */
function inParts<T>(all: readonly T[]): readonly (readonly T[])[] {
  const parts: T[][] = [];
  let room = 0;
  for (const one of all) {
    const { length } = JSON.stringify(one);
    if (length > room) {
      parts.push([]);
      room = MAX_PART;
    }
    parts.at(-1)?.push(one);
    room -= length;
  }
  return parts;
}

/**
 * Keeps `events`, each once, as one statement: alone or as part of another transaction, where `condition` holds (an expression of SQL with
 * its values).
 */
export function auditInsert(
  db: D1Database,
  events: readonly AuditEvent[],
  condition: { readonly sql: string; readonly values: readonly unknown[] } = { sql: "1", values: [] },
): D1PreparedStatement {
  const members = COLUMNS.map((_, at) => `value ->> ${at}`).join(", ");
  const sql = `INSERT INTO audit_events (${COLUMNS.join(", ")}) SELECT ${members} FROM json_each(?)
    WHERE ${condition.sql} ON CONFLICT (id) DO NOTHING`;
  return db.prepare(sql).bind(JSON.stringify(events.map(columns)), ...condition.values);
}

/** A list's statement and its values. */
export function auditListSql(limit: number, after: AuditPosition | null, filter: AuditFilter) {
  const asked = CONDITIONS.flatMap(([name, sql]) => (filter[name] === undefined ? [] : [{ sql, value: filter[name] }]));
  const where = ["(at, seq) < (?, ?)", ...asked.map(({ sql }) => sql)].join(" AND ");
  const sql = `SELECT * FROM audit_events WHERE ${where} ORDER BY at DESC, seq DESC LIMIT ?`;
  return { sql, values: [...place(after), ...asked.map(({ value }) => value), limit] };
}

function place(after: AuditPosition | null): readonly number[] {
  const { MAX_SAFE_INTEGER: end } = Number;
  return after === null ? [end, end] : [after.atMs, after.seq];
}

/** In the order of `COLUMNS`. */
function columns(event: AuditEvent): unknown[] {
  const { actor } = event;
  return [
    event.id,
    event.kind,
    event.atMs,
    event.requestId,
    actor.kind,
    actor.id,
    actor.clientId,
    actor.credentialId,
    actor.address,
    event.action,
    event.target,
    event.kind === "admin_change" ? null : event.route,
    event.outcome,
    event.reason,
    JSON.stringify(detail(event)),
  ];
}

/** What has no column of its own. */
function detail(event: AuditEvent): object {
  const { v, actor } = event;
  if (event.kind === "admin_change") return { v, issuer: actor.issuer, changes: event.changes };
  const { status, rules, configHash } = event;
  return { v, issuer: actor.issuer, status, rules, configHash };
}

function readRecord(row: unknown): AuditRecord {
  const read = fromRow(() => eventRow.parse(row));
  const { issuer, ...detailed } = read.detail;
  const event = parseAuditEvent({
    ...detailed,
    id: read.id,
    kind: read.kind,
    atMs: read.at,
    requestId: read.request_id,
    actor: {
      kind: read.actor_kind,
      id: read.actor_id,
      issuer,
      clientId: read.client_id,
      credentialId: read.credential_id,
      address: read.address,
    },
    action: read.action,
    target: read.target,
    ...(read.kind === "admin_change" ? {} : { route: read.route }),
    outcome: read.outcome,
    reason: read.reason,
  });
  if (event === null) throw new Outage("d1", { cause: UNREADABLE });
  return { seq: read.seq, event };
}

function readLetter(row: unknown): DeadLetterRecord {
  const { seq, message_id: messageId, found_at: foundAtMs, body } = fromRow(() => letterRow.parse(row));
  return { seq, messageId, foundAtMs, body };
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
