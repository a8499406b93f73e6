import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { linearPatternFault } from "../../../src/kernel/linear_pattern.ts";
import { type PatternTree, parsePattern } from "../../../src/kernel/pattern_syntax.ts";

describe("patterns that may be matched against what callers send", () => {
  it.each([
    "^[a-z]+$",
    "^[a-z][a-z0-9-]*$",
    "^(?:[a-z]+\\.)*[A-Z]+$",
    "^ord_[0-9]{1,19}$",
    "^\\d{4}-\\d{2}-\\d{2}$",
    "^(?:GET|POST|PUT)$",
    "^[^@]+@[^@.]{1,63}(?:\\.[a-z]{2,8})?$",
    "^\\p{Lu}+$",
    "^(?:a|ab|abc)$",
    "^\\u{1F600}+$",
    "abc",
    "[a-f]{2}$",
    "^(?<year>\\d{4})(?:-\\d\\d)?$",
    "",
    "^$",
    "^[\\]\\-^$.]*$",
  ])("takes %s", (source) => {
    expect(linearPatternFault(source)).toBeNull();
  });

  it.each([
    // The classics, each of which hangs a RegExp.
    "^(a+)+$",
    "^(a*)*$",
    "^(a|a)*$",
    "^(?:ab|ab|ac)$",
    "^(?:a|ab)b$",
    "^(a|ab|b)*$",
    "^(?:a?){30}a{30}$",
    "^(?:a|)+$",
    "^\\d+\\d+$",
    "^.*,.*$",
    "^(?:x+x+)+y$",
    "^(?:[a-z]+)*$",
    "^(?:a?|b?)*$",
    "^(?:\\w+\\s?)*$",
    "^\\p{L}+\\p{N}+$",
    // May begin anywhere: quadratic.
    "a*b",
    "[a-z]+$",
    ".*",
    // What cannot be judged.
    "^(a)\\1$",
    "^(?=a)a$",
    "^(?<!a)b$",
    "^a\\b",
    "^a|b$",
    "a^b",
    "^(?:a{1,50}){1,50}$",
    "(",
    "\\q",
  ])("refuses %s", (source) => {
    expect(linearPatternFault(source)).not.toBeNull();
  });

  it("a pattern that passes takes a backtracking matcher no more than its size for each character", () => {
    const letter = fc.constantFrom("a", "b", "[ab]", "[^a]", "c", "\\w", ".");
    const { tree } = fc.letrec<{ tree: string }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        letter,
        fc.tuple(tie("tree"), tie("tree")).map(([a, b]) => `${a}${b}`),
        fc.tuple(tie("tree"), tie("tree")).map(([a, b]) => `(?:${a}|${b})`),
        fc
          .tuple(tie("tree"), fc.constantFrom("*", "+", "?", "{2}", "{1,3}", "{2,}", "*?"))
          .map(([a, repeat]) => `(?:${a})${repeat}`),
      ),
    }));
    let passed = 0;
    fc.assert(
      fc.property(
        tree,
        fc.boolean(),
        fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 24 }),
        (body, tied, text) => {
          const source = `${tied ? "^" : ""}${body}$`;
          if (linearPatternFault(source) !== null) return;
          passed++;
          const parsed = parsePattern(source);
          if (!parsed.ok) throw new Error("passed without being readable");
          const input = `${text.join("")}!`;
          expect(steps(parsed.value.tree, input)).toBeLessThanOrEqual(40 * (source.length + 1) * (input.length + 1));
        },
      ),
      { numRuns: 3_000 },
    );
    expect(passed).toBeGreaterThan(200);
  });

  it("positive control: the matcher of the property counts what hangs a RegExp", () => {
    const parsed = parsePattern("^(?:a+)+$");
    expect(parsed.ok && steps(parsed.value.tree, `${"a".repeat(16)}!`)).toBeGreaterThan(30_000);
  });

  it("a text of a megabyte does not end in a long wait", () => {
    const hostile = `${"a".repeat(1_000_000)}!`;
    for (const source of ["^[a-z]+$", "^(?:[a-z]+\\.)*[A-Z]+$", "^[a-z]{0,64}$"]) {
      expect(linearPatternFault(source)).toBeNull();
      expect(new RegExp(source, "u").test(hostile)).toBe(false);
    }
  });
});

/** Characters that a backtracking matcher compares from the start of `text` until it has tried every way to its end. */
function steps(tree: PatternTree, text: string): number {
  let compared = 0;
  const match = (part: PatternTree, at: number, then: (at: number) => boolean): boolean => {
    if (++compared > 200_000) return true;
    switch (part.kind) {
      case "one": {
        const code = text.codePointAt(at);
        return code !== undefined && part.of.some(([from, to]) => from <= code && code <= to) && then(at + 1);
      }
      case "sequence":
        return part.parts.reduceRight<(at: number) => boolean>(
          (next, one) => (from) => match(one, from, next),
          then,
        )(at);
      case "choice":
        return part.options.some((option) => match(option, at, then));
      case "repeat": {
        const turn = (count: number, from: number): boolean => {
          const more = () =>
            count < part.max && match(part.part, from, (to) => (to > from || count < part.min) && turn(count + 1, to));
          return more() || (count >= part.min && then(from));
        };
        return turn(0, at);
      }
    }
  };
  match(tree, 0, (at) => at === text.length);
  return compared;
}
