import type { RelationCheck } from "../../policy/decision_facts.ts";
import { canBeAsked, checkRelations, MAX_CHECKS, type RelationFinding } from "../../policy/relations/check.ts";
import { nodeText } from "../../policy/relations/node.ts";
import type { RelationSchema } from "../../policy/relations/relation_schema.ts";
import { isRelationId, subjectText, tupleText } from "../../policy/relations/terms.ts";
import type { LevelQuestions, LevelRows, TupleReader } from "../../policy/relations/tuple_reader.ts";
import type { ExplainedRelation } from "../../ports/explaining.ts";
import type { RelationAnswer, RelationFacts } from "../../ports/relation_facts.ts";

/** More of what was looked at would not be read. */
const MOST_LOOKED = 100;

/** Answers about relations for one explanation, read straight from tuples, with the way to each. */
export class RecordedRelations implements RelationFacts {
  readonly #schema: RelationSchema;
  readonly #tuples: TupleReader;
  readonly #found = new Map<string, { readonly finding: RelationFinding; readonly looked: readonly string[] }>();

  constructor(schema: RelationSchema, tuples: TupleReader) {
    this.#schema = schema;
    this.#tuples = tuples;
  }

  known(check: RelationCheck): RelationAnswer | undefined {
    if (!isRelationId(check.object.id) || !canBeAsked(this.#schema, check)) return "undecided";
    return this.#found.get(tupleText(check))?.finding.answer;
  }

  async resolve(checks: readonly RelationCheck[]): Promise<readonly RelationAnswer[]> {
    const wanted = checks.filter((check) => this.known(check) === undefined);
    for (let at = 0; at < wanted.length; at += MAX_CHECKS) {
      const some = wanted.slice(at, at + MAX_CHECKS);
      const watched = new WatchedTuples(this.#tuples);
      const { findings } = await checkRelations(this.#schema, some, watched);
      for (const [index, check] of some.entries()) {
        const finding = findings[index];
        if (finding !== undefined) this.#found.set(tupleText(check), { finding, looked: watched.looked });
      }
    }
    return checks.map((check) => this.known(check) ?? "undecided");
  }

  /** What was asked so far, in its order. */
  get explained(): readonly ExplainedRelation[] {
    return [...this.#found].map(([check, { finding, looked }]) => ({
      check,
      answer: finding.answer,
      path: finding.path.map(tupleText),
      looked: finding.answer === true ? [] : looked,
    }));
  }
}

/** Writes down what is read, a line for each node. */
class WatchedTuples implements TupleReader {
  readonly #tuples: TupleReader;
  readonly #looked = new Map<string, string>();

  constructor(tuples: TupleReader) {
    this.#tuples = tuples;
  }

  get looked(): readonly string[] {
    return [...this.#looked.values()];
  }

  readonly readBySubject: TupleReader["readBySubject"] = (level) => this.#tuples.readBySubject(level);

  async read(level: LevelQuestions): Promise<LevelRows> {
    const rows = await this.#tuples.read(level);
    for (const [at, tuple] of level.tuples.entries()) {
      this.#note(tupleText(tuple), `${tupleText(tuple)}: ${rows.tuples[at] === true ? "stated" : "not stated"}`);
    }
    for (const [at, node] of level.sets.entries()) this.#noteNode(nodeText(node), rows.sets[at] ?? []);
    for (const [at, node] of level.members.entries()) this.#noteNode(nodeText(node), rows.members[at] ?? []);
    return rows;
  }

  #noteNode(node: string, subjects: readonly Parameters<typeof subjectText>[0][]): void {
    if (subjects.length === 0) return;
    this.#note(`${node}@`, `${node}: ${subjects.slice(0, 10).map(subjectText).join(", ")}`);
  }

  #note(key: string, line: string): void {
    if (this.#looked.size < MOST_LOOKED) this.#looked.set(key, line);
  }
}
