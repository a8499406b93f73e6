import { describe, expect, it } from "vitest";
import { tellRelations } from "../../../src/issuing/relation_desk.ts";
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
