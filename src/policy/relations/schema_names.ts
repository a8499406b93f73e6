import { didYouMean } from "../../kernel/nearest.ts";
import type { Drafts, SchemaFault } from "./draft.ts";
import { partsOf, type Rewrite, type SubjectTerm, termText } from "./rewrite.ts";
import { PRINCIPAL_TYPES } from "./terms.ts";

/** Names in `drafts` that resolve to nothing, or to something else than what stands there needs. */
export function nameFaults(drafts: Drafts): SchemaFault[] {
  return [...drafts].flatMap(([type, relations]) =>
    [...relations].flatMap(([relation, rewrite]) =>
      reasons(drafts, type, rewrite).map((reason) => ({ at: `${type}.${relation}`, reason })),
    ),
  );
}

function reasons(drafts: Drafts, type: string, rewrite: Rewrite): string[] {
  const parts = [...partsOf(rewrite)];
  const direct = parts.flatMap((part) => (part.kind === "direct" ? [part.takes] : []));
  return [
    ...(direct.length > 1 ? ["has two lists of subjects: tuples do not say which of them they are for"] : []),
    ...direct.flatMap((takes) => takenReasons(drafts, takes)),
    ...parts.flatMap((part) => {
      if (part.kind === "same") return sameReasons(drafts, type, part.relation);
      return part.kind === "through" ? throughReasons(drafts, type, part) : [];
    }),
  ];
}

function takenReasons(drafts: Drafts, takes: readonly SubjectTerm[]): string[] {
  const texts = takes.map(termText);
  const twice = texts.filter((text, at) => texts.indexOf(text) !== at).map((text) => `takes \`${text}\` twice`);
  const objects = takes.filter((term) => isObject(drafts, term));
  const mixed =
    objects.length > 0 && objects.length < takes.length
      ? [
          `takes \`${objects.map(termText).join("`, `")}\`, an object, beside who has relations${setsOf(drafts, objects[0])}`,
        ]
      : [];
  return [...twice, ...takes.flatMap((term) => termReasons(drafts, term)), ...mixed];
}

/** Whether tuples with this term lead to another object, for `of`. */
function isObject(drafts: Drafts, { type, relation }: SubjectTerm): boolean {
  return relation === null && drafts.has(type);
}

function setsOf(drafts: Drafts, term: SubjectTerm | undefined): string {
  const [relation] = term === undefined ? [] : (drafts.get(term.type)?.keys() ?? []);
  return term === undefined || relation === undefined ? "" : `; did you mean \`${term.type}#${relation}\`?`;
}

function termReasons(drafts: Drafts, { type, relation }: SubjectTerm): string[] {
  const isPrincipal = PRINCIPAL_TYPES.some((principal) => principal === type);
  if (isPrincipal) return relation === null ? [] : [`\`${type}#${relation}\`: a ${type} has no members`];
  const relations = drafts.get(type);
  if (relations === undefined)
    return [`there is no type \`${type}\`${didYouMean(type, [...PRINCIPAL_TYPES, ...drafts.keys()])}`];
  if (relation === null || relations.has(relation)) return [];
  return [`\`${type}\` has no relation \`${relation}\`${didYouMean(relation, relations.keys())}`];
}

function sameReasons(drafts: Drafts, type: string, relation: string): string[] {
  const relations = drafts.get(type);
  if (relations === undefined || relations.has(relation)) return [];
  const isType = drafts.has(relation) || PRINCIPAL_TYPES.some((principal) => principal === relation);
  const hint = isType ? `; \`[${relation}]\` is for whom tuples name` : didYouMean(relation, relations.keys());
  return [`\`${type}\` has no relation \`${relation}\`${hint}`];
}

function throughReasons(
  drafts: Drafts,
  type: string,
  { relation, parent }: { relation: string; parent: string },
): string[] {
  const rewrite = drafts.get(type)?.get(parent);
  if (rewrite === undefined) return sameReasons(drafts, type, parent);
  if (rewrite.kind !== "direct" || !rewrite.takes.every((term) => isObject(drafts, term)))
    return [`\`of ${parent}\`: \`${parent}\` is not a list of objects alone, such as \`[folder]\``];
  return rewrite.takes.flatMap(({ type: target }) => sameReasons(drafts, target, relation));
}
