import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CheckedBody, checkBody } from "../../../src/openapi/check_body.ts";
import { SchemaCompiler } from "../../../src/openapi/compile_schema.ts";
import type { Contract } from "../../../src/openapi/contract.ts";
import { LocalDocument } from "../../../src/openapi/local_document.ts";
import { requestShape } from "../../../src/openapi/request_shape.ts";
import type { DocumentFault } from "../../../src/openapi/schema_terms.ts";
import { type FieldRights, NO_RIGHTS } from "../../../src/policy/field_grants.ts";

type Json = Readonly<Record<string, unknown>>;
const HR = { "x-sallyport-writable-by": ["role:hr", "payroll:write"] };
const HR_RIGHTS: FieldRights = { ...NO_RIGHTS, roles: ["hr"] };

type Sent = Partial<Pick<Contract, "unwritable" | "replacing">> & { rights?: FieldRights; isSealed?: boolean };

function check(schema: Json, text: string, sent: Sent = {}): CheckedBody {
  const { unwritable = "refuse", replacing = "nothing", rights = NO_RIGHTS, isSealed = false } = sent;
  const faults: DocumentFault[] = [];
  const node = new SchemaCompiler(new LocalDocument(schema), "request", faults).node(schema, "");
  expect(faults).toEqual([]);
  // Nothing else of a contract is read for a body.
  const contract = { unwritable, replacing, resourceDepth: 0, maxDepth: 64 } as Contract;
  return checkBody(requestShape({ kind: "json", node }), text, contract, { rights, isSealed });
}

const refused = (schema: Json, value: unknown, sent: Sent = {}) => {
  const { kind, errors } = check(schema, typeof value === "string" ? value : JSON.stringify(value), sent);
  return kind === "unwritable" ? errors.map(({ pointer }) => pointer) : kind;
};
/** What goes on where fields are dropped. */
const left = (schema: Json, text: string, sent: Sent = {}) => {
  const checked = check(schema, text, { unwritable: "drop", ...sent });
  return checked.kind === "fits" ? (checked.text ?? text) : checked.kind;
};
const object = (properties: Json, more: Json = {}) => ({ type: "object", properties, ...more });
const any = { additionalProperties: true };

describe("what a caller may not write", () => {
  const person = object(
    { name: { type: "string" }, pay: { type: "number", ...HR }, boss: { $ref: "#/$defs/boss" } },
    {
      $defs: { boss: object({ pay: HR, tags: { type: "array", items: object({ by: HR }) } }) },
      required: ["pay"],
    },
  );

  it("is refused with the places that were sent, at any depth, and open to who has one of the grants", () => {
    const sent = { name: "a", pay: 1, boss: { pay: 2, tags: [{}, { by: 3 }] } };
    expect(refused(person, sent)).toEqual(["/pay", "/boss/pay", "/boss/tags/1/by"]);
    expect(refused(person, sent, { rights: HR_RIGHTS })).toBe("fits");
    expect(refused(person, sent, { rights: { ...NO_RIGHTS, scopes: ["payroll:write"] } })).toBe("fits");
    // A scope of the same name as a role gives nothing, nor the other way round.
    expect(refused(person, sent, { rights: { ...NO_RIGHTS, scopes: ["hr", "role:hr"] } })).not.toBe("fits");
    expect(refused(person, sent, { rights: { ...NO_RIGHTS, roles: ["payroll:write"] } })).not.toBe("fits");
  });

  it("is not demanded of them, and is of others", () => {
    expect(refused(person, { name: "a" })).toBe("fits");
    expect(refused(person, { name: "a" }, { rights: HR_RIGHTS })).toBe("invalid");
  });

  it.each([
    ["case", '{"Pay":1}'],
    ["full width", '{"ｐａｙ":1}'],
    ["an escape", '{"p\\u0061y":1}'],
    ["a null", '{"pay":null}'],
    ["deep in a part with another spelling", '{"Boss":{"PAY":1}}'],
  ])("another way to write it is refused as well: %s", (_, text) => {
    const open = { ...person, ...any };
    expect(refused(open, text)).toHaveLength(1);
    expect(left({ ...open, required: [] }, text)).toMatch(/^(?:\{\}|invalid)$/);
  });

  it("a member twice has no meaning, whoever sends it", () => {
    expect(refused(person, '{"pay":1,"p\\u0061y":2}')).toBe("invalid");
  });

  it.each<readonly [string, Json, unknown]>([
    [
      "a branch that does not fit",
      { anyOf: [object({ kind: { const: "x" }, pay: HR }, { required: ["kind"] }), any] },
      { pay: 1 },
    ],
    [
      "a condition that does not hold",
      { if: object({ a: { const: 1 } }), else: object({ pay: HR }), ...any },
      { a: 1, pay: 1 },
    ],
    ["a schema beside one that allows it", { allOf: [object({ pay: {} }), object({ pay: HR })] }, { pay: 1 }],
    ["a dependent schema", { dependentSchemas: { a: object({ pay: HR }) } }, { pay: 1 }],
    ["a kind of the value", object({ pay: { oneOf: [{ type: "number", ...HR }, { type: "null" }] } }), { pay: null }],
    ["a pattern", { patternProperties: { "^pay": HR } }, { payroll: 1 }],
    ["a pattern, in another case", { patternProperties: { "^pay": HR } }, { PAYROLL: 1 }],
    ["whatever is not declared", { properties: { a: {} }, additionalProperties: HR }, { pay: 1 }],
    [
      "`__proto__`",
      object(JSON.parse('{"__proto__":{"x-sallyport-writable-by":["role:hr"]}}'), any),
      '{"__proto__":1}',
    ],
    ["lists in lists", { type: "array", items: { type: "array", items: object({ pay: HR }) } }, [[{ pay: 1 }]]],
    ["an item of a list", object({ tags: { type: "array", prefixItems: [{}, HR] } }), { tags: [1, 2] }],
  ])("in case of doubt it is refused: %s", (_, schema, value) => {
    expect(refused(schema, value)).toHaveLength(1);
    expect(refused(schema, value, { rights: HR_RIGHTS })).not.toEqual(expect.any(Array));
  });
});

describe("what is lost with what a value replaces", () => {
  const doc = object({
    title: {},
    owner: object({ name: {}, ssn: HR }),
    notes: { type: "array", items: object({ by: HR }) },
  });

  it("a PUT by somebody who may not write all of it is refused, whatever is in it", () => {
    expect(refused(doc, { title: "a" }, { replacing: "all" })).toEqual([""]);
    expect(refused(doc, { title: "a" }, { replacing: "all", rights: HR_RIGHTS })).toBe("fits");
    expect(left(doc, '{"title":"a"}', { replacing: "all" })).toBe("unwritable");
  });

  it("merged, objects keep what is left out; lists, nulls and plain values do not", () => {
    const replacing = "merged" as const;
    expect(refused(doc, { title: null, owner: { name: "b" } }, { replacing })).toBe("fits");
    expect(refused(doc, { owner: null }, { replacing })).toEqual(["/owner"]);
    expect(
      refused({ ...doc, properties: { owner: { anyOf: [object({ ssn: HR }), {}] } } }, { owner: "x" }, { replacing }),
    ).toEqual(["/owner"]);
    expect(refused(doc, { notes: [] }, { replacing })).toEqual(["/notes"]);
    expect(refused(doc, { notes: [{}] }, { replacing, unwritable: "drop" })).toEqual(["/notes"]);
    expect(refused(doc, { notes: [] }, { replacing, rights: HR_RIGHTS })).toBe("fits");
    expect(refused(doc, { notes: [{}], owner: {} })).toBe("fits");
  });

  it("schemas that refer to each other in circles are closed by what is anywhere below", () => {
    const tree = object(
      { child: { $ref: "#/$defs/node" } },
      {
        $defs: {
          node: object({ up: { $ref: "#/$defs/other" }, secret: HR }),
          other: object({ list: { type: "array", items: { $ref: "#/$defs/node" } } }),
        },
      },
    );
    expect(refused(tree, { child: { up: { list: [] } } }, { replacing: "merged" })).toEqual(["/child/up/list"]);
    expect(refused(tree, { child: { up: null } }, { replacing: "merged" })).toEqual(["/child/up"]);
  });
});

describe("dropping", () => {
  const schema = object(
    { id: { type: "string", readOnly: true }, a: {}, pay: { type: "number", ...HR } },
    { additionalProperties: false },
  );

  it("takes out what may not be written and leaves all else to the letter", () => {
    expect(left(schema, '{ "a": [1.0, 1e2, 12345678901234567890, "\\u0061"], "pay": 5 }')).toBe(
      '{ "a": [1.0, 1e2, 12345678901234567890, "\\u0061"]}',
    );
    expect(left(schema, '{"id":"x","a":1,"pay":"not even a number"}')).toBe('{"a":1}');
    expect(left(schema, '{"id":"x","a":1,"pay":5}', { rights: HR_RIGHTS })).toBe('{"a":1,"pay":5}');
    expect(left(schema, '{"a":1}')).toBe('{"a":1}');
  });

  it("what is left has to fit", () => {
    expect(left(schema, '{"pay":1,"other":1}')).toBe("invalid");
  });

  it("nothing is dropped from what its sender sealed, nor from a list", () => {
    expect(left(schema, '{"pay":1}', { isSealed: true })).toBe("unwritable");
    expect(left(object({ tags: { type: "array", items: { anyOf: [HR, {}] } } }), '{"tags":[1]}')).toBe("unwritable");
  });

  it("whatever the schema and the body: what goes on has nothing restricted, and would be let through as it is", () => {
    const { node } = fc.letrec<{ node: Json }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<Json>({}, { type: "string" }),
        fc.record({ a: tie("node"), b: tie("node") }).map(({ a, b }) => object({ a, b, h: HR })),
        tie("node").map((items) => ({ items, properties: { h: HR } })),
        fc.record({ a: tie("node"), b: tie("node") }).map(({ a, b }) => ({ anyOf: [a, b, {}], properties: { h: HR } })),
        tie("node").map((rest) => ({ properties: { h: HR }, additionalProperties: rest })),
      ),
    }));
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom<unknown>("text", 7, null),
        fc.dictionary(fc.constantFrom("a", "b", "h", "H", "c"), tie("value"), { maxKeys: 4 }),
        fc.array(tie("value"), { maxLength: 3 }),
      ),
    }));
    let dropped = 0;
    fc.assert(
      fc.property(node, value, (schema, sent) => {
        const text = JSON.stringify(sent);
        const first = check(schema, text, { unwritable: "drop" });
        if (first.kind !== "fits" || first.text === null) return;
        dropped++;
        expect(check(schema, first.text, { unwritable: "refuse" })).toMatchObject({ kind: "fits", text: null });
      }),
      { numRuns: 2_000 },
    );
    expect(dropped).toBeGreaterThan(50);
  });
});
