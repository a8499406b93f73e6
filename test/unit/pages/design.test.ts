import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contrast, EDGE_CONTRAST, readable, TEXT_CONTRAST } from "../../../src/issuer/pages/colour.ts";
import { EDGE_PAIRS, type Palette, palettes, TEXT_PAIRS } from "../../../src/issuer/pages/design.ts";
import { stylesheet } from "../../../src/issuer/pages/stylesheet.ts";

const accents = fc.integer({ min: 0, max: 0xffffff }).map((number) => `#${number.toString(16).padStart(6, "0")}`);
const SCHEMES = ["light", "dark"] as const;

describe("WCAG 2.2: contrast ratio", () => {
  it.each([
    ["black on white is the most there is", "#000000", "#ffffff", 21],
    ["a colour on itself is none", "#1f4fd8", "#1f4fd8", 1],
    ["the grey that just passes on white", "#767676", "#ffffff", 4.54],
    ["the grey that just fails", "#777777", "#ffffff", 4.48],
  ])("%s", (_, a, b, ratio) => {
    expect(contrast(a, b)).toBeCloseTo(ratio, 2);
    expect(contrast(b, a)).toBeCloseTo(ratio, 2);
  });

  it("a colour that cannot be read is moved, one that can is left", () => {
    expect(readable("#1f4fd8", "#000000", ["#ffffff"])).toBe("#1f4fd8");
    expect(contrast("#ffee00", "#ffffff")).toBeLessThan(TEXT_CONTRAST);
    expect(contrast(readable("#ffee00", "#000000", ["#ffffff"]), "#ffffff")).toBeGreaterThanOrEqual(TEXT_CONTRAST);
  });
});

describe("WCAG 2.2 1.4.3, 1.4.11 (AA): the palettes, whatever accent an operator chooses", () => {
  const least = (pairs: readonly (readonly [keyof Palette, keyof Palette])[], palette: Palette) =>
    Math.min(...pairs.map(([one, other]) => contrast(palette[one], palette[other])));

  it.each(SCHEMES)("%s: every text is readable and every edge is seen", (scheme) => {
    fc.assert(
      fc.property(accents, (accent) => {
        const palette = palettes(accent)[scheme];
        expect(least(TEXT_PAIRS, palette)).toBeGreaterThanOrEqual(TEXT_CONTRAST);
        expect(least(EDGE_PAIRS, palette)).toBeGreaterThanOrEqual(EDGE_CONTRAST);
      }),
      { numRuns: 500, examples: [["#000000"], ["#ffffff"], ["#777777"], ["#ffee00"], ["#1f4fd8"]] },
    );
  });
});

describe("the stylesheet", () => {
  const text = stylesheet("#1f4fd8");

  it("asks for nothing: no import, no url, no font file", () => {
    expect(text).not.toMatch(/@import|url\(|@font-face/);
  });

  it("names no colour of its own: all come from the palettes", () => {
    const rules = text.replace(/:root\{[^}]*\}/g, "");
    expect(rules).not.toMatch(/#[0-9a-f]{3,8}\b/i);
  });

  it("uses no variable that no palette defines", () => {
    const used = new Set([...text.matchAll(/var\(--(\w+)\)/g)].map(([, name]) => name));
    const defined = new Set(Object.keys(palettes("#1f4fd8").light));
    expect([...used].filter((name) => !defined.has(name ?? ""))).toEqual([]);
  });
});
