import { checkRelations, MAX_CHECKS } from "./check.ts";
import type { RelationSchema } from "./relation_schema.ts";
import { partsOf, type Rewrite } from "./rewrite.ts";
import type { RelationTuple } from "./terms.ts";
import type { TupleReader } from "./tuple_reader.ts";

/** All that was found, in the order of its texts, and whether that is all there is. */
export interface RelationList<T> {
  readonly items: readonly T[];
  /** False where bounds cut the search off: what is listed holds, and there may be more. */
  readonly whole: boolean;
  /** How many changes there had been when the search began. What changes while it goes on may be in it or not. */
  readonly revision: number;
}

/** Nodes that one search goes through, and rows that one level of it reads. */
export const MAX_FOUND = 2_000;

/** The parts of `rewrite` that can let somebody in: what stands behind "but not" cannot. */
export function* admittingParts(rewrite: Rewrite): Generator<Rewrite> {
  yield rewrite;
  if (rewrite.kind === "or" || rewrite.kind === "and") for (const part of rewrite.of) yield* admittingParts(part);
  if (rewrite.kind === "but_not") yield* admittingParts(rewrite.of);
}

/** Whether a way through `schema` may lead to somebody who is not let in after all: then each that was found is checked. */
function needsProof(schema: RelationSchema): boolean {
  for (const relations of schema.types.values())
    for (const { rewrite } of relations.values())
      for (const part of partsOf(rewrite)) if (part.kind === "and" || part.kind === "but_not") return true;
  return false;
}

/** Those of `found` that hold, by text and sorted by it; `checkOf` is the check that proves one. */
export async function provenList<T>(
  schema: RelationSchema,
  found: ReadonlyMap<string, T>,
  checkOf: (item: T) => RelationTuple,
  reader: TupleReader,
): Promise<{ readonly items: readonly T[]; readonly whole: boolean }> {
  const items = [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
  if (!needsProof(schema)) return { items, whole: true };
  const proven: T[] = [];
  let whole = true;
  for (let from = 0; from < items.length; from += MAX_CHECKS) {
    const some = items.slice(from, from + MAX_CHECKS);
    const { findings } = await checkRelations(schema, some.map(checkOf), reader);
    for (const [at, item] of some.entries()) {
      if (findings[at]?.answer === true) proven.push(item);
      if (findings[at]?.answer === "undecided") whole = false;
    }
  }
  return { items: proven, whole };
}
