import { err, ok, type Result } from "../kernel/result.ts";
import type { RelationSchema } from "../policy/relations/relation_schema.ts";
import { type RelationTuple, tupleText } from "../policy/relations/terms.ts";
import { tupleFault } from "../policy/relations/tuple_fault.ts";
import type { RelationStore, TupleChange, TupleFilter } from "../ports/relations.ts";
import { commitChange } from "./commit_change.ts";
import { type Changed, type FieldFault, invalidFields, type Management, type ManagingFault } from "./management.ts";

/** What changing relations rests on. */
export interface RelationManagement extends Pick<Management, "courier" | "revocations"> {
  readonly relations: RelationStore;
  /** Of the configuration that runs; without types where it has no relations. */
  readonly relationSchema: RelationSchema;
}

/** Tuples that one change may touch. */
export const MOST_TUPLES = 100;

/** What became of a change: the revision that a check has to know of to see it. */
export interface Revised {
  readonly revision: number;
}

/**
 * Writes and deletes tuples, all of them or none. Writing one that is there, and deleting one that is not, is no fault: whoever heard no answer
 * may try again. What is written has to be of the schema; what is deleted need not be, for schemas change. Throws `Outage`.
 */
export async function changeRelations(
  change: Omit<TupleChange, "nowMs">,
  management: RelationManagement,
  nowMs: number,
): Promise<Result<Changed<Revised>, ManagingFault>> {
  const faults = changeFaults(change, management.relationSchema);
  if (faults.length > 0) return err(invalidFields(faults));
  let made: Awaited<ReturnType<RelationStore["change"]>> = "precondition_failed";
  const committed = await commitChange(management, async () => {
    made = await management.relations.change({ ...change, nowMs });
    return made === "precondition_failed" ? "conflict" : "changed";
  });
  if (!committed.ok || made === "precondition_failed") return err({ code: "precondition_failed" });
  return ok({ value: made, progress: committed.value });
}

/** Deletes up to `MOST_TUPLES` of those that `filter` asks for, and says whether there are more. Throws `Outage`. */
export async function deleteRelations(
  filter: TupleFilter,
  management: RelationManagement,
  nowMs: number,
): Promise<Result<Changed<Revised & { readonly deleted: number; readonly more: boolean }>, ManagingFault>> {
  const found = await management.relations.list(MOST_TUPLES + 1, null, filter);
  const deletes = found.slice(0, MOST_TUPLES);
  if (deletes.length === 0) {
    const revision = await management.relations.revision();
    return ok({ value: { revision, deleted: 0, more: false }, progress: "unchanged" });
  }
  const changed = await changeRelations({ writes: [], deletes, preconditions: [] }, management, nowMs);
  if (!changed.ok) return changed;
  const { value, progress } = changed.value;
  return ok({ value: { ...value, deleted: deletes.length, more: found.length > MOST_TUPLES }, progress });
}

function changeFaults({ writes, deletes }: Omit<TupleChange, "nowMs">, schema: RelationSchema): readonly FieldFault[] {
  const count = writes.length + deletes.length;
  if (count === 0) return [{ field: "writes", reason: "or deletes must name a tuple" }];
  if (count > MOST_TUPLES) return [{ field: "writes", reason: `and deletes name more than ${MOST_TUPLES} tuples` }];
  return [
    ...writes.flatMap((tuple, at) => {
      const fault = tupleFault(schema, tuple);
      return fault === null ? [] : [{ field: `writes.${at}.${fault.part}`, reason: fault.reason }];
    }),
    ...repeated([...writes, ...deletes], (at) =>
      at < writes.length ? `writes.${at}` : `deletes.${at - writes.length}`,
    ),
  ];
}

function repeated(tuples: readonly RelationTuple[], fieldOf: (at: number) => string): readonly FieldFault[] {
  const seen = new Set<string>();
  return tuples.flatMap((tuple, at) => {
    const text = tupleText(tuple);
    if (seen.has(text)) return [{ field: fieldOf(at), reason: "is repeated" }];
    seen.add(text);
    return [];
  });
}
