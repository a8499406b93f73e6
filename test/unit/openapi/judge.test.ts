import { describe, expect, it } from "vitest";
import { readExactJson } from "../../../src/kernel/exact_json.ts";
import { SchemaCompiler } from "../../../src/openapi/compile_schema.ts";
import { shownTo } from "../../../src/openapi/hide.ts";
import { Judge, TooComplex } from "../../../src/openapi/judge.ts";
import { LocalDocument } from "../../../src/openapi/local_document.ts";
import type { DocumentFault } from "../../../src/openapi/schema_terms.ts";
import { NO_RIGHTS } from "../../../src/policy/field_grants.ts";

type Json = Readonly<Record<string, unknown>>;

function ready(schema: Json, text: string) {
  const faults: DocumentFault[] = [];
  const compiler = new SchemaCompiler(new LocalDocument(schema), "response", faults);
  const node = compiler.node(schema, "");
  compiler.tellOfCircles();
  expect(faults).toEqual([]);
  const read = readExactJson(text, { maxDepth: 64, strict: true });
  if (!read.ok) throw new Error("the test's value is no JSON");
  return { node, value: read.value, judge: new Judge(text.length) };
}

/** Each level tries two branches, each of which tries the next level: 2 to the power of the depth. */
const DOUBLING = {
  anyOf: [
    { properties: { next: { $ref: "#" }, end: { const: 1 } } },
    { properties: { next: { $ref: "#" }, end: { const: 1 } } },
  ],
};
const deep = (depth: number) => `${'{"next":'.repeat(depth)}{"end":2}${"}".repeat(depth)}`;

describe("the work that a value may cause", () => {
  it("branches that double with each level are given up, whether they are judged or hidden", () => {
    const { node, value, judge } = ready(DOUBLING, deep(40));
    expect(() => judge.fits(node, value)).toThrow(TooComplex);
    const again = new Judge(deep(40).length);
    expect(() => shownTo(node, value, { rights: NO_RIGHTS, judge: again, isFitting: false })).toThrow(TooComplex);
  });

  it("positive control: the same to a small depth is judged", () => {
    const { node, value, judge } = ready(DOUBLING, deep(3));
    expect(judge.fits(node, value)).toBe(false);
  });

  it("a usual body of any size is judged: the bound grows with it", () => {
    const item = {
      type: "object",
      required: ["id", "name"],
      properties: { id: { type: "integer", minimum: 0 }, name: { type: "string", maxLength: 9, pattern: "^[a-z]+$" } },
    };
    const text = JSON.stringify(Array.from({ length: 20_000 }, (_, id) => ({ id, name: "hinge" })));
    const { node, value, judge } = ready({ type: "array", items: item, uniqueItems: true }, text);
    expect(judge.fits(node, value)).toBe(true);
    const shown = shownTo(node, value, { rights: NO_RIGHTS, judge: new Judge(text.length), isFitting: true });
    expect(shown).toMatchObject({ kind: "shown", changed: false });
  });

  it("faults say where and what, of names that nobody declared the log says nothing", () => {
    const { node, value, judge } = ready(
      { properties: { "a/b~": { type: "string" } }, additionalProperties: { type: "number" } },
      '{"a/b~":1,"their-own":"x"}',
    );
    expect(judge.fits(node, value)).toBe(false);
    expect(judge.faults).toEqual([
      { pointer: "/a~1b~0", loggedPointer: "/a~1b~0", keyword: "type", detail: "must be of type string" },
      { pointer: "/their-own", loggedPointer: "/*", keyword: "type", detail: "must be of type number" },
    ]);
  });
});

describe("what the suite leaves open", () => {
  it.each<[Json, string, boolean]>([
    [{ multipleOf: 0.01 }, "0.07", true],
    [{ multipleOf: 0.1 }, "0.3", true],
    [{ multipleOf: 3 }, "9007199254740993", true],
    [{ multipleOf: 2 }, "9007199254740993", false],
    [{ maximum: 9007199254740992 }, "9007199254740993", false],
    [{ format: "int64" }, "9223372036854775807", true],
    [{ format: "int64" }, "9223372036854775808", false],
    [{ format: "int32" }, "2147483648", false],
    [{ format: "email" }, '"a@b.example"', true],
    [{ format: "email" }, '"a b@c.example"', false],
    [{ format: "hostname" }, '"-a.example"', false],
    [{ format: "uri" }, '"https://a.example/x"', true],
    [{ format: "uri" }, '"/x"', false],
    [{ format: "uri" }, '"javascript"', false],
    [{ format: "byte" }, '"aGk="', true],
    [{ format: "byte" }, '"aGk"', false],
    [{ const: { a: 1, b: [2] } }, '{"b":[2.0],"a":1}', true],
    [{ required: ["constructor"] }, "{}", false],
    [{ properties: { toString: { type: "string" } } }, "{}", true],
    [{ maxLength: 1 }, '"😀"', true],
    [{ minLength: 2 }, '"😀"', false],
  ])("%j on %s", (schema, text, fits) => {
    const { node, value, judge } = ready(schema, text);
    expect(judge.fits(node, value)).toBe(fits);
  });
});
