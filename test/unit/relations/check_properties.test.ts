import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkRelations } from "../../../src/policy/relations/check.ts";
import { bucketOf, nodeText } from "../../../src/policy/relations/node.ts";
import type { RelationSchema } from "../../../src/policy/relations/relation_schema.ts";
import { type RelationTuple, tupleText } from "../../../src/policy/relations/terms.ts";
import { naively, randomTuple, schemaOf, TupleGraph } from "../../support/relation_graph.ts";

/** Groups in groups, folders in folders, and every operator of the language. */
const SCHEMA = schemaOf({
  group: { member: "[user, group#member]" },
  folder: {
    parent: "[folder]",
    blocked: "[user, group#member] or blocked of parent",
    editor: "[user, group#member] or editor of parent",
    viewer: "([user, group#member, folder#editor] or editor or viewer of parent) but not blocked",
  },
  document: {
    parent: "[folder]",
    trusted: "[group#member]",
    owner: "[user]",
    viewer: "[user, group#member] or owner or viewer of parent",
    approver: "viewer and trusted",
    reader: "(viewer or editor of parent) but not blocked of parent",
  },
});

const USERS = 12;
const numbers = (count: number) => Array.from({ length: count }, (_, at) => at);

function* everyCheck(schema: RelationSchema, counts: Readonly<Record<string, number>>): Generator<RelationTuple> {
  for (const relations of schema.types.values())
    for (const { type, relation } of relations.values())
      for (const id of numbers(counts[type] ?? 0))
        for (const user of numbers(USERS))
          yield { object: { type, id: String(id) }, relation, subject: { type: "user", id: String(user) } };
}

describe("checks of relations", () => {
  it("agree with the naive oracle on every question about small graphs full of cycles", async () => {
    const counts = { group: 4, folder: 4, document: 3 };
    await fc.assert(
      fc.asyncProperty(
        fc.array(randomTuple(SCHEMA, { user: USERS, ...counts }), { minLength: 5, maxLength: 60 }),
        async (tuples) => {
          const graph = new TupleGraph(tuples);
          const oracle = naively(SCHEMA, graph.tuples);
          const checks = [...everyCheck(SCHEMA, counts)];
          for (let at = 0; at < checks.length; at += 40) {
            const some = checks.slice(at, at + 40);
            const { findings } = await checkRelations(SCHEMA, some, graph);
            expect(findings.map(({ answer }) => answer)).toEqual(some.map(oracle));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("agree with the naive oracle on graphs of 1,000 objects", async () => {
    const counts = { group: 200, folder: 300, document: 500 };
    const graphs = fc.record({
      tuples: fc.array(randomTuple(SCHEMA, { user: USERS, ...counts }), {
        minLength: 1_000,
        maxLength: 2_500,
        size: "max",
      }),
      asked: fc.array(fc.tuple(fc.constantFrom("viewer", "approver", "reader"), fc.nat(499), fc.nat(USERS - 1)), {
        minLength: 100,
        maxLength: 100,
      }),
    });
    let granted = 0;
    await fc.assert(
      fc.asyncProperty(graphs, async ({ tuples, asked }) => {
        const graph = new TupleGraph(tuples);
        const oracle = naively(SCHEMA, graph.tuples);
        for (const [relation, document, user] of asked) {
          const check = {
            object: { type: "document", id: String(document) },
            relation,
            subject: { type: "user", id: String(user) },
          };
          const { findings } = await checkRelations(SCHEMA, [check], graph);
          // A graph this dense may be wider than the bounds: that is said, and never "no".
          if (findings[0]?.answer === "undecided") continue;
          expect(findings[0]?.answer, tupleText(check)).toBe(oracle(check));
          granted += findings[0]?.answer === true ? 1 : 0;
        }
      }),
      { numRuns: 8 },
    );
    expect(granted, "positive control").toBeGreaterThan(10);
  });

  it("name a path that grants by itself, and stands where it is named", async () => {
    const counts = { group: 4, folder: 4, document: 3 };
    await fc.assert(
      fc.asyncProperty(
        fc.array(randomTuple(SCHEMA, { user: USERS, ...counts }), { minLength: 20, maxLength: 60 }),
        async (tuples) => {
          const graph = new TupleGraph(tuples);
          const texts = new Set(graph.tuples.map(tupleText));
          for (const check of everyCheck(SCHEMA, { document: 3 })) {
            if (check.relation !== "viewer" && check.relation !== "approver") continue;
            const { findings } = await checkRelations(SCHEMA, [check], graph);
            const { answer, path } = findings[0] ?? { answer: false, path: [] };
            if (answer !== true) {
              expect(path).toEqual([]);
              continue;
            }
            for (const step of path) expect(texts).toContain(tupleText(step));
            expect(naively(SCHEMA, path)(check), path.map(tupleText).join(" ")).toBe(true);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it("change only where something changed in a bucket that they read", async () => {
    const counts = { group: 4, folder: 4, document: 3 };
    const changed = fc.record({
      tuples: fc.array(randomTuple(SCHEMA, { user: USERS, ...counts }), { minLength: 20, maxLength: 60 }),
      added: fc.array(randomTuple(SCHEMA, { user: USERS, ...counts }), { maxLength: 3 }),
      removed: fc.array(fc.nat(59), { maxLength: 3 }),
    });
    let outlived = 0;
    await fc.assert(
      fc.asyncProperty(changed, async ({ tuples, added, removed }) => {
        const graph = new TupleGraph(tuples);
        const checks = [...everyCheck(SCHEMA, { document: 2 })].filter(({ subject }) => Number(subject.id) < 6);
        const before = await Promise.all(checks.map((check) => checkRelations(SCHEMA, [check], graph)));
        const gone = removed.flatMap((at) => graph.tuples[at] ?? []);
        for (const each of gone) graph.remove(each);
        for (const each of added) graph.add(each);
        const touched = new Set([...gone, ...added].map((each) => bucketOf(nodeText(each))));
        const oracle = naively(SCHEMA, graph.tuples);
        for (const [at, check] of checks.entries()) {
          const finding = before[at]?.findings[0];
          if (finding === undefined || finding.reads === null || finding.reads.some((bucket) => touched.has(bucket)))
            continue;
          outlived += touched.size > 0 ? 1 : 0;
          expect(oracle(check), tupleText(check)).toBe(finding.answer);
        }
      }),
      { numRuns: 100 },
    );
    expect(outlived, "positive control").toBeGreaterThan(100);
  });
});
