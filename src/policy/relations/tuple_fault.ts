import { didYouMean } from "../../kernel/nearest.ts";
import { definitionOf, type RelationSchema } from "./relation_schema.ts";
import { termText } from "./rewrite.ts";
import type { RelationSubject, RelationTuple } from "./terms.ts";

/** Which part of a tuple is wrong, and why. */
export interface TupleFault {
  readonly part: "object" | "relation" | "subject";
  readonly reason: string;
}

/** Why the schema does not take `tuple`; null where it does. */
export function tupleFault(schema: RelationSchema, { object, relation, subject }: RelationTuple): TupleFault | null {
  const fault = nodeFault(schema, object.type, relation);
  if (fault !== null) return fault;
  const takes = definitionOf(schema, object.type, relation)?.takes ?? [];
  if (takes.length === 0)
    return { part: "relation", reason: `\`${relation}\` is made of other relations: no tuple states it` };
  const term = { type: subject.type, relation: subject.relation ?? null };
  const isTaken = takes.some((taken) => taken.type === term.type && taken.relation === term.relation);
  if (isTaken) return null;
  const list = takes.map((taken) => `\`${termText(taken)}\``).join(", ");
  return { part: "subject", reason: `\`${relation}\` takes ${list}, not \`${termText(term)}\`` };
}

/** Why the schema has no such relation; null where it has. */
export function nodeFault(schema: RelationSchema, type: string, relation: string): TupleFault | null {
  const relations = schema.types.get(type);
  if (relations === undefined)
    return { part: "object", reason: `there is no type \`${type}\`${didYouMean(type, schema.types.keys())}` };
  if (relations.has(relation)) return null;
  return {
    part: "relation",
    reason: `\`${type}\` has no relation \`${relation}\`${didYouMean(relation, relations.keys())}`,
  };
}

/** Why nobody could be asked about as `subject`; null where somebody can. */
export function subjectFault(schema: RelationSchema, { type, relation }: RelationSubject): string | null {
  if (relation !== undefined) return nodeFault(schema, type, relation)?.reason ?? null;
  const known = [...schema.types.values()].flatMap((relations) =>
    [...relations.values()].flatMap(({ takes }) => takes.map((term) => term.type)),
  );
  return known.includes(type) ? null : `no relation takes \`${type}\`${didYouMean(type, known)}`;
}
