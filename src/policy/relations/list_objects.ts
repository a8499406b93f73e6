import type { ResourceRef } from "../decision_facts.ts";
import { MAX_LEVELS } from "./check.ts";
import { nodeText, type TupleNode } from "./node.ts";
import { admittingParts, MAX_FOUND, provenList, type RelationList } from "./relation_list.ts";
import { definitionOf, type RelationSchema } from "./relation_schema.ts";
import { type RelationSubject, refText, subjectText } from "./terms.ts";
import type { TupleReader } from "./tuple_reader.ts";

/** To which objects of `type` the subject has `relation`. */
export interface ObjectQuestion {
  readonly type: string;
  readonly relation: string;
  readonly subject: RelationSubject;
}

/**
 * The objects that `question` asks for, found from the subject upwards: a round trip for each level. The names in it are the schema's. Throws
 * `Outage`.
 */
export async function listObjects(
  schema: RelationSchema,
  { type, relation, subject }: ObjectQuestion,
  reader: TupleReader,
): Promise<RelationList<ResourceRef>> {
  const climb = new Climb(schema);
  climb.lookUp(subject);
  if (subject.relation !== undefined) climb.reach({ object: subject, relation: subject.relation });
  let revision: number | null = null;
  let whole = true;
  for (let level = 0; level < MAX_LEVELS && climb.next.size > 0 && !climb.isFull; level++) {
    const subjects = [...climb.next.values()];
    climb.next.clear();
    const rows = await reader.readBySubject({ subjects, maxRows: MAX_FOUND });
    revision ??= rows.revision;
    whole &&= rows.whole;
    for (const [at, asked] of subjects.entries())
      for (const node of rows.nodes[at] ?? []) climb.step(asked, node, subject);
  }
  const found = new Map<string, ResourceRef>();
  for (const { object, relation: reached } of climb.reached.values())
    if (object.type === type && reached === relation) found.set(refText(object), { type, id: object.id });
  const proven = await provenList(schema, found, (object) => ({ object, relation, subject }), reader);
  return {
    items: proven.items,
    whole: whole && proven.whole && climb.next.size === 0 && !climb.isFull,
    revision: revision ?? 0,
  };
}

/** What the subject was found to reach so far, and whose tuples to look up next. */
class Climb {
  readonly #schema: RelationSchema;
  readonly reached = new Map<string, TupleNode>();
  readonly next = new Map<string, RelationSubject>();
  readonly #lookedUp = new Set<string>();
  /** Where objects that were looked up stand: whatever they let in later may be let in there as well. */
  readonly #places = new Map<string, TupleNode[]>();
  isFull = false;

  constructor(schema: RelationSchema) {
    this.#schema = schema;
  }

  lookUp(subject: RelationSubject): void {
    const text = subjectText(subject);
    if (this.#lookedUp.has(text)) return;
    this.#lookedUp.add(text);
    this.next.set(text, subject);
  }

  /** A tuple that names `subject` in `place`. `asked` is whom the whole search is about. */
  step(subject: RelationSubject, place: TupleNode, asked: RelationSubject): void {
    const takes = definitionOf(this.#schema, place.object.type, place.relation)?.takes ?? [];
    if (!takes.some((term) => term.type === subject.type && term.relation === (subject.relation ?? null))) return;
    const isPlace = subject.relation === undefined && this.#schema.types.has(subject.type);
    // An object that is only looked up for what it lets in has no relation itself.
    if (!isPlace || subjectText(subject) === subjectText(asked)) this.reach(place);
    if (!isPlace) return;
    const known = this.#places.get(refText(subject));
    if (known === undefined) this.#places.set(refText(subject), [place]);
    else known.push(place);
    for (const relation of this.#relationsOf(subject))
      for (const node of this.#passedOn(relation, place)) this.reach(node);
  }

  /** Whom the search is about has, as it seems, this relation: what follows from it, and who is to be looked up because of it. */
  reach(first: TupleNode): void {
    const todo = [first];
    for (let node = todo.pop(); node !== undefined; node = todo.pop()) {
      const text = nodeText(node);
      if (this.reached.has(text)) continue;
      if (this.reached.size >= MAX_FOUND) {
        this.isFull = true;
        return;
      }
      const { relation } = node;
      const object = { type: node.object.type, id: node.object.id };
      this.reached.set(text, { object, relation });
      for (const [name, { rewrite }] of this.#schema.types.get(object.type) ?? [])
        for (const part of admittingParts(rewrite))
          if (part.kind === "same" && part.relation === relation) todo.push({ object, relation: name });
      for (const place of this.#places.get(refText(object)) ?? []) todo.push(...this.#passedOn(relation, place));
      this.#lookUpFor(object, relation);
    }
  }

  #relationsOf(object: ResourceRef): readonly string[] {
    const names = [...(this.#schema.types.get(object.type)?.keys() ?? [])];
    return names.filter((relation) => this.reached.has(nodeText({ object, relation })));
  }

  /** Relations of the object in `place` that mean `relation` of what stands there. */
  #passedOn(relation: string, { object, relation: parent }: TupleNode): readonly TupleNode[] {
    return [...(this.#schema.types.get(object.type) ?? [])]
      .filter(([, { rewrite }]) =>
        [...admittingParts(rewrite)].some(
          (part) => part.kind === "through" && part.parent === parent && part.relation === relation,
        ),
      )
      .map(([name]) => ({ object, relation: name }));
  }

  /** The set that this is where tuples take such sets, and the object where others let in whom it lets in. */
  #lookUpFor({ type, id }: ResourceRef, relation: string): void {
    for (const relations of this.#schema.types.values())
      for (const { takes, rewrite } of relations.values()) {
        if (takes.some((term) => term.type === type && term.relation === relation)) this.lookUp({ type, id, relation });
        for (const part of admittingParts(rewrite))
          if (part.kind === "through" && part.relation === relation) this.lookUp({ type, id });
      }
  }
}
