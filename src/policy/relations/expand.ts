import { nodeText, type TupleNode } from "./node.ts";
import { definitionOf, type RelationSchema } from "./relation_schema.ts";
import { partsOf, type Rewrite } from "./rewrite.ts";
import type { RelationSubject } from "./terms.ts";
import type { TupleReader } from "./tuple_reader.ts";

/** Who has a relation to an object and why, as far as the object's own tuples say. Sets are leaves: each can be expanded in its turn. */
export type Expansion =
  | { readonly kind: "direct"; readonly subjects: readonly RelationSubject[] }
  | { readonly kind: "same"; readonly relation: string; readonly of: Expansion }
  | { readonly kind: "through"; readonly parent: string; readonly sets: readonly RelationSubject[] }
  | { readonly kind: "or" | "and"; readonly of: readonly Expansion[] }
  | { readonly kind: "but_not"; readonly of: Expansion; readonly except: Expansion };

export interface Expanded {
  readonly tree: Expansion;
  /** False where there are more subjects than are listed. */
  readonly whole: boolean;
  readonly revision: number;
}

const MAX_SUBJECTS = 1_000;

/** Expands one relation of one object, both known to the schema: one round trip. Throws `Outage`. */
export async function expandRelation(schema: RelationSchema, node: TupleNode, reader: TupleReader): Promise<Expanded> {
  const nodes = nodesOf(schema, node);
  const rows = await reader.read({ tuples: [], sets: nodes, members: nodes, before: null, maxRows: MAX_SUBJECTS });
  const subjects = new Map<string, readonly RelationSubject[]>();
  for (const [at, each] of nodes.entries()) {
    const takes = definitionOf(schema, each.object.type, each.relation)?.takes ?? [];
    const all: readonly RelationSubject[] = [...(rows.members[at] ?? []), ...(rows.sets[at] ?? [])];
    const taken = all.filter((subject) =>
      takes.some((term) => term.type === subject.type && term.relation === (subject.relation ?? null)),
    );
    subjects.set(nodeText(each), taken);
  }
  const of = (relation: string) => subjects.get(nodeText({ object: node.object, relation })) ?? [];
  return { tree: treeOf(schema, node, of), whole: rows.whole, revision: rows.revision };
}

/** The relations of the object that this one is made of. No relation is made of itself: the schema refuses that. */
function nodesOf(schema: RelationSchema, { object, relation }: TupleNode): readonly TupleNode[] {
  const made = new Set([relation]);
  const read = new Set<string>();
  for (const name of made) {
    const definition = definitionOf(schema, object.type, name);
    for (const part of definition === undefined ? [] : partsOf(definition.rewrite)) {
      if (part.kind === "direct") read.add(name);
      if (part.kind === "same") made.add(part.relation);
      if (part.kind === "through") read.add(part.parent);
    }
  }
  return [...read].map((name) => ({ object, relation: name }));
}

function treeOf(
  schema: RelationSchema,
  { object, relation }: TupleNode,
  subjectsOf: (relation: string) => readonly RelationSubject[],
): Expansion {
  const expand = (rewrite: Rewrite): Expansion => {
    switch (rewrite.kind) {
      case "direct":
        return { kind: "direct", subjects: subjectsOf(relation) };
      case "same": {
        const of = treeOf(schema, { object, relation: rewrite.relation }, subjectsOf);
        return { kind: "same", relation: rewrite.relation, of };
      }
      case "through": {
        const sets = subjectsOf(rewrite.parent).map(({ type, id }) => ({ type, id, relation: rewrite.relation }));
        return { kind: "through", parent: rewrite.parent, sets };
      }
      case "or":
      case "and":
        return { kind: rewrite.kind, of: rewrite.of.map(expand) };
      case "but_not":
        return { kind: "but_not", of: expand(rewrite.of), except: expand(rewrite.except) };
    }
  };
  const definition = definitionOf(schema, object.type, relation);
  return definition === undefined ? { kind: "direct", subjects: [] } : expand(definition.rewrite);
}
