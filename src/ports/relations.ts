import type { ResourceRef } from "../policy/decision_facts.ts";
import type { RelationSubject, RelationTuple } from "../policy/relations/terms.ts";
import type { TupleReader } from "../policy/relations/tuple_reader.ts";

/** Where tuples are true. Throws `Outage`. */
export interface RelationStore extends TupleReader {
  /** Makes all of `change` in one transaction, and has the edge feed told of it; or nothing, where a precondition does not hold. */
  change(change: TupleChange): Promise<{ readonly revision: number } | "precondition_failed">;
  /** Up to `limit` tuples behind `after`, in the order of their keys: what is added meanwhile shifts nothing. */
  list(limit: number, after: RelationTuple | null, filter: TupleFilter): Promise<readonly StoredTuple[]>;
  /** How many changes there were. */
  revision(): Promise<number>;
}

/** What is to become of tuples. None stands in it twice. */
export interface TupleChange {
  /** Are there afterwards, whether they were before or not. */
  readonly writes: readonly RelationTuple[];
  /** Are not there afterwards. */
  readonly deletes: readonly RelationTuple[];
  readonly preconditions: readonly Precondition[];
  /** Unix milliseconds. */
  readonly nowMs: number;
}

/** What has to hold in the moment of the change, before it. */
export interface Precondition {
  readonly tuple: RelationTuple;
  readonly present: boolean;
}

/** Which tuples are asked for; absent members ask for nothing. With `object` nothing is asked of its type. */
export interface TupleFilter {
  readonly object?: ResourceRef | undefined;
  readonly objectType?: string | undefined;
  readonly relation?: string | undefined;
  readonly subject?: RelationSubject | undefined;
}

export interface StoredTuple extends RelationTuple {
  readonly createdAtMs: number;
}

/** The tuples of those who were deleted: they grant nothing any more, and are taken out. Throws `Outage`. */
export interface RelationLeavers {
  /** Some of them, oldest ids first. */
  leavers(limit: number): Promise<readonly ResourceRef[]>;
  /** `subject` stands in no tuple any more. */
  left(subject: ResourceRef): Promise<void>;
}
