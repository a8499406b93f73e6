import type { ResourceRef } from "../decision_facts.ts";
import { bucketOf, nodeText, type TupleNode } from "./node.ts";
import { definitionOf, type RelationDefinition, type RelationSchema } from "./relation_schema.ts";
import { partsOf, type Rewrite } from "./rewrite.ts";
import { type RelationSubject, type RelationTuple, subjectText } from "./terms.ts";
import type { AskedTuples, LevelRows } from "./tuple_reader.ts";

/** Whether `subject` has the definition's relation to `object`: one unknown among those that a check is made of. */
export interface Unknown extends TupleNode {
  readonly subject: RelationSubject;
  readonly definition: RelationDefinition;
  readonly node: string;
  /** Whether the tuples that this one is made of were read, as far as its own object goes. */
  isRead: boolean;
  isStated: boolean;
  /** When it was found to hold, counted from 1; 0 while it was not. */
  heldAt: number;
  /** False once it is known that it does not hold, whatever is still unread. */
  isPossible: boolean;
  /** Where its rewrite's parts lead, kept once its tuples were read. */
  readonly ways: Map<Rewrite, readonly Way[]>;
}

type Leaf = Extract<Rewrite, { kind: "direct" | "same" | "through" }>;

/** From one unknown to another: the tuple that leads there, null where none is needed. */
export interface Way {
  readonly tuple: RelationTuple | null;
  readonly needs: Unknown;
}

/** More would let one question occupy the store. */
const MAX_UNKNOWNS = 1_000;

/**
 * The unknowns of some checks and what is known of them so far, between two levels. Each has the least truth that its relation's rewrite
 * gives it, so that cycles of tuples hold nobody up and let nobody in. With some tuples still unread there is a least and a most that can
 * be true: what both agree on is decided, and nothing behind it is read.
 */
export class CheckRun {
  readonly #schema: RelationSchema;
  readonly #unknowns = new Map<string, Unknown>();
  readonly #sets = new Map<string, readonly RelationSubject[]>();
  readonly #objects = new Map<string, readonly ResourceRef[]>();
  readonly #buckets = new Set<number>();
  #held = 0;
  isTooWide = false;

  constructor(schema: RelationSchema) {
    this.#schema = schema;
  }

  /** Buckets of everything that was read. */
  get buckets(): readonly number[] {
    return [...this.#buckets];
  }

  /** The unknown, made where it is new; null where the schema has no such relation, or there are too many. */
  unknown({ object, relation }: TupleNode, subject: RelationSubject): Unknown | null {
    const node = nodeText({ object, relation });
    const key = `${node}@${subjectText(subject)}`;
    const known = this.#unknowns.get(key);
    if (known !== undefined) return known;
    const definition = definitionOf(this.#schema, object.type, relation);
    if (definition === undefined) return null;
    if (this.#unknowns.size === MAX_UNKNOWNS) {
      this.isTooWide = true;
      return null;
    }
    // All members of a set are in it, whoever they are.
    const isItself = subject.relation === relation && subject.type === object.type && subject.id === object.id;
    const heldAt = isItself ? ++this.#held : 0;
    const made: Unknown = {
      object,
      relation,
      subject,
      definition,
      node,
      isRead: false,
      isStated: false,
      heldAt,
      isPossible: true,
      ways: new Map(),
    };
    this.#unknowns.set(key, made);
    return made;
  }

  /** What the undecided ones of `roots` still hang on: those to read now. */
  open(roots: readonly Unknown[]): readonly Unknown[] {
    const open: Unknown[] = [];
    const seen = new Set<Unknown>();
    const todo = [...roots];
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      if (seen.has(next) || isDecided(next)) continue;
      seen.add(next);
      if (!next.isRead) open.push(next);
      for (const { needs } of this.needs(next.definition.rewrite, next)) todo.push(needs);
    }
    return open;
  }

  /** The ways out of `unknown` that `rewrite` has, as far as tuples are known. */
  *needs(rewrite: Rewrite, unknown: Unknown): Generator<Way> {
    switch (rewrite.kind) {
      case "direct":
      case "same":
      case "through":
        yield* this.#ways(rewrite, unknown);
        return;
      case "or":
      case "and":
        for (const part of rewrite.of) yield* this.needs(part, unknown);
        return;
      case "but_not":
        yield* this.needs(rewrite.of, unknown);
        yield* this.needs(rewrite.except, unknown);
    }
  }

  #ways(rewrite: Leaf, unknown: Unknown): readonly Way[] {
    const known = unknown.ways.get(rewrite);
    if (known !== undefined) return known;
    const ways = this.#leafWays(rewrite, unknown);
    if (unknown.isRead || rewrite.kind === "same") unknown.ways.set(rewrite, ways);
    return ways;
  }

  #leafWays(rewrite: Leaf, { object, relation, subject, node }: Unknown): readonly Way[] {
    const to = (target: TupleNode, tuple: RelationTuple | null) => {
      const needs = this.unknown(target, subject);
      return needs === null ? [] : [{ tuple, needs }];
    };
    if (rewrite.kind === "same") return to({ object, relation: rewrite.relation }, null);
    if (rewrite.kind === "direct")
      return (this.#sets.get(node) ?? []).flatMap((set) =>
        to({ object: set, relation: set.relation ?? "" }, { object, relation, subject: set }),
      );
    const parents = this.#objects.get(nodeText({ object, relation: rewrite.parent })) ?? [];
    return parents.flatMap((parent) =>
      to({ object: parent, relation: rewrite.relation }, { object, relation: rewrite.parent, subject: parent }),
    );
  }

  /** What a level asks for about `open`. */
  questions(open: readonly Unknown[]): AskedTuples {
    const stated = open.filter(takesSubject);
    const sets = unread(open.filter(takesSets), this.#sets);
    const members = unread(open.flatMap(parentNodes), this.#objects);
    return {
      tuples: stated.map(({ object, relation, subject }) => ({ object, relation, subject })),
      sets,
      members,
    };
  }

  /** Takes in what the store said to `questions` about `open`, and concludes what follows. */
  learn(open: readonly Unknown[], questions: AskedTuples, rows: LevelRows): void {
    for (const [at, unknown] of open.filter(takesSubject).entries()) unknown.isStated = rows.tuples[at] === true;
    for (const [at, node] of questions.sets.entries())
      this.#sets.set(nodeText(node), this.#taken(node, rows.sets[at] ?? []));
    for (const [at, node] of questions.members.entries())
      this.#objects.set(nodeText(node), this.#taken(node, rows.members[at] ?? []));
    for (const unknown of open) {
      unknown.isRead = true;
      for (const node of readNodes(unknown)) this.#buckets.add(bucketOf(node));
    }
    if (!rows.whole) this.isTooWide = true;
    this.conclude();
  }

  /** Tuples that the schema takes no more are no tuples: they were written under another one. */
  #taken<S extends RelationSubject>({ object, relation }: TupleNode, subjects: readonly S[]): readonly S[] {
    const takes = definitionOf(this.#schema, object.type, relation)?.takes ?? [];
    return subjects.filter((subject) =>
      takes.some((term) => term.type === subject.type && term.relation === (subject.relation ?? null)),
    );
  }

  /** Brings least and most up to date, stratum by stratum: what a relation excludes by is settled before it. */
  conclude(): void {
    // Latest first: truth comes from the ends, which were found last.
    const all = [...this.#unknowns.values()].toReversed();
    for (let stratum = 0; stratum < this.#schema.strata; stratum++) {
      const undecided = all.filter((unknown) => unknown.definition.stratum === stratum && !isDecided(unknown));
      for (const unknown of undecided) unknown.isPossible = false;
      settle(undecided, (unknown) => {
        if (unknown.isPossible || !this.#mayHold(unknown.definition.rewrite, unknown)) return false;
        unknown.isPossible = true;
        return true;
      });
      settle(undecided, (unknown) => {
        if (unknown.heldAt > 0 || !this.holds(unknown.definition.rewrite, unknown, Number.POSITIVE_INFINITY))
          return false;
        unknown.heldAt = ++this.#held;
        return true;
      });
    }
  }

  /** Whether `rewrite` is known to hold, by what was found to before the `before`th thing was. */
  holds(rewrite: Rewrite, unknown: Unknown, before: number): boolean {
    switch (rewrite.kind) {
      case "direct":
        return unknown.isStated || this.#ways(rewrite, unknown).some(({ needs }) => heldBefore(needs, before));
      case "same":
      case "through":
        return this.#ways(rewrite, unknown).some(({ needs }) => heldBefore(needs, before));
      case "or":
        return rewrite.of.some((part) => this.holds(part, unknown, before));
      case "and":
        return rewrite.of.every((part) => this.holds(part, unknown, before));
      case "but_not":
        return this.holds(rewrite.of, unknown, before) && !this.#mayHold(rewrite.except, unknown);
    }
  }

  /** Whether `rewrite` may hold, if everything that is unread turns out as it would have to. */
  #mayHold(rewrite: Rewrite, unknown: Unknown): boolean {
    switch (rewrite.kind) {
      case "direct":
        return !unknown.isRead || unknown.isStated || this.#ways(rewrite, unknown).some(isPossible);
      case "through":
        return !unknown.isRead || this.#ways(rewrite, unknown).some(isPossible);
      case "same":
        return this.#ways(rewrite, unknown).some(isPossible);
      case "or":
        return rewrite.of.some((part) => this.#mayHold(part, unknown));
      case "and":
        return rewrite.of.every((part) => this.#mayHold(part, unknown));
      case "but_not":
        return this.#mayHold(rewrite.of, unknown) && !this.holds(rewrite.except, unknown, Number.POSITIVE_INFINITY);
    }
  }
}

function heldBefore({ heldAt }: Unknown, before: number): boolean {
  return heldAt > 0 && heldAt < before;
}

function isPossible({ needs }: Way): boolean {
  return needs.isPossible;
}

/** Whether it is known that `unknown` holds, or that it does not. */
export function isDecided({ heldAt, isPossible }: Unknown): boolean {
  return heldAt > 0 || !isPossible;
}

/** Texts of the nodes that are read for `unknown`. */
export function readNodes(unknown: Unknown): readonly string[] {
  const own = unknown.definition.takes.length > 0 ? [unknown.node] : [];
  return [...own, ...parentNodes(unknown).map(nodeText)];
}

/** Repeats `step` over `unknowns` until it changes nothing. */
function settle(unknowns: readonly Unknown[], step: (unknown: Unknown) => boolean): void {
  for (let changed = true; changed; ) {
    changed = false;
    for (const unknown of unknowns) if (step(unknown)) changed = true;
  }
}

/** Whether tuples may state `unknown` itself. */
function takesSubject({ definition, subject }: Unknown): boolean {
  return definition.takes.some((term) => term.type === subject.type && term.relation === (subject.relation ?? null));
}

function takesSets({ definition }: Unknown): boolean {
  return definition.takes.some(({ relation }) => relation !== null);
}

/** The relations of the same object that lead to others, with "of". */
function parentNodes({ object, definition }: Unknown): readonly TupleNode[] {
  const parents = new Set<string>();
  for (const part of partsOf(definition.rewrite)) if (part.kind === "through") parents.add(part.parent);
  return [...parents].map((relation) => ({ object, relation }));
}

/** Nodes that `known` has nothing of yet, each once. */
function unread(nodes: readonly TupleNode[], known: ReadonlyMap<string, unknown>): readonly TupleNode[] {
  return [...new Map(nodes.map((node) => [nodeText(node), node])).entries()]
    .filter(([text]) => !known.has(text))
    .map(([, node]) => node);
}
