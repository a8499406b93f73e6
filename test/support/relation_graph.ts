import fc from "fast-check";
import { nodeText, type TupleNode } from "../../src/policy/relations/node.ts";
import type { WrittenRelations } from "../../src/policy/relations/relation_names.ts";
import { compileRelations, type RelationSchema } from "../../src/policy/relations/relation_schema.ts";
import type { Rewrite } from "../../src/policy/relations/rewrite.ts";
import { parseTuple, type RelationTuple, refText, subjectText, tupleText } from "../../src/policy/relations/terms.ts";
import type {
  LevelQuestions,
  LevelRows,
  SubjectLevel,
  SubjectRows,
  TupleReader,
} from "../../src/policy/relations/tuple_reader.ts";

/** `written`, which has to be sound. */
export function schemaOf(written: WrittenRelations): RelationSchema {
  const compiled = compileRelations(written);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  return compiled.value;
}

/** The tuple that `text` spells. */
export function tuple(text: string): RelationTuple {
  const parsed = parseTuple(text);
  if (parsed === null) throw new Error(text);
  return parsed;
}

/** Tuples in memory, read as the store reads them, with a count of round trips and of rows. */
export class TupleGraph implements TupleReader {
  readonly #tuples = new Map<string, RelationTuple>();
  readonly #byNode = new Map<string, RelationTuple[]>();
  revision = 1;
  levels: LevelQuestions[] = [];
  /** Runs before a level is read. */
  onRead: () => void = () => undefined;
  /** What the next level says of whether something moved. */
  moved: (level: LevelQuestions) => boolean = () => false;

  constructor(tuples: Iterable<RelationTuple> = []) {
    for (const each of tuples) this.add(each);
  }

  add(added: RelationTuple): void {
    const text = tupleText(added);
    if (this.#tuples.has(text)) return;
    this.#tuples.set(text, added);
    const node = nodeText(added);
    const known = this.#byNode.get(node);
    if (known === undefined) this.#byNode.set(node, [added]);
    else known.push(added);
  }

  remove(removed: RelationTuple): void {
    const text = tupleText(removed);
    this.#tuples.delete(text);
    const node = nodeText(removed);
    this.#byNode.set(
      node,
      (this.#byNode.get(node) ?? []).filter((each) => tupleText(each) !== text),
    );
  }

  get tuples(): readonly RelationTuple[] {
    return [...this.#tuples.values()];
  }

  async readBySubject({ subjects, maxRows }: SubjectLevel): Promise<SubjectRows> {
    this.onRead();
    let room = maxRows;
    const nodes = subjects.map((subject) => {
      const rows = this.tuples.filter((each) => subjectText(each.subject) === subjectText(subject));
      const taken = rows.slice(0, Math.max(0, room));
      room -= rows.length;
      return taken.map(({ object, relation }) => ({ object, relation }));
    });
    return { revision: this.revision, nodes, whole: room >= 0 };
  }

  async read(level: LevelQuestions): Promise<LevelRows> {
    this.onRead();
    this.levels.push(level);
    let room = level.maxRows;
    const rowsOf = (node: TupleNode, isSet: boolean) => {
      const rows = (this.#byNode.get(nodeText(node)) ?? [])
        .map(({ subject }) => subject)
        .filter(({ relation }) => (relation !== undefined) === isSet);
      const taken = rows.slice(0, Math.max(0, room));
      room -= rows.length;
      return taken;
    };
    return {
      revision: this.revision,
      moved: level.before !== null && this.moved(level),
      tuples: level.tuples.map((asked) => this.#tuples.has(tupleText(asked))),
      sets: level.sets.map((node) => rowsOf(node, true)),
      members: level.members.map((node) => rowsOf(node, false)),
      whole: room >= 0,
    };
  }
}

/**
 * Who has what, the naive way: for every node the set of its principals, grown from nothing until nothing is added, one stratum after
 * the other. It knows nothing of levels, bounds or indexes.
 */
export function naively(schema: RelationSchema, tuples: readonly RelationTuple[]): (check: RelationTuple) => boolean {
  const byNode = new Map<string, RelationTuple[]>();
  const objects = new Map<string, TupleNode["object"]>();
  for (const each of tuples) {
    byNode.set(nodeText(each), [...(byNode.get(nodeText(each)) ?? []), each]);
    for (const ref of [each.object, each.subject]) objects.set(refText(ref), { type: ref.type, id: ref.id });
  }
  const has = new Map<string, Set<string>>();
  const setOf = (node: TupleNode) => has.get(nodeText(node)) ?? new Set<string>();
  const among = (rewrite: Rewrite, object: TupleNode["object"], relation: string): Set<string> => {
    switch (rewrite.kind) {
      case "direct": {
        const found = new Set<string>();
        for (const { subject } of byNode.get(nodeText({ object, relation })) ?? []) {
          const isTaken = rewrite.takes.some(
            (term) => term.type === subject.type && term.relation === (subject.relation ?? null),
          );
          if (!isTaken) continue;
          if (subject.relation === undefined) found.add(subjectText(subject));
          else for (const one of setOf({ object: subject, relation: subject.relation })) found.add(one);
        }
        return found;
      }
      case "same":
        return setOf({ object, relation: rewrite.relation });
      case "through": {
        const parents = among(
          { kind: "direct", takes: takesOfParent(schema, object.type, rewrite.parent) },
          object,
          rewrite.parent,
        );
        const refs = [...parents].flatMap((text) => objects.get(text) ?? []);
        return new Set(refs.flatMap((parent) => [...setOf({ object: parent, relation: rewrite.relation })]));
      }
      case "or":
        return new Set(rewrite.of.flatMap((part) => [...among(part, object, relation)]));
      case "and": {
        const [first = new Set<string>(), ...rest] = rewrite.of.map((part) => among(part, object, relation));
        return new Set([...first].filter((one) => rest.every((set) => set.has(one))));
      }
      case "but_not": {
        const except = among(rewrite.except, object, relation);
        return new Set([...among(rewrite.of, object, relation)].filter((one) => !except.has(one)));
      }
    }
  };
  for (let stratum = 0; stratum < schema.strata; stratum++) {
    for (let changed = true; changed; ) {
      changed = false;
      for (const object of objects.values()) {
        for (const definition of schema.types.get(object.type)?.values() ?? []) {
          if (definition.stratum !== stratum) continue;
          const node = nodeText({ object, relation: definition.relation });
          const found = among(definition.rewrite, object, definition.relation);
          if (found.size > (has.get(node)?.size ?? 0)) {
            has.set(node, found);
            changed = true;
          }
        }
      }
    }
  }
  return ({ object, relation, subject }) => setOf({ object, relation }).has(subjectText(subject));
}

function takesOfParent(schema: RelationSchema, type: string, relation: string) {
  return schema.types.get(type)?.get(relation)?.takes ?? [];
}

/** Tuples that `schema` takes, between so many subjects and objects of each type. */
export function randomTuple(
  schema: RelationSchema,
  counts: Readonly<Record<string, number>>,
): fc.Arbitrary<RelationTuple> {
  const shapes = [...schema.types.values()].flatMap((relations) =>
    [...relations.values()].flatMap(({ type, relation, takes }) => takes.map((term) => ({ type, relation, term }))),
  );
  const idOf = (type: string) => fc.nat({ max: (counts[type] ?? 1) - 1 }).map(String);
  return fc.constantFrom(...shapes).chain(({ type, relation, term }) =>
    fc.record({ object: idOf(type), subject: idOf(term.type) }).map(({ object, subject }) => ({
      object: { type, id: object },
      relation,
      subject: { type: term.type, id: subject, ...(term.relation !== null && { relation: term.relation }) },
    })),
  );
}
