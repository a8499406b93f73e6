import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "../../../src/kernel/canonical_json.ts";

/** As another writer might send it: members in another order. */
function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, shuffled(member)]),
  );
}

describe("canonicalJson", () => {
  it("says what JSON says, and the same for every order of members", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (sent) => {
        const value: unknown = JSON.parse(JSON.stringify(sent));
        const text = canonicalJson(value);
        expect(JSON.parse(text)).toEqual(value);
        expect(canonicalJson(shuffled(value))).toBe(text);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
      }),
    );
  });

  it.each([
    [{ b: 1, a: [true, null, "é"] }, '{"a":[true,null,"é"],"b":1}'],
    [{ a: undefined, b: 0 }, '{"b":0}'],
    [JSON.parse('{"__proto__":{"x":1}}'), '{"__proto__":{"x":1}}'],
    ["\ud800", '"\\ud800"'],
    [1e21, "1e+21"],
  ])("spells %j one way", (value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });
});
