import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readExactJson, writeExactJson } from "../../../src/kernel/exact_json.ts";
import { SchemaCompiler } from "../../../src/openapi/compile_schema.ts";
import { shownTo } from "../../../src/openapi/hide.ts";
import { Judge } from "../../../src/openapi/judge.ts";
import { LocalDocument } from "../../../src/openapi/local_document.ts";
import type { DocumentFault } from "../../../src/openapi/schema_terms.ts";
import { type FieldRights, NO_RIGHTS } from "../../../src/policy/field_grants.ts";

type Json = Readonly<Record<string, unknown>>;
const HIDDEN = { "x-sallyport-visible-to": ["hr"] };

/** What a caller with `scopes`, or with other rights, gets of `value`, whether it fits or not; null where that is nothing. */
function shown(schema: Json, value: unknown, scopes: readonly string[] = [], more: Partial<FieldRights> = {}): unknown {
  const faults: DocumentFault[] = [];
  const node = new SchemaCompiler(new LocalDocument(schema), "response", faults).node(schema, "");
  expect(faults).toEqual([]);
  const text = JSON.stringify(value);
  const read = readExactJson(text, { maxDepth: 64, strict: false });
  if (!read.ok) throw new Error("the test's value is no JSON");
  const isFitting = new Judge(text.length).fits(node, read.value);
  const rights = { ...NO_RIGHTS, scopes, ...more };
  const result = shownTo(node, read.value, { rights, judge: new Judge(text.length), isFitting });
  return result.kind === "shown" ? JSON.parse(writeExactJson(result.value)) : null;
}

/** Whether all that is in `less` is in `wide`. Items of lists can be hidden, so those of `less` come in their order among those of `wide`. */
function isWithin(less: unknown, wide: unknown): boolean {
  if (less === null || less === wide) return true;
  if (Array.isArray(less) && Array.isArray(wide)) {
    let from = 0;
    return less.every((item) => {
      const at = wide.findIndex((other, index) => index >= from && isWithin(item, other));
      from = at + 1;
      return at >= 0;
    });
  }
  if (typeof less !== "object" || typeof wide !== "object" || wide === null) return false;
  return Object.entries(less).every(([name, member]) => name in wide && isWithin(member, Reflect.get(wide, name)));
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

  it("whatever the schema and the value, who has more rights sees all that others see, and more", () => {
    const kinds = ["scope:a", "role:a", "permission:a:a", "relation:a"];
    const grants = fc.subarray(kinds, { minLength: 1 }).map((entries) => ({ "x-sallyport-visible-to": entries }));
    const { schema } = fc.letrec<{ schema: Json }>((tie) => ({
      schema: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<Json>({ type: "string" }, {}),
        fc
          .record({ a: tie("schema"), b: tie("schema"), said: fc.option(grants), isResource: fc.boolean() })
          .map(({ a: one, b: other, said, isResource }) =>
            object(
              { a: { ...one, ...said }, b: other, id: {} },
              isResource ? { "x-sallyport-resource": { type: "t", id: "/id" } } : {},
            ),
          ),
        tie("schema").map((items) => ({ type: "array", items })),
        fc.array(tie("schema"), { minLength: 1, maxLength: 2 }).map((anyOf) => ({ anyOf })),
      ),
    }));
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom<unknown>("1", "2", null),
        fc.dictionary(fc.constantFrom("a", "b", "id", "A"), tie("value"), { maxKeys: 4 }),
        fc.array(tie("value"), { maxLength: 3 }),
      ),
    }));
    const rights = fc.record({
      scopes: fc.subarray(["a"]),
      roles: fc.subarray(["a"]),
      permissions: fc.subarray(["a:a"]).map((all) => new Set(all)),
      of: fc.subarray(["1", "2"]),
    });
    const asRights = ({ of, ...plain }: { of: readonly string[] } & Partial<FieldRights>): Partial<FieldRights> => ({
      ...plain,
      related: ({ id }) => of.includes(id),
    });
    const all = { scopes: ["a"], roles: ["a"], permissions: new Set(["a:a"]), of: ["1", "2"] };
    const joined = (one: typeof all, other: typeof all) => ({
      scopes: [...one.scopes, ...other.scopes],
      roles: [...one.roles, ...other.roles],
      permissions: new Set([...one.permissions, ...other.permissions]),
      of: [...one.of, ...other.of],
    });
    let more = 0;
    fc.assert(
      fc.property(schema, grants, value, rights, rights, (inner, said, part, few, others) => {
        const mark = { "x-sallyport-resource": { type: "t", id: "/id" } };
        const written = object({ a: said, b: inner, id: {} }, mark);
        const sent = { a: "1", b: part, id: "1" };
        const less = shown(written, sent, [], asRights(few));
        const wide = shown(written, sent, [], asRights(joined(few, others)));
        expect(isWithin(less, wide), JSON.stringify({ written, sent, less, wide })).toBe(true);
        if (JSON.stringify(less) !== JSON.stringify(wide)) more++;
      }),
      { numRuns: 2_000 },
    );
    expect(more).toBeGreaterThan(100);
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
