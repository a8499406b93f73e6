import * as z from "zod/mini";
import { Outage } from "../../kernel/outage.ts";
import type { ResourceRef } from "../../policy/decision_facts.ts";
import { bucketOf, nodeText } from "../../policy/relations/node.ts";
import { type RelationTuple, refText, tupleText } from "../../policy/relations/terms.ts";
import type { RelationLeavers, RelationStore, StoredTuple, TupleChange, TupleFilter } from "../../ports/relations.ts";
import { type AdminAct, adminChange } from "../../protocol/audit_event.ts";
import { ANY_RELATION, bucketEntryId, RELATION_ENTRY_MS } from "../../protocol/relation_entries.ts";
import { auditInsert } from "./audit.ts";
import { fromRow, onD1 } from "./database.ts";
import { D1TupleReader, refColumn, subjectOfRow, tupleColumns } from "./tuple_reader.ts";

const tupleRow = z.object({
  object: refColumn,
  relation: z.string(),
  subject: refColumn,
  subject_relation: z.string(),
  created_at: z.number(),
});
const revisionRow = z.object({ revision: z.int().check(z.minimum(0)) });
const leaverRow = z.object({ subject: refColumn });

const GIVEN = "SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3";
const REVISION = "SELECT revision FROM relation_revision";
const KEY = "object, relation, subject_relation, subject";

/** The tuples in D1. */
export class D1Relations extends D1TupleReader implements RelationStore, RelationLeavers {
  readonly #db: D1Database;
  readonly #act: AdminAct | null;

  /** With `act`, whatever is changed is recorded as that act, in the same transaction. */
  constructor(db: D1Database, act: AdminAct | null = null) {
    super(db);
    this.#db = db;
    this.#act = act;
  }

  async change(change: TupleChange): Promise<{ readonly revision: number } | "precondition_failed"> {
    try {
      const results = await onD1(() => this.#db.batch(this.#statements(change)));
      return fromRow(() => revisionRow.parse(results[0]?.results[0]));
    } catch (error) {
      if (error instanceof Outage && String(error.cause).includes("precondition_failed")) return "precondition_failed";
      throw error;
    }
  }

  async list(limit: number, after: RelationTuple | null, filter: TupleFilter): Promise<readonly StoredTuple[]> {
    const { sql, values } = tupleListSql(limit, after, filter);
    const { results } = await onD1(() =>
      this.#db
        .prepare(sql)
        .bind(...values)
        .all(),
    );
    return results.map(readTuple);
  }

  async revision(): Promise<number> {
    const { results } = await onD1(() => this.#db.prepare(REVISION).all());
    return fromRow(() => revisionRow.parse(results[0]).revision);
  }

  async leavers(limit: number): Promise<readonly ResourceRef[]> {
    const { results } = await onD1(() =>
      this.#db.prepare("SELECT subject FROM relation_leavers ORDER BY subject LIMIT ?").bind(limit).all(),
    );
    return results.map((row) => fromRow(() => leaverRow.parse(row).subject));
  }

  async left(subject: ResourceRef): Promise<void> {
    // A tuple that was written meanwhile keeps the name in the list.
    const sql = `DELETE FROM relation_leavers WHERE subject = ?1
      AND NOT EXISTS (SELECT 1 FROM relation_tuples WHERE subject = ?1)`;
    await onD1(() => this.#db.prepare(sql).bind(refText(subject)).run());
  }

  /** The revision first: whatever follows, entries of the feed too, is of it. A failed precondition takes that back as well. */
  #statements({ writes, deletes, preconditions, nowMs }: TupleChange): D1PreparedStatement[] {
    const buckets = [...new Set([...writes, ...deletes].map((tuple) => bucketOf(nodeText(tuple))))];
    const prepare = (sql: string, ...values: unknown[]) => this.#db.prepare(sql).bind(...values);
    const rows = (tuples: readonly RelationTuple[]) => JSON.stringify(tuples.map(tupleColumns));
    const conditions = preconditions.map(({ tuple, present }) => [...tupleColumns(tuple), present ? 1 : 0]);
    return [
      this.#db.prepare("UPDATE relation_revision SET revision = revision + 1 RETURNING revision"),
      prepare(
        `INSERT INTO relation_preconditions (${KEY}, present) ${GIVEN}, value ->> 4 FROM json_each(?)`,
        JSON.stringify(conditions),
      ),
      prepare(`DELETE FROM relation_tuples WHERE (${KEY}) IN (${GIVEN} FROM json_each(?))`, rows(deletes)),
      prepare(
        `INSERT OR IGNORE INTO relation_tuples (${KEY}, created_at) ${GIVEN}, ?2 FROM json_each(?1)`,
        rows(writes),
        nowMs,
      ),
      prepare(
        `INSERT INTO relation_buckets (bucket, revision) SELECT value, (${REVISION}) FROM json_each(?) WHERE 1
         ON CONFLICT (bucket) DO UPDATE SET revision = excluded.revision`,
        JSON.stringify(buckets),
      ),
      prepare(
        `INSERT INTO outbox (kind, subject, epoch, until) SELECT 'relation', value, (${REVISION}), ?2 FROM json_each(?1)`,
        JSON.stringify([...buckets.map(bucketEntryId), ANY_RELATION]),
        nowMs + RELATION_ENTRY_MS,
      ),
      ...this.#record(writes, deletes),
    ];
  }

  #record(writes: readonly RelationTuple[], deletes: readonly RelationTuple[]): D1PreparedStatement[] {
    if (this.#act === null) return [];
    const changes = Object.fromEntries([
      ...deletes.map((tuple) => [tupleText(tuple), { before: true }]),
      ...writes.map((tuple) => [tupleText(tuple), { after: true }]),
    ]);
    return [auditInsert(this.#db, [adminChange(this.#act, { target: "relations", outcome: "changed", changes })])];
  }
}

/** A list's statement and its values. Each order is that of an index, whose first columns the filter names. */
export function tupleListSql(limit: number, after: RelationTuple | null, filter: TupleFilter) {
  const { object, objectType, relation, subject } = filter;
  const bySubject = subject !== undefined && object === undefined;
  const columns = bySubject ? ["subject", "subject_relation", "relation", "object"] : KEY.split(", ");
  const conditions: [sql: string, ...values: unknown[]][] = [];
  if (object !== undefined) conditions.push(["object = ?", refText(object)]);
  // `;` is the character after `:`: all texts that begin with the type and a colon lie between the two.
  else if (objectType !== undefined)
    conditions.push(["object >= ? AND object < ?", `${objectType}:`, `${objectType};`]);
  if (relation !== undefined) conditions.push(["relation = ?", relation]);
  if (subject !== undefined)
    conditions.push(["subject = ? AND subject_relation = ?", refText(subject), subject.relation ?? ""]);
  if (after !== null) {
    const [at, name, set, who] = tupleColumns(after);
    const place = bySubject ? [who, set, name, at] : [at, name, set, who];
    conditions.push([`(${columns.join(", ")}) > (?, ?, ?, ?)`, ...place]);
  }
  const where = conditions.map(([sql]) => sql).join(" AND ");
  const sql = `SELECT * FROM relation_tuples WHERE ${where || "1"} ORDER BY ${columns.join(", ")} LIMIT ?`;
  return { sql, values: [...conditions.flatMap(([, ...values]) => values), limit] };
}

function readTuple(row: unknown): StoredTuple {
  return fromRow(() => {
    const { object, relation, subject, subject_relation: set, created_at: createdAtMs } = tupleRow.parse(row);
    return { object, relation, subject: subjectOfRow(subject, set), createdAtMs };
  });
}
