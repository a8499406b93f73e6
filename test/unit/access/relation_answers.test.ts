import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Outage } from "../../../src/kernel/outage.ts";
import { bucketOf, nodeText } from "../../../src/policy/relations/node.ts";
import type { RelationTuple } from "../../../src/policy/relations/terms.ts";
import type { ToldRelations } from "../../../src/ports/issuer_reader.ts";
import { CHAIN, chained, QUESTION, SCHEMA, T0, World } from "../../support/relation_answers_world.ts";
import { naively, tuple } from "../../support/relation_graph.ts";

describe("answers about relations in an isolate", () => {
  it("are fetched once, for all who ask at the same time, and then known", async () => {
    const world = chained();
    expect(world.answers.known(tuple(QUESTION), world.call())).toBeUndefined();
    const answers = await Promise.all(Array.from({ length: 5 }, () => world.ask(QUESTION)));
    expect(answers).toEqual([true, true, true, true, true]);
    expect(world.answers.known(tuple(QUESTION), world.call())).toBe(true);
    expect(world.asked).toEqual([[QUESTION]]);
  });

  it("of several checks are one question, without those that somebody asks already", async () => {
    const world = chained();
    const others = ["document:2#viewer@user:alice", "document:3#viewer@user:alice"];
    const [first, second] = await Promise.all([
      world.ask(QUESTION),
      world.answers.resolve([QUESTION, ...others].map(tuple), world.call()),
    ]);
    expect([first, second]).toEqual([true, [true, false, false]]);
    expect(world.asked).toEqual([[QUESTION], others]);
  });

  it("of one call about several subjects are one question where they are asked in one turn, and other calls' are their own", async () => {
    const world = chained();
    const users = Array.from({ length: 120 }, (_, at) => `document:1#viewer@user:u${at}`);
    const call = world.call();
    const others = world.ask("document:9#viewer@user:bob");
    const answers = await Promise.all([...users, QUESTION].map((text) => world.answers.resolve([tuple(text)], call)));
    expect(answers.flat()).toEqual([...users.map(() => false), true]);
    expect(await others).toBe(false);
    expect(world.asked).toEqual([["document:9#viewer@user:bob"], users.slice(0, 100), [...users.slice(100), QUESTION]]);
    await Promise.all(["a", "b"].map((id) => world.ask(`document:${id}#viewer@user:alice`)));
    expect(world.asked).toHaveLength(5);
  });

  it("where a question of several subjects fails, each of them hears of it, and the next one is asked anew", async () => {
    const world = chained();
    world.onTheWay = () => Promise.reject(new Outage("relations"));
    const call = world.call();
    const texts = ["document:1#viewer@user:a", "document:1#viewer@user:b"];
    const told = await Promise.allSettled(texts.map((text) => world.answers.resolve([tuple(text)], call)));
    expect(told.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    world.onTheWay = (answered) => answered;
    expect(await world.answers.resolve(texts.map(tuple), call)).toEqual([false, false]);
    expect(world.asked).toEqual([texts, texts]);
  });

  it("a tuple three levels away that is taken away ends a yes, as soon as the feed has told of it", async () => {
    for (const text of CHAIN) {
      const world = chained();
      expect(await world.ask(QUESTION)).toBe(true);
      world.write("remove", tuple(text));
      world.tell();
      expect(world.answers.known(tuple(QUESTION), world.call()), text).toBeUndefined();
      expect(await world.ask(QUESTION), text).toBe(false);
    }
  });

  it("a tuple that is added ends a no", async () => {
    const world = chained();
    world.write("remove", tuple("group:g#member@user:alice"));
    world.tell();
    expect(await world.ask(QUESTION)).toBe(false);
    world.write("add", tuple("group:g#member@user:alice"));
    world.tell();
    expect(await world.ask(QUESTION)).toBe(true);
  });

  it("a change elsewhere ends nothing", async () => {
    const world = chained();
    let reads: readonly number[] = [];
    world.onTheWay = (told) => {
      reads = told.findings[0]?.reads ?? [];
      return told;
    };
    await world.ask(QUESTION);
    expect(reads.length).toBeGreaterThanOrEqual(CHAIN.length);
    const others = Array.from({ length: 200 }, (_, at) => tuple(`document:other${at}#owner@user:bob`));
    for (const other of others) if (!reads.includes(bucketOf(nodeText(other)))) world.write("add", other);
    world.tell();
    expect(world.view.size).toBeGreaterThan(150);
    expect(world.answers.known(tuple(QUESTION), world.call())).toBe(true);
    expect(world.asked).toHaveLength(1);
  });

  it("are never older than what the feed has told, whatever is written, told and asked in whatever order", async () => {
    const users = ["alice", "bob"];
    const nodes = [
      "document:1#parent@folder:a",
      "document:1#owner@user:U",
      "document:1#viewer@group:g#member",
      "folder:a#parent@folder:b",
      "folder:b#parent@folder:a",
      "folder:a#blocked@user:U",
      "folder:b#viewer@group:g#member",
      "group:g#member@group:h#member",
      "group:h#member@user:U",
      "group:h#member@group:g#member",
    ].flatMap((text) => (text.includes("U") ? users.map((user) => text.replace("U", user)) : [text]));
    const step = fc.oneof(
      fc.record({ do: fc.constant("add" as const), text: fc.constantFrom(...nodes) }),
      fc.record({ do: fc.constant("remove" as const), text: fc.constantFrom(...nodes) }),
      fc.record({ do: fc.constant("tell" as const) }),
      fc.record({ do: fc.constant("later" as const), ms: fc.constantFrom(1_000, 20_000, 45_000) }),
      fc.record({ do: fc.constant("ask" as const), user: fc.constantFrom(...users) }),
    );
    let warm = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 80 }), async (steps) => {
        const world = new World();
        // What was true since the feed told last.
        let truths: ((check: RelationTuple) => boolean)[] = [naively(SCHEMA, [])];
        for (const each of steps) {
          if (each.do === "add" || each.do === "remove") {
            world.write(each.do, tuple(each.text));
            truths.push(naively(SCHEMA, world.graph.tuples));
          } else if (each.do === "tell") {
            world.tell();
            truths = truths.slice(-1);
          } else if (each.do === "later") {
            world.nowMs += each.ms;
            world.view.prune(world.nowMs);
          } else {
            const check = tuple(`document:1#viewer@user:${each.user}`);
            const known = world.answers.known(check, world.call());
            warm += known === undefined ? 0 : 1;
            const answer = known ?? (await world.answers.resolve([check], world.call()))[0];
            expect(truths.map((truth) => truth(check))).toContain(answer);
            await Promise.all(world.deferred.splice(0));
          }
        }
      }),
      { numRuns: 150 },
    );
    expect(warm, "positive control: memory answered").toBeGreaterThan(300);
  });

  it("end after a minute, though nothing is said against them, and are renewed before where they are used", async () => {
    const world = chained();
    await world.ask(QUESTION);
    world.nowMs = T0 + 29_999;
    expect(world.answers.known(tuple(QUESTION), world.call())).toBe(true);
    expect(world.asked).toHaveLength(1);
    world.nowMs = T0 + 59_999;
    expect(world.answers.known(tuple(QUESTION), world.call())).toBe(true);
    await Promise.all(world.deferred.splice(0));
    expect(world.asked).toHaveLength(2);
    world.nowMs = T0 + 119_000;
    expect(world.answers.known(tuple(QUESTION), world.call())).toBe(true);
    const idle = chained();
    await idle.ask(QUESTION);
    idle.nowMs = T0 + 60_000;
    expect(idle.answers.known(tuple(QUESTION), idle.call())).toBeUndefined();
    idle.nowMs = T0 - 1;
    expect(idle.answers.known(tuple(QUESTION), idle.call()), "a clock that went back proves nothing").toBeUndefined();
  });

  it.each<[string, (told: ToldRelations) => ToldRelations]>([
    ["too few answers", (told) => ({ ...told, findings: [] })],
    ["too many answers", (told) => ({ ...told, findings: [...told.findings, ...told.findings] })],
  ])("with %s are an outage, and nothing is kept of them", async (_, lie) => {
    const world = chained();
    world.onTheWay = lie;
    await expect(world.ask(QUESTION)).rejects.toThrow(Outage);
    world.onTheWay = (told) => told;
    expect(await world.ask(QUESTION)).toBe(true);
  });

  it("an outage is theirs who asked, and no answer", async () => {
    const world = chained();
    world.onTheWay = () => Promise.reject(new Outage("d1"));
    await expect(world.ask(QUESTION)).rejects.toThrow(Outage);
    expect(world.answers.known(tuple(QUESTION), world.call())).toBeUndefined();
    world.onTheWay = (told) => told;
    expect(await world.ask(QUESTION)).toBe(true);
  });

  it("what no tuple and no schema can name is undecided, and asks nobody", async () => {
    const world = chained();
    const check = (id: string, relation = "viewer", type = "document") => ({
      object: { type, id },
      relation,
      subject: { type: "user", id: "alice" },
    });
    for (const odd of [
      check("1#viewer@user:alice"),
      check("a b"),
      check(""),
      check("x".repeat(257)),
      check("\u0430"),
      check("1", "reader"),
      check("1", "viewer", "documents"),
      check("1", "constructor"),
    ]) {
      expect(world.answers.known(odd, world.call()), odd.object.id).toBe("undecided");
      expect(await world.answers.resolve([odd], world.call())).toEqual(["undecided"]);
    }
    expect(world.asked).toEqual([]);
  });

  it("more than it fetches for one call are undecided", async () => {
    const world = chained();
    const many = (count: number) => Array.from({ length: count }, (_, at) => tuple(`document:${at}#viewer@user:alice`));
    const answers = await world.answers.resolve(many(500), world.call());
    expect([...answers].filter((answer) => answer === true)).toHaveLength(1);
    expect(world.asked.map((part) => part.length)).toEqual([100, 100, 100, 100, 100]);
    const fresh = chained();
    expect(new Set([await fresh.answers.resolve(many(501), fresh.call())].flat())).toEqual(new Set(["undecided"]));
    expect(fresh.asked).toEqual([]);
  });

  it("made-up questions push out nothing that was granted", async () => {
    const world = chained();
    await world.ask(QUESTION);
    for (let from = 0; from < 12_000; from += 500) {
      await world.answers.resolve(
        Array.from({ length: 500 }, (_, at) => tuple(`document:x${from + at}#owner@user:alice`)),
        world.call(),
      );
    }
    expect(world.answers.known(tuple(QUESTION), world.call())).toBe(true);
  });
});
