import { nodeText, type TupleNode } from "./node.ts";
import { type RelationSubject, type RelationTuple, subjectText, tupleText } from "./terms.ts";
import type { LevelQuestions, LevelRows, SubjectLevel, SubjectRows, TupleReader } from "./tuple_reader.ts";

/** Tuples that are given: what decision tables and offline explanations are made with. They never change. */
export class MemoryTuples implements TupleReader {
  readonly #texts: ReadonlySet<string>;
  readonly #byNode: ReadonlyMap<string, readonly RelationTuple[]>;
  readonly #bySubject: ReadonlyMap<string, readonly RelationTuple[]>;

  constructor(tuples: readonly RelationTuple[]) {
    const distinct = [...new Map(tuples.map((tuple) => [tupleText(tuple), tuple])).values()];
    this.#texts = new Set(distinct.map(tupleText));
    this.#byNode = Map.groupBy(distinct, nodeText);
    this.#bySubject = Map.groupBy(distinct, ({ subject }) => subjectText(subject));
  }

  async read({ tuples, sets, members, maxRows }: LevelQuestions): Promise<LevelRows> {
    let room = maxRows;
    const subjectsOf = (node: TupleNode, isSet: boolean): readonly RelationSubject[] => {
      const all = (this.#byNode.get(nodeText(node)) ?? []).map(({ subject }) => subject);
      const asked = all.filter(({ relation }) => (relation !== undefined) === isSet);
      const taken = asked.slice(0, Math.max(0, room));
      room -= asked.length;
      return taken;
    };
    const found = {
      sets: sets.map((node) => subjectsOf(node, true)),
      members: members.map((node) => subjectsOf(node, false)),
    };
    const stated = tuples.map((tuple) => this.#texts.has(tupleText(tuple)));
    return { revision: 1, moved: false, tuples: stated, ...found, whole: room >= 0 };
  }

  async readBySubject({ subjects, maxRows }: SubjectLevel): Promise<SubjectRows> {
    let room = maxRows;
    const nodes = subjects.map((subject) => {
      const all = this.#bySubject.get(subjectText(subject)) ?? [];
      const taken = all.slice(0, Math.max(0, room));
      room -= all.length;
      return taken.map(({ object, relation }) => ({ object, relation }));
    });
    return { revision: 1, nodes, whole: room >= 0 };
  }
}
