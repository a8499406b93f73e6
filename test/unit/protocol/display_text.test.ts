import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { displayText } from "../../../src/protocol/display_text.ts";

describe("text of others on our pages", () => {
  it.each([
    ["plain", "Orders App", "Orders App"],
    ["other scripts", "注文アプリ · Заказы · طلبات", "注文アプリ · Заказы · طلبات"],
    ["accents", "Café Ørsted", "Café Ørsted"],
    ["an emoji", "Orders 📦", "Orders 📦"],
    ["a right-to-left override", "Bank\u202egnp.exe", "Bankgnp.exe"],
    ["isolates", "a\u2066b\u2069c", "abc"],
    ["zero-width characters", "Ban\u200bk\u200d \u2060A\ufeff", "Bank A"],
    ["soft hyphens", "Ba\u00adnk", "Bank"],
    ["line ends and tabs", "one\r\ntwo\tthree", "one two three"],
    ["line separators", "one\u2028two\u2029three", "one two three"],
    ["runs of spaces of all kinds", "a \u00a0\u3000\u2003 b", "a b"],
    ["spaces round what is not seen", "a \u200b b", "a b"],
    ["NUL and escape", "a\u0000b\u001b[31mc", "ab[31mc"],
    ["fillers that look like nothing", "a\u3164\u115f\uffa0\u2800b", "a b"],
    ["tags", "a\u{e0041}\u{e0042}b", "ab"],
    ["private use", "a\ue000b", "ab"],
    ["half a surrogate pair", "a\ud800b", "ab"],
    ["nothing", "", "Unnamed"],
    ["nothing that is seen", " \u200b\u202e ", "Unnamed"],
  ])("%s", (_, text, shown) => {
    expect(displayText(text, 60, "Unnamed")).toBe(shown);
  });

  it("a tower of accents is cut to three", () => {
    expect(displayText(`e${"\u0301".repeat(50)}x`, 60, "Unnamed")).toBe("e\u0301\u0301\u0301x");
  });

  it("more than may be shown ends in an ellipsis, and no character is cut in two", () => {
    expect(displayText("📦".repeat(9), 4, "Unnamed")).toBe("📦📦📦…");
    expect(displayText("abcd", 4, "Unnamed")).toBe("abcd");
  });

  it("whatever comes: within its length, in one line, nothing invisible, and the same when shown again", () => {
    const text = fc.string({ unit: "binary", maxLength: 200 });
    fc.assert(
      fc.property(text, fc.integer({ min: 2, max: 40 }), (input, max) => {
        const shown = displayText(input, max, "Unnamed");
        expect([...shown].length).toBeLessThanOrEqual(Math.max(max, "Unnamed".length));
        expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Default_Ignorable_Code_Point}]/u);
        expect(shown).not.toMatch(/^\s|\s$| {2}/);
        if (shown !== "Unnamed") expect(displayText(shown, max, "Unnamed")).toBe(shown);
      }),
      { numRuns: 1_000 },
    );
  });
});
