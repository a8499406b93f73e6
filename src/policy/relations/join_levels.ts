import { nodeText, type TupleNode } from "./node.ts";
import { type RelationTuple, tupleText } from "./terms.ts";
import type { AskedTuples, LevelRows } from "./tuple_reader.ts";

/** Several levels as one. */
export interface JoinedLevels {
  /** What all of them ask for, each once. */
  readonly questions: AskedTuples;
  /** How much that is. */
  readonly size: number;
  /** What one of them is told by the rows of all. It is whole where all are, and where its own rows are few enough. */
  rowsOf(level: AskedTuples, rows: LevelRows): LevelRows;
}

/** Joins `levels`, so that they are read in one round trip. None of them is to have more than `maxRows` rows. */
export function joinLevels(levels: readonly AskedTuples[], maxRows: number): JoinedLevels {
  const tuples = new Places(levels, (level) => level.tuples, tupleText);
  const sets = new Places(levels, (level) => level.sets, nodeText);
  const members = new Places(levels, (level) => level.members, nodeText);
  return {
    questions: { tuples: tuples.all, sets: sets.all, members: members.all },
    size: tuples.all.length + sets.all.length + members.all.length,
    rowsOf: (level, rows) => {
      const own = {
        tuples: level.tuples.map((tuple) => tuples.at(tuple, rows.tuples) ?? false),
        sets: level.sets.map((node) => sets.at(node, rows.sets) ?? []),
        members: level.members.map((node) => members.at(node, rows.members) ?? []),
      };
      const count = [...own.sets, ...own.members].reduce((sum, { length }) => sum + length, 0);
      return { ...rows, ...own, whole: rows.whole && count <= maxRows };
    },
  };
}

/** Questions of one kind, each with its place among those of all levels. */
class Places<T extends RelationTuple | TupleNode> {
  readonly all: T[] = [];
  readonly #places = new Map<string, number>();
  readonly #textOf: (question: T) => string;

  constructor(
    levels: readonly AskedTuples[],
    pick: (level: AskedTuples) => readonly T[],
    textOf: (question: T) => string,
  ) {
    this.#textOf = textOf;
    for (const question of levels.flatMap(pick)) {
      const text = textOf(question);
      if (!this.#places.has(text)) this.#places.set(text, this.all.push(question) - 1);
    }
  }

  /** What `told` says in the place of `question`. */
  at<R>(question: T, told: readonly R[]): R | undefined {
    return told[this.#places.get(this.#textOf(question)) ?? -1];
  }
}
