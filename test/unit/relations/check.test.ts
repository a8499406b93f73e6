import { describe, expect, it } from "vitest";
import { Outage } from "../../../src/kernel/outage.ts";
import { checkRelations } from "../../../src/policy/relations/check.ts";
import type { RelationSchema } from "../../../src/policy/relations/relation_schema.ts";
import { type RelationTuple, tupleText } from "../../../src/policy/relations/terms.ts";
import { schemaOf, TupleGraph, tuple } from "../../support/relation_graph.ts";

const SCHEMA = schemaOf({
  group: { member: "[user, group#member]" },
  folder: { parent: "[folder]", viewer: "[user, group#member] or viewer of parent" },
  document: {
    parent: "[folder]",
    owner: "[user]",
    editor: "[user] or owner",
    viewer: "[user, group#member] or editor or viewer of parent",
  },
});
const GUARDED = schemaOf({
  group: { member: "[user, group#member]" },
  document: { banned: "[group#member]", viewer: "[user, group#member] but not banned" },
});
const numbers = (count: number) => Array.from({ length: count }, (_, at) => at);

async function asked(schema: RelationSchema, tuples: readonly string[], check: string) {
  const graph = new TupleGraph(tuples.map(tuple));
  const { findings } = await checkRelations(schema, [tuple(check)], graph);
  return { answer: findings[0]?.answer, path: findings[0]?.path.map(tupleText), levels: graph.levels.length };
}

const VIEWER = "document:1#viewer@user:alice";

describe("a check of a relation", () => {
  it.each<[string, string[], number]>([
    ["a tuple of its own", [VIEWER], 1],
    ["another relation to the same object", ["document:1#owner@user:alice"], 1],
    ["a folder", ["document:1#parent@folder:a", "folder:a#viewer@user:alice"], 2],
    ["a group", ["document:1#viewer@group:g#member", "group:g#member@user:alice"], 2],
    [
      "a group in a group that views the folder's folder",
      [
        "document:1#parent@folder:a",
        "folder:a#parent@folder:b",
        "folder:b#viewer@group:g#member",
        "group:g#member@group:h#member",
        "group:h#member@user:alice",
      ],
      5,
    ],
  ])("is granted by %s, with the path that grants it", async (_, path, levels) => {
    expect(await asked(SCHEMA, path, VIEWER)).toEqual({ answer: true, path, levels });
    for (const [at, step] of path.entries())
      expect((await asked(SCHEMA, path.toSpliced(at, 1), VIEWER)).answer, `without ${step}`).toBe(false);
  });

  it.each<[string, string[]]>([
    ["somebody else's", ["document:1#viewer@user:mallory"]],
    ["another object's", ["document:2#viewer@user:alice"]],
    ["an object of another type with the same id", ["folder:1#viewer@user:alice"]],
    ["a client of the same id", ["document:1#viewer@client:alice"]],
    ["the members of a user", ["document:1#viewer@user:alice#member"]],
    ["a group that is called so, not its members", ["document:1#viewer@group:g", "group:g#member@user:alice"]],
    ["an object of no folder's type", ["document:1#parent@document:2", "document:2#viewer@user:alice"]],
    [
      "a relation that the schema does not let into",
      ["document:1#viewer@folder:a#viewer", "folder:a#viewer@user:alice"],
    ],
  ])("is not granted by a tuple of %s, though it was stored once", async (_, tuples) => {
    expect(await asked(SCHEMA, tuples, VIEWER)).toMatchObject({ answer: false, path: [] });
  });

  it("members of a set are in it, whoever they are, and that needs no tuple", async () => {
    expect(await asked(SCHEMA, [], "group:g#member@group:g#member")).toMatchObject({ answer: true, path: [] });
    const nested = ["document:1#viewer@group:g#member", "group:g#member@group:h#member"];
    expect((await asked(SCHEMA, nested, "document:1#viewer@group:h#member")).answer).toBe(true);
    expect((await asked(SCHEMA, nested, "document:1#viewer@group:i#member")).answer).toBe(false);
  });

  it("whoever is excluded is out, by whatever way they came in", async () => {
    const tuples = [VIEWER, "document:1#banned@group:b#member", "group:b#member@group:c#member"];
    expect((await asked(GUARDED, tuples, VIEWER)).answer).toBe(true);
    expect((await asked(GUARDED, [...tuples, "group:c#member@user:alice"], VIEWER)).answer).toBe(false);
  });

  it("circles of groups and of folders let nobody in and hold nobody up", async () => {
    const circle = [
      "document:1#parent@folder:a",
      "folder:a#parent@folder:b",
      "folder:b#parent@folder:a",
      "folder:b#viewer@group:g#member",
      "group:g#member@group:h#member",
      "group:h#member@group:g#member",
      "group:g#member@group:g#member",
    ];
    expect(await asked(SCHEMA, circle, VIEWER)).toMatchObject({ answer: false, levels: 5 });
    expect((await asked(SCHEMA, [...circle, "group:h#member@user:alice"], VIEWER)).answer).toBe(true);
  });

  it("every group in every group is read once", async () => {
    const groups = numbers(30);
    const bomb = groups.flatMap((a) => groups.map((b) => `group:${a}#member@group:${b}#member`));
    const found = await asked(SCHEMA, ["document:1#viewer@group:0#member", ...bomb], VIEWER);
    expect(found).toMatchObject({ answer: false, levels: 3 });
  });

  it("a chain longer than 25 levels is undecided, and never no", async () => {
    const chain = (length: number) => [
      "document:1#viewer@group:0#member",
      ...numbers(length).map((at) => `group:${at}#member@group:${at + 1}#member`),
      `group:${length}#member@user:alice`,
    ];
    expect(await asked(SCHEMA, chain(23), VIEWER)).toMatchObject({ answer: true, levels: 25 });
    expect(await asked(SCHEMA, chain(24), VIEWER)).toMatchObject({ answer: "undecided", levels: 25 });
    const banned = chain(24).map((text) => text.replace("#viewer@", "#banned@"));
    expect((await asked(GUARDED, [VIEWER, ...banned], VIEWER)).answer, "who may be excluded is not let in").toBe(
      "undecided",
    );
  });

  it("what is wider than the bounds is undecided, but for what holds anyway", async () => {
    const wide = numbers(1_100).map((at) => `document:1#viewer@group:${at}#member`);
    expect((await asked(SCHEMA, wide, VIEWER)).answer).toBe("undecided");
    expect((await asked(SCHEMA, [...wide, VIEWER], VIEWER)).answer).toBe(true);
    const banned = wide.map((text) => text.replace("#viewer@", "#banned@"));
    expect((await asked(GUARDED, [...banned, VIEWER], VIEWER)).answer).toBe("undecided");
    const broad = numbers(40).flatMap((at) => [
      `document:1#viewer@group:${at}#member`,
      ...numbers(40).map((of) => `group:${at}#member@group:${at}.${of}#member`),
    ]);
    expect((await asked(SCHEMA, broad, VIEWER)).answer).toBe("undecided");
  });

  it("a group of any number of members costs what a small one does", async () => {
    const members = numbers(3_000).map((at) => `group:g#member@user:u${at}`);
    const found = await asked(SCHEMA, ["document:1#viewer@group:g#member", ...members], "document:1#viewer@user:u2999");
    expect(found).toMatchObject({ answer: true, levels: 2 });
  });

  it.each([
    "document:1#reader@user:alice",
    "documents:1#viewer@user:alice",
    "document:1#viewer@robot:alice",
    "document:1#viewer@group:g#owner",
    "document:1#viewer@user:alice#member",
  ])("%s is undecided: the schema has no such thing", async (check) => {
    expect(await asked(SCHEMA, [], check)).toMatchObject({ answer: "undecided" });
  });

  it("many are answered together, with one round trip for each level of all of them", async () => {
    const graph = new TupleGraph(
      numbers(50).flatMap((at) => [
        tuple(`document:${at}#parent@folder:${at}`),
        tuple(`folder:${at}#viewer@user:u${at}`),
      ]),
    );
    const checks = numbers(100).map((at) => tuple(`document:${at % 50}#viewer@user:u${at}`));
    const { findings } = await checkRelations(SCHEMA, checks, graph);
    expect(findings.map(({ answer }) => answer)).toEqual(numbers(100).map((at) => at < 50));
    expect(graph.levels).toHaveLength(2);
    await expect(checkRelations(SCHEMA, [...checks, ...checks], graph)).rejects.toThrow(RangeError);
  });

  /** Documents that each have `width` groups, of which the last one has alice in it; and one document that anybody would find too wide. */
  const widely = (documents: number, width: number) => {
    const wide = numbers(documents).flatMap((at) => [
      ...numbers(width).map((of) => `document:${at}#viewer@group:${at}.${of}#member`),
      `group:${at}.${width - 1}#member@user:alice`,
    ]);
    return new TupleGraph(
      [...wide, ...numbers(1_100).map((at) => `document:all#viewer@group:${at}#member`)].map(tuple),
    );
  };
  const viewers = (names: readonly (number | string)[], user: string) =>
    names.map((name) => tuple(`document:${name}#viewer@user:${user}`));
  const answersOf = async (checks: readonly RelationTuple[], graph: TupleGraph) =>
    (await checkRelations(SCHEMA, checks, graph)).findings.map(({ answer }) => answer);

  it("a batch is answered as its questions would be, however wide they are together", async () => {
    const graph = widely(40, 60);
    const checks = [...viewers(numbers(40), "alice"), ...viewers(numbers(40), "bob"), ...viewers(["all"], "alice")];
    const alone = await Promise.all(checks.map(async (check) => (await answersOf([check], graph))[0]));
    expect(alone).toEqual([...numbers(40).map(() => true), ...numbers(40).map(() => false), "undecided"]);
    graph.levels.length = 0;
    expect(await answersOf(checks, graph)).toEqual(alone);
    expect(graph.levels.length, "levels, and not questions, are round trips").toBeLessThan(6);
    expect(await answersOf(checks.toReversed(), graph)).toEqual(alone.toReversed());
  });

  it("all of a batch together have ten times the bounds of one question: beyond that is undecided, and nothing is read for it", async () => {
    const graph = widely(100, 300);
    expect(await answersOf(viewers(numbers(100), "bob"), graph)).toEqual(numbers(100).map(() => "undecided"));
    const asked = graph.levels.map(({ tuples, sets, members }) => tuples.length + sets.length + members.length);
    expect(Math.max(...asked)).toBeLessThanOrEqual(10_000);
    expect(Math.max(...graph.levels.map(({ maxRows }) => maxRows))).toBe(10_000);
  });

  it("what changes between both readings of a batch is read again, all of it", async () => {
    const graph = widely(40, 60);
    const checks = viewers(numbers(40), "alice");
    let moves = 0;
    graph.moved = ({ before, maxRows }) => before !== null && maxRows > 1_000 && moves++ === 0;
    expect(await answersOf(checks, graph)).toEqual(numbers(40).map(() => true));
    const whole = graph.levels.filter(({ before }) => before === null);
    expect(whole, "it was begun anew").toHaveLength(2);
    const again = graph.levels.find(({ maxRows }) => maxRows > 1_000);
    expect(again?.before?.buckets.length, "what was read as one counts as well").toBeGreaterThan(0);
  });

  it("what changes again and again while it is read is an outage", async () => {
    const graph = new TupleGraph(["document:1#parent@folder:a"].map(tuple));
    graph.moved = () => true;
    await expect(checkRelations(SCHEMA, [tuple(VIEWER)], graph)).rejects.toThrow(Outage);
    expect(graph.levels).toHaveLength(6);
    let moves = 0;
    graph.moved = () => moves++ < 2;
    const { findings } = await checkRelations(SCHEMA, [tuple(VIEWER)], graph);
    expect(findings[0]?.answer).toBe(false);
  });
});
