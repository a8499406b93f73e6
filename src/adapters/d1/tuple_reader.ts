import * as z from "zod/mini";
import { Outage } from "../../kernel/outage.ts";
import type { ResourceRef } from "../../policy/decision_facts.ts";
import type { TupleNode } from "../../policy/relations/node.ts";
import {
  parseRef,
  parseSubject,
  type RelationSubject,
  type RelationTuple,
  refText,
} from "../../policy/relations/terms.ts";
import type {
  LevelQuestions,
  LevelRows,
  SubjectLevel,
  SubjectRows,
  TupleReader,
} from "../../policy/relations/tuple_reader.ts";
import { fromRow, onD1 } from "./database.ts";

/** `type:id` in a TEXT column. */
export const refColumn = z.pipe(
  z.string(),
  z.transform((text, context): ResourceRef => {
    const ref = parseRef(text);
    if (ref !== null) return ref;
    context.issues.push({ code: "custom", message: "no object", input: text });
    return z.NEVER;
  }),
);

const revisionRow = z.object({ revision: z.int().check(z.minimum(0)), moved: z.int() });
const placeRow = z.object({ at: z.int().check(z.minimum(0)) });
const subjectRow = z.object({ at: z.int().check(z.minimum(0)), subject: refColumn, subject_relation: z.string() });
const objectRow = z.object({ at: z.int().check(z.minimum(0)), object: refColumn, relation: z.string() });

/** What is asked for, by its place in the question: the planner must begin with it, and look up one key for each. */
const TUPLES = `SELECT q.key AS at FROM json_each(?) AS q CROSS JOIN relation_tuples AS t
  ON t.object = q.value ->> 0 AND t.relation = q.value ->> 1 AND t.subject_relation = q.value ->> 2 AND t.subject = q.value ->> 3`;
const SUBJECTS =
  "SELECT q.key AS at, t.subject, t.subject_relation FROM json_each(?) AS q CROSS JOIN relation_tuples AS t";
const SETS = `${SUBJECTS} ON t.object = q.value ->> 0 AND t.relation = q.value ->> 1 AND t.subject_relation > '' LIMIT ?`;
const MEMBERS = `${SUBJECTS} ON t.object = q.value ->> 0 AND t.relation = q.value ->> 1 AND t.subject_relation = '' LIMIT ?`;
const OBJECTS = `SELECT q.key AS at, t.object, t.relation FROM json_each(?) AS q CROSS JOIN relation_tuples AS t
  INDEXED BY relation_tuples_by_subject ON t.subject = q.value ->> 0 AND t.subject_relation = q.value ->> 1 LIMIT ?`;
const REVISION = `SELECT revision, EXISTS (
    SELECT 1 FROM json_each(?2) AS q CROSS JOIN relation_buckets AS b ON b.bucket = q.value WHERE b.revision > ?1
  ) AS moved FROM relation_revision`;

/** The statements of a level, for whoever asks how they are planned. */
export const LEVEL_SQL = { REVISION, TUPLES, SETS, MEMBERS, OBJECTS } as const;

/**
 * Reads tuples in D1. Each level is one batch, which D1 runs as one transaction: what it tells is of one moment, and the revision in it
 * says which.
 */
export class D1TupleReader implements TupleReader {
  readonly #db: D1Database;
  readonly #isOver: () => boolean;

  /** Once `isOver`, nobody waits for the answer: no further level is read. */
  constructor(db: D1Database, isOver: () => boolean = () => false) {
    this.#db = db;
    this.#isOver = isOver;
  }

  async read({ tuples, sets, members, before, maxRows }: LevelQuestions): Promise<LevelRows> {
    const [revision, held, setRows, memberRows] = await this.#batch([
      this.#revision(before),
      tuples.length === 0 ? null : this.#db.prepare(TUPLES).bind(JSON.stringify(tuples.map(tupleColumns))),
      this.#about(SETS, sets.map(nodeColumns), maxRows),
      this.#about(MEMBERS, members.map(nodeColumns), maxRows),
    ]);
    return fromRow(() => {
      const there = new Set(held?.map((row) => placeRow.parse(row).at));
      const inSets = subjectsOf(setRows ?? []);
      const single = subjectsOf(memberRows ?? []);
      return {
        ...readRevision(revision?.[0]),
        tuples: tuples.map((_, at) => there.has(at)),
        sets: sets.map((_, at) => inSets.get(at) ?? []),
        members: members.map((_, at) => single.get(at) ?? []),
        whole: (setRows?.length ?? 0) + (memberRows?.length ?? 0) <= maxRows,
      };
    });
  }

  async readBySubject({ subjects, maxRows }: SubjectLevel): Promise<SubjectRows> {
    const [revision, found] = await this.#batch([
      this.#revision(null),
      this.#about(OBJECTS, subjects.map(subjectColumns), maxRows),
    ]);
    return fromRow(() => {
      const nodes = new Map<number, TupleNode[]>();
      for (const row of found ?? []) {
        const { at, object, relation } = objectRow.parse(row);
        nodes.set(at, [...(nodes.get(at) ?? []), { object, relation }]);
      }
      return {
        revision: readRevision(revision?.[0]).revision,
        nodes: subjects.map((_, at) => nodes.get(at) ?? []),
        whole: (found?.length ?? 0) <= maxRows,
      };
    });
  }

  #revision(before: LevelQuestions["before"]): D1PreparedStatement {
    return this.#db.prepare(REVISION).bind(before?.revision ?? 0, JSON.stringify(before?.buckets ?? []));
  }

  #about(sql: string, asked: readonly unknown[], maxRows: number): D1PreparedStatement | null {
    return asked.length === 0 ? null : this.#db.prepare(sql).bind(JSON.stringify(asked), maxRows + 1);
  }

  /** The rows of each statement, in one round trip; none for null. */
  async #batch(statements: readonly (D1PreparedStatement | null)[]): Promise<readonly (readonly unknown[])[]> {
    if (this.#isOver()) throw new Outage("relations", { cause: "deadline" });
    const asked = statements.filter((statement) => statement !== null);
    const results = await onD1(() => this.#db.batch(asked));
    let next = 0;
    return statements.map((statement) => (statement === null ? [] : (results[next++]?.results ?? [])));
  }
}

/** In the order of the primary key. */
export function tupleColumns({ object, relation, subject }: RelationTuple): readonly string[] {
  return [refText(object), relation, subject.relation ?? "", refText(subject)];
}

function nodeColumns({ object, relation }: TupleNode): readonly string[] {
  return [refText(object), relation];
}

function subjectColumns(subject: RelationSubject): readonly string[] {
  return [refText(subject), subject.relation ?? ""];
}

/** `subject` of a row, with the relation that stands beside it. Throws for what is none, as the schema of a row does. */
export function subjectOfRow(subject: ResourceRef, relation: string): RelationSubject {
  if (relation === "") return subject;
  const read = parseSubject(`${refText(subject)}#${relation}`);
  if (read === null) throw new SyntaxError("no subject");
  return read;
}

function subjectsOf(rows: readonly unknown[]): ReadonlyMap<number, readonly RelationSubject[]> {
  const found = new Map<number, RelationSubject[]>();
  for (const row of rows) {
    const { at, subject, subject_relation: relation } = subjectRow.parse(row);
    const list = found.get(at);
    const read = subjectOfRow(subject, relation);
    if (list === undefined) found.set(at, [read]);
    else list.push(read);
  }
  return found;
}

function readRevision(row: unknown): { readonly revision: number; readonly moved: boolean } {
  const { revision, moved } = revisionRow.parse(row);
  return { revision, moved: moved !== 0 };
}
