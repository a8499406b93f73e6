import type { ResourceRef } from "../decision_facts.ts";
import { listObjects } from "./list_objects.ts";
import { listSubjects } from "./list_subjects.ts";
import type { RelationSchema } from "./relation_schema.ts";
import type { TupleReader } from "./tuple_reader.ts";

/** What relations connect, whichever they are, in the order of the ids. */
export interface RelatedIds {
  readonly ids: readonly string[];
  /** False where bounds cut the search off: there may be more. */
  readonly whole: boolean;
}

/** The objects of `type` to which `subject` has any relation. Throws `Outage`. */
export async function relatedObjects(
  schema: RelationSchema,
  type: string,
  subject: ResourceRef,
  reader: TupleReader,
): Promise<RelatedIds> {
  const relations = [...(schema.types.get(type)?.keys() ?? [])];
  const lists = await Promise.all(
    relations.map((relation) => listObjects(schema, { type, relation, subject }, reader)),
  );
  return joined(lists);
}

/** The principals of `kind` who have any relation to `object`. Throws `Outage`. */
export async function relatedPrincipals(
  schema: RelationSchema,
  kind: string,
  object: ResourceRef,
  reader: TupleReader,
): Promise<RelatedIds> {
  const relations = [...(schema.types.get(object.type)?.keys() ?? [])];
  const question = { object, type: kind, subjectRelation: null };
  const lists = await Promise.all(relations.map((relation) => listSubjects(schema, { ...question, relation }, reader)));
  return joined(lists);
}

function joined(lists: readonly { readonly items: readonly ResourceRef[]; readonly whole: boolean }[]): RelatedIds {
  const ids = new Set(lists.flatMap(({ items }) => items.map(({ id }) => id)));
  return { ids: [...ids].sort(), whole: lists.every(({ whole }) => whole) };
}
