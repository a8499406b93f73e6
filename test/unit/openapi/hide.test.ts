import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readExactJson, writeExactJson } from "../../../src/kernel/exact_json.ts";
import { SchemaCompiler } from "../../../src/openapi/compile_schema.ts";
import { shownTo } from "../../../src/openapi/hide.ts";
import { Judge } from "../../../src/openapi/judge.ts";
import { LocalDocument } from "../../../src/openapi/local_document.ts";
import type { DocumentFault } from "../../../src/openapi/schema_terms.ts";
import { NO_RIGHTS } from "../../../src/policy/field_grants.ts";

type Json = Readonly<Record<string, unknown>>;
const HIDDEN = { "x-sallyport-visible-to": ["hr"] };

/** What a caller with `scopes` gets of `value`, whether it fits or not; null where that is nothing. */
function shown(schema: Json, value: unknown, scopes: readonly string[] = []): unknown {
  const faults: DocumentFault[] = [];
  const node = new SchemaCompiler(new LocalDocument(schema), "response", faults).node(schema, "");
  expect(faults).toEqual([]);
  const text = JSON.stringify(value);
  const read = readExactJson(text, { maxDepth: 64, strict: false });
  if (!read.ok) throw new Error("the test's value is no JSON");
  const isFitting = new Judge(text.length).fits(node, read.value);
  const rights = { ...NO_RIGHTS, scopes };
  const result = shownTo(node, read.value, { rights, judge: new Judge(text.length), isFitting });
  return result.kind === "shown" ? JSON.parse(writeExactJson(result.value)) : null;
}

const object = (properties: Json, more: Json = {}) => ({ type: "object", properties, ...more });

describe("what is shown of a value", () => {
  const a = { type: "string" };

  it("what any schema that holds declares: allOf, $ref, branches that fit, conditions, patterns", () => {
    const schema = {
      ...object({ a }),
      allOf: [object({ b: a }), { $ref: "#/$defs/c" }],
      anyOf: [object({ d: a }, { required: ["d"] }), object({ e: a }, { required: ["e"] })],
      if: object({ kind: { const: "x" } }, { required: ["kind"] }),
      // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema.
      then: object({ f: a }),
      patternProperties: { "^x-": a },
      dependentSchemas: { a: object({ g: a }) },
      $defs: { c: object({ c: a }) },
    };
    const value = { a: "1", b: "1", c: "1", d: "1", kind: "x", f: "1", "x-1": "1", g: "1", z: "1" };
    const { z: _, ...declared } = value;
    expect(shown(schema, value)).toEqual(declared);
    expect(shown(schema, { d: "1", e: "1", f: "1" })).toEqual({ d: "1", e: "1" });
  });

  it("one schema that hides outweighs others that show", () => {
    const schema = { allOf: [object({ a, pay: { type: "number" } }), object({ pay: HIDDEN })] };
    expect(shown(schema, { a: "1", pay: 5 })).toEqual({ a: "1" });
    expect(shown(schema, { a: "1", pay: 5 }, ["hr"])).toEqual({ a: "1", pay: 5 });
  });

  it("a branch that does not fit still hides by name, and so does another spelling, also where all else is open", () => {
    const staff = object({ kind: { const: "staff" }, pay: HIDDEN }, { required: ["kind"] });
    const open = { type: "object", additionalProperties: true };
    const schema = { anyOf: [staff, open] };
    const value = { kind: "guest", pay: 5, Pay: 6, PAY: 7, ｐａｙ: 8, other: { pay: 9 } };
    expect(shown(schema, value)).toEqual({ kind: "guest", other: { pay: 9 } });
    const nested = { anyOf: [object({ owner: staff, kind: { const: 1 } }, { required: ["kind"] }), open] };
    expect(shown(nested, { Owner: { pay: 5, x: 1 } })).toEqual({ Owner: { x: 1 } });
  });

  it("values of a kind that is hidden are left out, of properties and of lists", () => {
    const pay = { oneOf: [{ type: "number", ...HIDDEN }, { type: "null" }] };
    expect(shown(object({ pay }), { pay: 5 })).toEqual({});
    expect(shown(object({ pay }), { pay: null })).toEqual({ pay: null });
    // A value of no kind may be a hidden one under a lie.
    expect(shown(object({ pay }), { pay: "5" })).toEqual({});
    const items = {
      type: "array",
      items: { oneOf: [object({ a }, { required: ["a"] }), { type: "number", ...HIDDEN }] },
    };
    expect(shown(items, [{ a: "1" }, 5, { a: "2" }])).toEqual([{ a: "1" }, { a: "2" }]);
  });

  it("an item or member of another shape than the declared one shows nothing of itself", () => {
    const schema = object({
      owner: object({ ssn: HIDDEN, a }),
      list: { type: "array", items: object({ a, ssn: HIDDEN }) },
    });
    expect(shown(schema, { owner: [{ ssn: "1" }], list: { 0: { ssn: "1" } } })).toEqual({ owner: [], list: {} });
    expect(shown(schema, { list: [[{ ssn: "1" }], { a: "1", ssn: "1" }] })).toEqual({ list: [[], { a: "1" }] });
  });

  it("whatever the schema and the value, a name that every object hides never appears", () => {
    const { schema } = fc.letrec<{ schema: Json }>((tie) => ({
      schema: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<Json>({ type: "string" }, { type: "integer" }, {}),
        fc
          .record({ a: tie("schema"), b: tie("schema"), rest: tie("schema"), isWide: fc.boolean() })
          .map(({ a, b, rest, isWide }) => object({ a, b, h: HIDDEN }, isWide ? { additionalProperties: rest } : {})),
        tie("schema").map((items) => ({ type: "array", items })),
        fc
          .tuple(fc.constantFrom("allOf", "anyOf", "oneOf"), fc.array(tie("schema"), { minLength: 1, maxLength: 3 }))
          .map(([keyword, schemas]) => ({
            [keyword]: schemas,
            ...object({ h: HIDDEN }),
            type: ["object", "array", "string"],
          })),
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
    let kept = 0;
    fc.assert(
      fc.property(schema, value, (written, sent) => {
        const text = JSON.stringify(shown(written, sent));
        expect(text).not.toMatch(/"h":/i);
        if (/"[abc]":/.test(text)) kept++;
      }),
      { numRuns: 2_000 },
    );
    expect(kept).toBeGreaterThan(50);
  });
});
