import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isJsonObject, parseStrictJson } from "../../../src/kernel/strict_json.ts";

describe("RFC 8259 4, RFC 8725 2.4: JSON that two parsers could read differently is refused", () => {
  it.each([
    ["the same name twice", '{"a":1,"a":1}'],
    ["the same name, escaped", '{"a":1,"\\u0061":2}'],
    ["the same name, escaped in upper case", '{"\\u00E4":1,"\\u00e4":2}'],
    ["the same name as a pair of surrogates", '{"😀":1,"\\ud83d\\ude00":2}'],
    ["an escaped slash", '{"a/b":1,"a\\/b":2}'],
    ["an escaped quote", '{"a\\"":1,"a\\u0022":2}'],
    ["deep inside", '{"x":[{"y":{"a":1,"b":2,"a":3}}]}'],
    ["behind nested values", '{"a":{"b":[1,{"c":2}]},"d":[],"a":0}'],
    ["the empty name", '{"":1,"":2}'],
    ["__proto__ twice", '{"__proto__":1,"__proto__":2}'],
    ["with white space between", '{ "a" : 1 ,\n "a" : 2 }'],
  ])("%s", (_, text) => expect(parseStrictJson(text)).toBeUndefined());

  it.each([
    ["a name in two objects", '[{"a":1},{"a":2}]'],
    ["a name inside and outside", '{"a":{"a":{"a":1}}}'],
    ["a name that is also a value", '{"a":"a","b":["a","a"]}'],
    ["names with brackets and quotes", '{"{\\"a\\":1,":1,"}":2,"[":3,"\\\\":4}'],
    ["a text that looks like JSON", '{"a":"{\\"b\\":1,\\"b\\":2}"}'],
    ["a backslash at a text's end", '{"a":"\\\\","b":"\\\\\\""}'],
    ["names that differ in case or form", '{"a":1,"A":2,"ä":3,"a\\u0308":4}'],
    ["null", "null"],
  ])("positive control: %s", (_, text) => expect(parseStrictJson(text)).toEqual(JSON.parse(text)));

  it.each([
    "",
    " ",
    "{",
    '{"a":1}x',
    "{'a':1}",
    "[1,]",
    "NaN",
    "01",
    '"\n"',
    '{"a"}',
    "\ufeff{}",
    "undefined",
    '{"a":1,}',
  ])("%j is no JSON", (text) => expect(parseStrictJson(text)).toBeUndefined());

  it("nesting is bounded: 32 levels and no more, of either kind; 100,000 do no harm", () => {
    const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
    const objects = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
    for (const make of [nested, objects]) {
      expect(parseStrictJson(make(32))).toBeDefined();
      expect(parseStrictJson(make(33))).toBeUndefined();
      expect(parseStrictJson(make(100_000))).toBeUndefined();
    }
    expect(parseStrictJson(`[${"[],".repeat(1_000)}[]]`)).toBeDefined();
    expect(parseStrictJson(nested(3), 2)).toBeUndefined();
  });

  it("agrees with JSON.parse on whatever JSON.stringify writes", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(0, 1, "\t"), (value, space) => {
        const text = JSON.stringify(value, null, space);
        expect(parseStrictJson(text)).toEqual(JSON.parse(text));
      }),
      { numRuns: 3_000 },
    );
  });

  it("a repeated member is found wherever it is put", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue({ maxDepth: 2 }), { minKeys: 1, maxKeys: 6 }),
        fc.nat(),
        fc.array(fc.boolean(), { maxLength: 5 }),
        (object, pick, wraps) => {
          const names = Object.keys(object);
          const name = names[pick % names.length] ?? "";
          const escaped = [...name].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
          fc.pre([...name].every((c) => c.length === 1));
          const text = JSON.stringify(object);
          const twice = `${text.slice(0, -1)},"${escaped}":0}`;
          const wrapped = wraps.reduce((inner, list) => (list ? `[${inner}]` : `{"w":${inner}}`), twice);
          expect(parseStrictJson(wrapped)).toBeUndefined();
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it("a prototype is not changed by what is read", () => {
    const read = parseStrictJson('{"__proto__":{"admin":true},"constructor":1}');
    expect(isJsonObject(read) && Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(isJsonObject({}) && "admin" in {}).toBe(false);
    for (const other of [null, [], "{}", 1, undefined]) expect(isJsonObject(other)).toBe(false);
  });
});
