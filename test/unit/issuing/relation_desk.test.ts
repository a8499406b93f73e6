import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_RELATED, tellRelated, tellRelations } from "../../../src/issuing/relation_desk.ts";
import { Outage } from "../../../src/kernel/outage.ts";
import type { AskedRelated } from "../../../src/ports/issuer_reader.ts";
import type { RoleCandidates } from "../../../src/ports/role_candidates.ts";
import { schemaOf, TupleGraph, tuple } from "../../support/relation_graph.ts";

const SCHEMA = schemaOf({ document: { viewer: "[user]" } });
const CHECK = tuple("document:1#viewer@user:a");

describe("what gates are told of relations", () => {
  it("is by the schema that they send, and without the path", async () => {
    const told = await tellRelations({ schema: SCHEMA.text, checks: [CHECK] }, new TupleGraph([CHECK]));
    expect(told).toMatchObject({ revision: 1, findings: [{ answer: true }] });
    expect(Object.keys(told.findings[0] ?? {})).toEqual(["answer", "reads"]);
    const other = schemaOf({ document: { viewer: "[client]" } });
    const none = await tellRelations({ schema: other.text, checks: [CHECK] }, new TupleGraph([CHECK]));
    expect(none.findings[0]?.answer).toBe(false);
  });

  it.each<[string, unknown, unknown]>([
    ["no JSON", "{", []],
    ["a list", "[]", []],
    ["a schema of numbers", '{"a":{"b":1}}', []],
    ["a schema that does not compile", '{"a":{"b":"c"}}', []],
    ["too long a schema", `${SCHEMA.text}${" ".repeat(300_000)}`, []],
    ["too many checks", SCHEMA.text, Array.from({ length: 101 }, () => CHECK)],
    ["no checks", SCHEMA.text, null],
  ])("is nothing for %s", async (_, schema, checks) => {
    await expect(tellRelations({ schema, checks } as never, new TupleGraph())).rejects.toThrow();
  });
});

describe("what gates are told for their searches", () => {
  const ids = fc.uniqueArray(
    fc.integer({ min: 100, max: 160 }).map((n) => `usr_${n}`),
    { maxLength: 40 },
  );
  const asked = (changes: Partial<AskedRelated> = {}): AskedRelated => ({
    schema: SCHEMA.text,
    sought: "principals",
    type: "user",
    to: { type: "document", id: "1" },
    after: null,
    limit: 10,
    ...changes,
  });
  const rolesOf = (all: readonly string[]): RoleCandidates => ({
    holders: async (_kind, _permission, after, limit) =>
      [...all]
        .sort()
        .filter((id) => after === null || id > after)
        .slice(0, limit),
  });
  const NOBODY: RoleCandidates = { holders: () => Promise.reject(new Error("asked")) };

  it("whom tuples and roles lead to, each once and in order, whatever the pages", async () => {
    await fc.assert(
      fc.asyncProperty(ids, ids, fc.integer({ min: 1, max: 15 }), async (byTuples, byRoles, limit) => {
        const graph = new TupleGraph(byTuples.map((id) => tuple(`document:1#viewer@user:${id}`)));
        const found: string[] = [];
        for (;;) {
          const after = found.at(-1) ?? null;
          const part = asked({ after, limit, holders: { permission: null } });
          const told = await tellRelated(part, graph, rolesOf(byRoles));
          expect(told.ids.length).toBeLessThanOrEqual(limit);
          found.push(...told.ids);
          if (told.isLast) break;
        }
        expect(found).toEqual([...new Set([...byTuples, ...byRoles])].sort());
      }),
      { numRuns: 60 },
    );
  });

  it("by tuples alone, or by roles alone, where the other has no part in it", async () => {
    const graph = new TupleGraph([CHECK]);
    expect((await tellRelated(asked(), graph, NOBODY)).ids).toEqual(["a"]);
    const unread = new TupleGraph([CHECK]);
    const byRoles = asked({ schema: null, holders: { permission: null } });
    expect((await tellRelated(byRoles, unread, rolesOf(["usr_1"]))).ids).toEqual(["usr_1"]);
    expect(unread.levels).toEqual([]);
    expect((await tellRelated(asked({ schema: null }), graph, NOBODY)).ids).toEqual([]);
  });

  it.each<[string, Partial<AskedRelated>]>([
    ["objects that have roles", { sought: "objects", type: "document", holders: { permission: null } }],
    ["a type that has none", { type: "group", holders: { permission: null } }],
    ["a permission for everything", { holders: { permission: "document:*" } }],
    ["no number of them", { limit: Number.NaN }],
    ["more than there are at once", { limit: MAX_RELATED + 1 }],
  ])("is nothing for %s", async (_, changes) => {
    await expect(tellRelated(asked(changes), new TupleGraph(), rolesOf([]))).rejects.toThrow(TypeError);
  });

  it("roles that cannot be read are an outage, and never nobody", async () => {
    const down: RoleCandidates = { holders: () => Promise.reject(new Outage("d1")) };
    const part = asked({ holders: { permission: null } });
    await expect(tellRelated(part, new TupleGraph([CHECK]), down)).rejects.toThrow(Outage);
  });
});
