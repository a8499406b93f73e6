import { describe, expect, it } from "vitest";
import { Outage } from "../../../src/kernel/outage.ts";
import { CHAIN, chained, heldUp, QUESTION, T0, World } from "../../support/relation_answers_world.ts";
import { tuple } from "../../support/relation_graph.ts";

describe("answers about relations, of a moment that has to be late enough", () => {
  it("a consistency token demands an answer of that revision, which nobody else's question stands for", async () => {
    const world = chained();
    expect(await world.ask(QUESTION)).toBe(true);
    world.write("remove", tuple(CHAIN[1] ?? ""));
    expect(await world.ask(QUESTION), "nothing was told yet").toBe(true);
    expect(await world.ask(QUESTION, world.graph.revision)).toBe(false);
  });

  it("a token of a change that was never made is refused after one reading, and one from far ahead not even then", async () => {
    const world = chained();
    await world.ask(QUESTION);
    const { revision } = world.graph;
    const demand = (atLeast: number) => world.answers.resolve([tuple(QUESTION)], world.call(atLeast));
    expect(await demand(revision + 1)).toBe("unreached");
    expect(world.asked, "one reading").toHaveLength(2);
    for (let ahead = 1_001; ahead < 1_100; ahead++) expect(await demand(revision + ahead)).toBe("unreached");
    expect(await demand(Number.MAX_SAFE_INTEGER)).toBe("unreached");
    expect(world.asked, "nobody asks again").toHaveLength(2);
    expect(world.answers.known(tuple(QUESTION), world.call()), "what others know stays").toBe(true);
    world.nowMs += 1_000;
    expect(await demand(Number.MAX_SAFE_INTEGER)).toBe("unreached");
    expect(world.asked, "once a second").toHaveLength(3);
    world.nowMs -= 10_000;
    expect(await demand(Number.MAX_SAFE_INTEGER), "a clock that went back").toBe("unreached");
    expect(world.asked).toHaveLength(4);
    world.write("remove", tuple(CHAIN[0] ?? ""));
    expect(await demand(revision + 1), "a change that was made since").toEqual([false]);
  });

  it("a token that a reading of others is too old for is read for, once", async () => {
    const world = chained();
    const [reading] = heldUp(world, 1);
    const first = world.ask(QUESTION);
    await reading?.read;
    world.write("remove", tuple(CHAIN[1] ?? ""));
    const second = world.ask(QUESTION, world.graph.revision);
    const madeUp = world.ask(QUESTION, world.graph.revision + 1);
    reading?.goOn();
    expect([await first, await second, await madeUp]).toEqual([true, false, "unreached"]);
    expect(world.asked).toHaveLength(3);
  });

  it("of a store that went back in time no token is refused for good: an outage", async () => {
    const world = chained();
    const { revision } = world.graph;
    world.onTheWay = (told) => ({ ...told, revision: 1 });
    await expect(world.ask(QUESTION, revision)).rejects.toThrow(Outage);
  });

  it("that changed on the way are asked for again; a store that went back in time is an outage", async () => {
    const world = chained();
    let raced = 0;
    world.onTheWay = (told) => {
      raced += 1;
      if (raced === 1) {
        world.write("remove", tuple(CHAIN[0] ?? ""));
        world.tell();
      }
      return told;
    };
    expect(await world.ask(QUESTION)).toBe(false);
    const restored = chained();
    restored.onTheWay = (told) => ({ ...told, revision: 1 });
    await expect(restored.ask(QUESTION)).rejects.toThrow(Outage);
  });

  it.each([
    ["before", 0],
    ["after", 1_000],
  ])("of an earlier moment that come last replace no later ones, where their call came %s", async (_, laterMs) => {
    const world = chained();
    const link = tuple(CHAIN[2] ?? "");
    const [first, second] = heldUp(world, 2);
    world.nowMs = T0 + laterMs;
    // A reading of others is too old for the call, whose own one is held up on its way.
    const others = world.ask(QUESTION);
    await first?.read;
    world.write("remove", link);
    const early = world.ask(QUESTION, world.graph.revision);
    first?.goOn();
    await second?.read;
    expect(await others).toBe(true);
    world.write("add", link);
    world.nowMs = T0;
    const latest = world.graph.revision;
    expect(await world.ask(QUESTION, latest)).toBe(true);
    second?.goOn();
    expect(await early, "what its own call was told").toBe(false);
    world.nowMs = T0 + 1_000;
    expect(world.answers.known(tuple(QUESTION), world.call())).toBe(true);
    expect(world.answers.known(tuple(QUESTION), world.call(latest))).toBe(true);
    expect(world.asked).toHaveLength(3);
  });

  it("of a store that went back in time are kept again, once what was known before is of no more use", async () => {
    const world = new World();
    for (const text of CHAIN) world.write("add", tuple(text));
    expect(await world.ask(QUESTION)).toBe(true);
    world.graph.remove(tuple(CHAIN[2] ?? ""));
    world.graph.revision = 1;
    world.nowMs = T0 + 30_000;
    expect(world.answers.known(tuple(QUESTION), world.call())).toBe(true);
    await Promise.all(world.deferred.splice(0));
    expect(world.answers.known(tuple(QUESTION), world.call()), "the later revision").toBe(true);
    world.nowMs = T0 + 60_000;
    expect(await world.ask(QUESTION)).toBe(false);
    expect(world.answers.known(tuple(QUESTION), world.call())).toBe(false);
  });
});
