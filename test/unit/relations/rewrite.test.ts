import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRewrite } from "../../../src/policy/relations/parse_rewrite.ts";
import { type Rewrite, rewriteText } from "../../../src/policy/relations/rewrite.ts";

const name = fc.constantFrom("viewer", "editor", "parent", "member", "x_1");
const term = fc.record({ type: name, relation: fc.option(name) });
const leaf: fc.Arbitrary<Rewrite> = fc.oneof(
  fc.record({ kind: fc.constant("direct" as const), takes: fc.array(term, { minLength: 1, maxLength: 4 }) }),
  fc.record({ kind: fc.constant("same" as const), relation: name }),
  fc.record({ kind: fc.constant("through" as const), relation: name, parent: name }),
);
const rewrite: fc.Arbitrary<Rewrite> = fc.letrec<{ node: Rewrite }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    leaf,
    fc.record({
      kind: fc.constantFrom("or" as const, "and" as const),
      of: fc.array(tie("node"), { minLength: 2, maxLength: 4 }),
    }),
    fc.record({ kind: fc.constant("but_not" as const), of: tie("node"), except: tie("node") }),
  ),
})).node;

describe("the language of relations", () => {
  it("whatever is printed is read as what it was", () => {
    fc.assert(
      fc.property(rewrite, (written) => {
        expect(parseRewrite(rewriteText(written))).toEqual({ ok: true, value: written });
      }),
      { numRuns: 1_000 },
    );
  });

  it("what is read and printed is the same whatever white space and needless parentheses it had", () => {
    const spelt = parseRewrite("\n  ( [ user ,group # member] )\n  or ((editor))\tor viewer of parent ");
    expect(spelt.ok && rewriteText(spelt.value)).toBe("[user, group#member] or editor or viewer of parent");
  });

  it("any text is read or refused with a place that is in it", () => {
    const words = fc.constantFrom(
      "[",
      "]",
      "(",
      ")",
      "#",
      ",",
      "user",
      "or",
      "and",
      "but",
      "not",
      "of",
      "*",
      ":",
      "\n",
      "Ä",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(words).map((parts) => parts.join(" ")),
        ),
        (text) => {
          const read = parseRewrite(text);
          if (read.ok) return;
          const lines = text.split("\n");
          expect(read.error.line).toBeLessThanOrEqual(lines.length);
          expect(read.error.column).toBeLessThanOrEqual((lines[read.error.line - 1]?.length ?? 0) + 1);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ["", 1, 1, "expected a relation, `[` or `(`, not the end"],
    ["[user", 1, 6, "expected `]`, not the end"],
    ["[]", 1, 2, "expected a type of subjects, not `]`"],
    ["[user,]", 1, 7, "expected a type of subjects, not `]`"],
    ["[user group]", 1, 7, "expected `]`, not `group`"],
    ["[user:*]", 1, 6, "`:*` is not in the language: make what is for everybody a public route"],
    ["[user]\n  ro editor", 2, 3, "`ro` is out of place: expected `or`"],
    ["[user] butt editor", 1, 8, "`butt` is out of place: expected `or`; did you mean `but`?"],
    ["[user] or editor and owner", 1, 18, "`and` beside `or` needs parentheses"],
    ["a but not b or c", 1, 13, "`or` beside `but not` needs parentheses"],
    ["a but not b but not c", 1, 13, "`but` beside `but not` needs parentheses"],
    ["a or b but not c", 1, 8, "`but` beside `or` needs parentheses"],
    ["a but b", 1, 7, "`but` is followed by `not`"],
    ["viewer of", 1, 10, "expected the relation that leads to the other object, not the end"],
    ["Viewer", 1, 1, "`Viewer` is no name: small letters, digits and _, 32 at most"],
    ["a or", 1, 5, "expected a relation, `[` or `(`, not the end"],
    ["a & b", 1, 3, "`&` is out of place: expected `or`"],
  ])("%j", (text, line, column, reason) => {
    expect(parseRewrite(text)).toEqual({ ok: false, error: { line, column, reason } });
  });

  it("has an end in length, in depth and in breadth", () => {
    const nested = (depth: number) => `${"(".repeat(depth)}a${")".repeat(depth)}`;
    expect(parseRewrite(nested(7)).ok).toBe(true);
    expect(parseRewrite(nested(8))).toMatchObject({ ok: false, error: { reason: expect.stringContaining("8 deep") } });
    expect(parseRewrite(nested(100_000)).ok).toBe(false);
    expect(parseRewrite(Array.from({ length: 32 }, () => "a").join(" or ")).ok).toBe(true);
    expect(parseRewrite(Array.from({ length: 33 }, () => "a").join(" or ")).ok).toBe(false);
    expect(parseRewrite(`[${Array.from({ length: 33 }, () => "a").join(",")}]`).ok).toBe(false);
  });
});
