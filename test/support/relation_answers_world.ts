import { RelationAnswers } from "../../src/access/relation_answers.ts";
import { tellRelations } from "../../src/issuing/relation_desk.ts";
import { bucketOf, nodeText } from "../../src/policy/relations/node.ts";
import { type RelationTuple, tupleText } from "../../src/policy/relations/terms.ts";
import type { ToldRelations } from "../../src/ports/issuer_reader.ts";
import type { RelationCall } from "../../src/ports/relation_facts.ts";
import { FeedView } from "../../src/protocol/edge_feed.ts";
import { RELATION_ENTRY_MS } from "../../src/protocol/relation_entries.ts";
import { schemaOf, TupleGraph, tuple } from "./relation_graph.ts";

export const SCHEMA = schemaOf({
  group: { member: "[user, group#member]" },
  folder: {
    parent: "[folder]",
    blocked: "[user]",
    viewer: "([user, group#member] or viewer of parent) but not blocked",
  },
  document: { parent: "[folder]", owner: "[user]", viewer: "[user, group#member] or owner or viewer of parent" },
});
export const T0 = 1_800_000_000_000;

/** A gate's answers beside a store that changes, and a feed that tells of it when it is told to. */
export class World {
  readonly graph = new TupleGraph();
  readonly view = new FeedView();
  readonly asked: string[][] = [];
  nowMs = T0;
  /** What the store said last, before it was changed on the way. */
  onTheWay: (told: ToldRelations) => ToldRelations | Promise<ToldRelations> = (told) => told;
  readonly deferred: Promise<unknown>[] = [];
  #untold: [id: string, revision: number][] = [];
  #seq = 0;

  readonly answers = new RelationAnswers(SCHEMA, async (checks) => {
    this.asked.push(checks.map(tupleText));
    return this.onTheWay(await tellRelations({ schema: SCHEMA.text, checks }, this.graph));
  });

  call(atLeast = 0): RelationCall {
    return { nowMs: this.nowMs, view: this.view, defer: (work) => void this.deferred.push(work), atLeast };
  }

  async ask(text: string, atLeast = 0) {
    const answers = await this.answers.resolve([tuple(text)], this.call(atLeast));
    return answers === "unreached" ? answers : answers[0];
  }

  write(change: "add" | "remove", each: RelationTuple): void {
    this.graph[change](each);
    this.graph.revision += 1;
    this.#untold.push([String(bucketOf(nodeText(each))), this.graph.revision], ["*", this.graph.revision]);
  }

  /** The feed tells of all changes so far. */
  tell(): void {
    const entries = this.#untold.map(([id, epoch]) => ({
      kind: "relation" as const,
      id,
      epoch,
      untilMs: this.nowMs + RELATION_ENTRY_MS,
    }));
    this.#untold = [];
    this.#seq += entries.length;
    this.view.apply({ position: { generation: "g", seq: this.#seq }, entries, more: false });
  }
}

/** The first `count` readings of `world`, each held up once the store has answered, until it may go on. */
export function heldUp(world: World, count: number) {
  const readings = Array.from({ length: count }, () => {
    const [read, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    return { read: read.promise, goOn: gate.resolve, reached: read.resolve, gate: gate.promise };
  });
  const waiting = [...readings];
  world.onTheWay = async (told) => {
    const reading = waiting.shift();
    reading?.reached();
    await reading?.gate;
    return told;
  };
  return readings;
}

export const CHAIN = ["document:1#parent@folder:a", "folder:a#viewer@group:g#member", "group:g#member@user:alice"];
export const QUESTION = "document:1#viewer@user:alice";

export function chained(): World {
  const world = new World();
  for (const text of CHAIN) world.write("add", tuple(text));
  world.tell();
  return world;
}
