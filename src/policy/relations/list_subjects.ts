import { MAX_LEVELS } from "./check.ts";
import { nodeText, type TupleNode } from "./node.ts";
import { admittingParts, MAX_FOUND, provenList, type RelationList } from "./relation_list.ts";
import { definitionOf, type RelationSchema } from "./relation_schema.ts";
import { type RelationSubject, subjectText } from "./terms.ts";
import type { LevelRows, TupleReader } from "./tuple_reader.ts";

/** Which subjects of `type`, or sets of them, have the node's relation to its object. */
export interface SubjectQuestion extends TupleNode {
  readonly type: string;
  /** Null for single subjects. */
  readonly subjectRelation: string | null;
}

/**
 * The subjects that `question` asks for, found from the object downwards: a round trip for each level. The names in it are the schema's. Throws
 * `Outage`.
 */
export async function listSubjects(
  schema: RelationSchema,
  question: SubjectQuestion,
  reader: TupleReader,
): Promise<RelationList<RelationSubject>> {
  const { object, relation, type, subjectRelation } = question;
  const found = new Map<string, RelationSubject>();
  const descent = new Descent(schema);
  descent.reach({ object, relation });
  let revision: number | null = null;
  let whole = true;
  for (let level = 0; level < MAX_LEVELS && descent.next.length > 0 && !descent.isFull; level++) {
    const nodes = descent.next;
    descent.next = [];
    const rows = await reader.read({ tuples: [], sets: nodes, members: nodes, before: null, maxRows: MAX_FOUND });
    revision ??= rows.revision;
    whole &&= rows.whole;
    for (const subject of descent.learn(nodes, rows))
      if (subject.type === type && (subject.relation ?? null) === subjectRelation)
        found.set(subjectText(subject), subject);
  }
  if (subjectRelation !== null)
    for (const node of descent.reached.values())
      if (node.object.type === type && node.relation === subjectRelation) {
        const set = { type, id: node.object.id, relation: subjectRelation };
        found.set(subjectText(set), set);
      }
  const proven = await provenList(schema, found, (subject) => ({ object, relation, subject }), reader);
  const isComplete = whole && proven.whole && descent.next.length === 0 && !descent.isFull;
  return { items: proven.items, whole: isComplete, revision: revision ?? 0 };
}

/** The nodes whose subjects have, as it seems, the relation that is asked for, and those to read next. */
class Descent {
  readonly #schema: RelationSchema;
  readonly reached = new Map<string, TupleNode>();
  /** Relations that lead to other objects, by where they stand: they are read, and let in nobody themselves. */
  readonly #parents = new Map<string, Set<string>>();
  readonly #read = new Set<string>();
  next: TupleNode[] = [];
  isFull = false;

  constructor(schema: RelationSchema) {
    this.#schema = schema;
  }

  reach(first: TupleNode): void {
    const todo = [first];
    for (let node = todo.pop(); node !== undefined; node = todo.pop()) {
      const { relation } = node;
      const object = { type: node.object.type, id: node.object.id };
      const text = nodeText(node);
      const definition = definitionOf(this.#schema, object.type, relation);
      if (definition === undefined || this.reached.has(text)) continue;
      if (this.reached.size >= MAX_FOUND) {
        this.isFull = true;
        return;
      }
      this.reached.set(text, { object, relation });
      for (const part of admittingParts(definition.rewrite)) {
        if (part.kind === "direct") this.#readNext({ object, relation });
        if (part.kind === "same") todo.push({ object, relation: part.relation });
        if (part.kind !== "through") continue;
        const parent = { object, relation: part.parent };
        const wanted = this.#parents.get(nodeText(parent));
        if (wanted === undefined) this.#parents.set(nodeText(parent), new Set([part.relation]));
        else wanted.add(part.relation);
        this.#readNext(parent);
      }
    }
  }

  /** Those among the rows of `nodes` who are let in themselves. */
  learn(nodes: readonly TupleNode[], rows: LevelRows): readonly RelationSubject[] {
    const subjects: RelationSubject[] = [];
    for (const [at, node] of nodes.entries()) {
      const takes = definitionOf(this.#schema, node.object.type, node.relation)?.takes ?? [];
      const all: readonly RelationSubject[] = [...(rows.sets[at] ?? []), ...(rows.members[at] ?? [])];
      const taken = all.filter((subject) =>
        takes.some((term) => term.type === subject.type && term.relation === (subject.relation ?? null)),
      );
      if (this.reached.has(nodeText(node))) {
        subjects.push(...taken);
        for (const set of taken) if (set.relation !== undefined) this.reach({ object: set, relation: set.relation });
      }
      for (const relation of this.#parents.get(nodeText(node)) ?? [])
        for (const parent of taken) this.reach({ object: parent, relation });
    }
    return subjects;
  }

  #readNext(node: TupleNode): void {
    const text = nodeText(node);
    if (this.#read.has(text)) return;
    this.#read.add(text);
    this.next.push(node);
  }
}
