import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Cuts, cutMembers } from "../../../src/kernel/cut_members.ts";

describe("members that are cut out of JSON", () => {
  it.each<readonly [string, Cuts, string]>([
    ['{"a":1,"b":2,"c":3}', { b: null }, '{"a":1,"c":3}'],
    ['{"a":1,"b":2}', { a: null }, '{"b":2}'],
    ['{"a":1,"b":2}', { a: null, b: null }, "{}"],
    [
      ' { "a" : 1.0 ,\n "b" : [1e2, "\\u0061"] , "c":{} } \n',
      { c: null },
      ' { "a" : 1.0 ,\n "b" : [1e2, "\\u0061"] } \n',
    ],
    ['{"big":9007199254740993,"x":1.10,"salary":5}', { salary: null }, '{"big":9007199254740993,"x":1.10}'],
    ['{"\\u0073alary":{"deep":[{}]},"y":1}', { salary: null }, '{"y":1}'],
    ['[[{"a":"}]\\\\\\"","b":1}],{"b":2}]', { 0: { 0: { b: null } } }, '[[{"a":"}]\\\\\\""}],{"b":2}]'],
    ['{"__proto__":{"a":1},"constructor":2}', { constructor: null }, '{"__proto__":{"a":1}}'],
    ['{"a":{"b":{"c":1,"d":2}}}', { a: { b: { c: null } } }, '{"a":{"b":{"d":2}}}'],
    ["[ ]", {}, "[ ]"],
    ["true", {}, "true"],
  ])("%s", (text, cuts, expected) => {
    expect(cutMembers(text, cuts)).toBe(expected);
  });

  it("an item of a list is never cut: those behind it would move", () => {
    expect(() => cutMembers("[1,2]", { 0: null })).toThrow("move");
  });

  it("of any JSON, spelled in any way, exactly the named members go", () => {
    const members = fc.dictionary(fc.string({ unit: "binary", maxLength: 6 }), fc.jsonValue(), { maxKeys: 6 });
    fc.assert(
      fc.property(members, fc.constantFrom(0, 1, 3, "\t"), fc.nat(63), (object, space, mask) => {
        const names = Object.keys(object);
        const gone = names.filter((_, at) => (mask >> at) & 1);
        const cuts = Object.fromEntries(gone.map((name) => [name, null]));
        const left = Object.fromEntries(
          names.filter((name) => !gone.includes(name)).map((name) => [name, object[name]]),
        );
        const text = JSON.stringify({ list: [object] }, null, space);
        const cut = cutMembers(text, { list: { 0: cuts } });
        expect(JSON.parse(cut)).toEqual(JSON.parse(JSON.stringify({ list: [left] })));
        if (gone.length === 0) expect(cut).toBe(text);
      }),
    );
  });
});
