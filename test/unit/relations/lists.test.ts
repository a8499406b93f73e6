import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expandRelation } from "../../../src/policy/relations/expand.ts";
import { listObjects } from "../../../src/policy/relations/list_objects.ts";
import { listSubjects } from "../../../src/policy/relations/list_subjects.ts";
import { refText, subjectText } from "../../../src/policy/relations/terms.ts";
import { naively, randomTuple, schemaOf, TupleGraph, tuple } from "../../support/relation_graph.ts";

const MONOTONE = schemaOf({
  group: { member: "[user, group#member]" },
  folder: {
    parent: "[folder]",
    editor: "[user, group#member] or editor of parent",
    viewer: "[user, group#member, folder#editor] or editor or viewer of parent",
  },
  document: {
    parent: "[folder]",
    owner: "[user]",
    viewer: "[user, group#member] or owner or viewer of parent",
  },
});
const WHOLE_LANGUAGE = schemaOf({
  group: { member: "[user, group#member]" },
  folder: {
    parent: "[folder]",
    blocked: "[user, group#member] or blocked of parent",
    viewer: "([user, group#member] or viewer of parent) but not blocked",
  },
  document: {
    parent: "[folder]",
    trusted: "[group#member]",
    viewer: "[user, group#member] or viewer of parent",
    approver: "viewer and trusted",
  },
});
const COUNTS = { user: 5, group: 3, folder: 3, document: 3 };
const ids = (count: number) => Array.from({ length: count }, (_, at) => String(at));

describe("lists of relations", () => {
  it.each([
    ["what only adds", MONOTONE],
    ["the whole language", WHOLE_LANGUAGE],
  ])("hold exactly what the naive oracle says, with %s", async (_, schema) => {
    let listed = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(randomTuple(schema, COUNTS), { minLength: 5, maxLength: 40 }), async (tuples) => {
        const graph = new TupleGraph(tuples);
        const oracle = naively(schema, graph.tuples);
        for (const relations of schema.types.values())
          for (const { type, relation, takes } of relations.values()) {
            // What leads to other objects is nobody's.
            if (takes.some((term) => term.type !== "user" && term.relation === null)) continue;
            const objects = ids(COUNTS[type as keyof typeof COUNTS]).map((id) => ({ type, id }));
            const users = ids(COUNTS.user).map((id) => ({ type: "user", id }));
            for (const subject of users) {
              const { items, whole } = await listObjects(schema, { type, relation, subject }, graph);
              const expected = objects.filter((object) => oracle({ object, relation, subject }));
              expect(items.map(refText), `${relation} ${subject.id}`).toEqual(expected.map(refText));
              expect(whole).toBe(true);
              listed += items.length;
            }
            for (const object of objects) {
              const question = { object, relation, type: "user", subjectRelation: null };
              const { items, whole } = await listSubjects(schema, question, graph);
              const expected = users.filter((subject) => oracle({ object, relation, subject }));
              expect(items.map(subjectText)).toEqual(expected.map(subjectText));
              expect(whole).toBe(true);
            }
          }
      }),
      { numRuns: 40 },
    );
    expect(listed, "positive control").toBeGreaterThan(100);
  });

  it("name sets where sets are asked for", async () => {
    const graph = new TupleGraph(
      ["document:1#parent@folder:a", "folder:a#viewer@group:g#member", "group:g#member@group:h#member"].map(tuple),
    );
    const question = {
      object: { type: "document", id: "1" },
      relation: "viewer",
      type: "group",
      subjectRelation: "member",
    };
    const { items } = await listSubjects(MONOTONE, question, graph);
    expect(items.map(subjectText)).toEqual(["group:g#member", "group:h#member"]);
    const members = { type: "group", id: "h", relation: "member" };
    const { items: objects } = await listObjects(
      MONOTONE,
      { type: "document", relation: "viewer", subject: members },
      graph,
    );
    expect(objects.map(refText)).toEqual(["document:1"]);
  });

  it("say that they are not whole where bounds cut them off", async () => {
    const graph = new TupleGraph(
      ids(2_100).flatMap((id) => [
        tuple(`document:${id}#viewer@user:alice`),
        tuple(`document:wide#viewer@user:u${id}`),
      ]),
    );
    const subject = { type: "user", id: "alice" };
    const objects = await listObjects(MONOTONE, { type: "document", relation: "viewer", subject }, graph);
    expect(objects.whole).toBe(false);
    expect(objects.items.length).toBeGreaterThan(1_000);
    const wide = { object: { type: "document", id: "wide" }, relation: "viewer", type: "user", subjectRelation: null };
    expect((await listSubjects(MONOTONE, wide, graph)).whole).toBe(false);
    const expanded = await expandRelation(MONOTONE, wide, graph);
    expect(expanded.whole).toBe(false);
  });

  it("a chain longer than the bound of levels is cut off, and says so", async () => {
    const chain = ids(40).map((id) => tuple(`group:${id}#member@group:${Number(id) + 1}#member`));
    const graph = new TupleGraph([...chain, tuple("group:40#member@user:alice")]);
    const question = { type: "group", relation: "member", subject: { type: "user", id: "alice" } };
    const { items, whole } = await listObjects(MONOTONE, question, graph);
    expect([items.length, whole]).toEqual([25, false]);
  });
});

describe("an expansion", () => {
  it("is the relation's rewrite with its subjects, sets as leaves, in one round trip", async () => {
    const graph = new TupleGraph(
      [
        "document:1#parent@folder:a",
        "document:1#parent@folder:b",
        "document:1#owner@user:olga",
        "document:1#viewer@group:g#member",
        "document:1#viewer@user:vera",
      ].map(tuple),
    );
    const { tree, whole } = await expandRelation(
      MONOTONE,
      { object: { type: "document", id: "1" }, relation: "viewer" },
      graph,
    );
    expect(tree).toEqual({
      kind: "or",
      of: [
        {
          kind: "direct",
          subjects: [
            { type: "user", id: "vera" },
            { type: "group", id: "g", relation: "member" },
          ],
        },
        { kind: "same", relation: "owner", of: { kind: "direct", subjects: [{ type: "user", id: "olga" }] } },
        {
          kind: "through",
          parent: "parent",
          sets: [
            { type: "folder", id: "a", relation: "viewer" },
            { type: "folder", id: "b", relation: "viewer" },
          ],
        },
      ],
    });
    expect(whole).toBe(true);
    expect(graph.levels).toHaveLength(1);
  });
});
