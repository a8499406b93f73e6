import type { ResourceRef } from "../decision_facts.ts";
import type { TupleNode } from "./node.ts";
import type { RelationSubject, RelationTuple } from "./terms.ts";

/** Reads tuples a level at a time: whatever one level asks is one round trip, and one moment of the store. */
export interface TupleReader {
  /** Throws `Outage`. */
  read(level: LevelQuestions): Promise<LevelRows>;
  /** The other way round: what each subject stands in. Throws `Outage`. */
  readBySubject(level: SubjectLevel): Promise<SubjectRows>;
}

/** What was read on earlier levels. */
export interface ReadBefore {
  /** When the first of them was read. */
  readonly revision: number;
  readonly buckets: readonly number[];
}

/** What a level asks for. */
export interface AskedTuples {
  /** Whether these very tuples are there. */
  readonly tuples: readonly RelationTuple[];
  /** Which sets (subjects with a relation) each of these nodes has. */
  readonly sets: readonly TupleNode[];
  /** Which subjects without a relation each of these nodes has: objects, or principals. */
  readonly members: readonly TupleNode[];
}

export interface LevelQuestions extends AskedTuples {
  /** Null on the first level. */
  readonly before: ReadBefore | null;
  /** More rows of sets and members together than this are not read: the level then says that it is not whole. */
  readonly maxRows: number;
}

export interface LevelRows {
  /** How many changes the store has seen at this moment. */
  readonly revision: number;
  /** Whether something in the buckets that were read `before` has changed since. */
  readonly moved: boolean;
  /** For each of the tuples. */
  readonly tuples: readonly boolean[];
  /** For each of the nodes. */
  readonly sets: readonly (readonly RelationSubject[])[];
  readonly members: readonly (readonly ResourceRef[])[];
  /** False where rows were left off. */
  readonly whole: boolean;
}

export interface SubjectLevel {
  readonly subjects: readonly RelationSubject[];
  /** More rows than this are not read. */
  readonly maxRows: number;
}

export interface SubjectRows {
  readonly revision: number;
  /** For each of the subjects: where a tuple names it. */
  readonly nodes: readonly (readonly TupleNode[])[];
  readonly whole: boolean;
}
