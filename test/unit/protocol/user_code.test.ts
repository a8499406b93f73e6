import { array, assert, constantFrom, property, string, tuple, uint8Array } from "fast-check";
import { describe, expect, it } from "vitest";
import { platformRandom, type RandomBytes } from "../../../src/kernel/random.ts";
import { formatUserCode, newUserCode, parseUserCode } from "../../../src/protocol/user_code.ts";

const ALPHABET = "BCDFGHJKLMNPQRSTVWXZ";
const letters = constantFrom(...ALPHABET);

/** Bytes that a test chose, from the beginning again where they end. */
function bytesOf(...chosen: readonly number[]): RandomBytes {
  let at = 0;
  return (length) => Uint8Array.from({ length }, () => chosen[at++ % chosen.length] ?? 0);
}

describe("RFC 8628 6.1: user codes", () => {
  it("are eight letters without vowels and look-alikes, each as likely as any other", () => {
    const seen = new Map<string, number>();
    for (let draw = 0; draw < 2_000; draw++) {
      const code = newUserCode(platformRandom);
      expect(code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{8}$/);
      for (const letter of code) seen.set(letter, (seen.get(letter) ?? 0) + 1);
    }
    // 800 of each are expected, with a deviation of 28: six of them.
    for (const letter of ALPHABET) expect(Math.abs((seen.get(letter) ?? 0) - 800), letter).toBeLessThan(168);
  });

  it("bytes that would make some letters likelier are left out", () => {
    expect(newUserCode(bytesOf(240, 255, 0, 19, 20, 239))).toBe("BZBZBZBZ");
  });

  it("are shown in two groups", () => {
    const code = parseUserCode("BCDFGHJK");
    expect(code === null ? null : formatUserCode(code)).toBe("BCDF-GHJK");
  });
});

describe("a user code as people type it", () => {
  it.each([
    ["as it is shown", "BCDF-GHJK"],
    ["in small letters", "bcdf-ghjk"],
    ["without the dash", "BCDFGHJK"],
    ["with a space", "BCDF GHJK"],
    ["with spaces round it", "  bcdf-GHJK\t"],
    ["letter by letter", "B C D F G H J K"],
    ["with the dash of a phone's keyboard", "BCDF\u2013GHJK"],
    ["with a space that does not break", "BCDF\u00a0GHJK"],
  ])("%s", (_, text) => {
    expect(parseUserCode(text)).toBe("BCDFGHJK");
  });

  it.each([
    ["nothing", ""],
    ["a letter too few", "BCDF-GHJ"],
    ["a letter too many", "BCDF-GHJKL"],
    ["a vowel", "BCDA-GHJK"],
    ["a digit", "BCD0-GHJK"],
    ["a letter left out for its looks", "BCDY-GHJK"],
    ["another sign between", "BCDF_GHJK"],
    ["a full stop", "BCDF.GHJK"],
    ["the Kelvin sign, which becomes a K", "BCDFGHJ\u212a"],
    ["a long s, whose capital is an S", "BCDFGHJ\u017f"],
    ["fullwidth letters", "\uff22CDFGHJK"],
    ["a zero-width space", "BCDF\u200bGHJK"],
    ["a code lost in spaces", `BCDF${" ".repeat(64)}GHJK`],
  ])("%s is none", (_, text) => {
    expect(parseUserCode(text)).toBeNull();
  });

  it("whatever it is spelt like, it is read as what it is; and is nothing else", () => {
    const noise = constantFrom("", "-", " ", " - ", "\u2014");
    assert(
      property(array(tuple(letters, noise, constantFrom(true, false)), { minLength: 8, maxLength: 8 }), (parts) => {
        const text = parts.map(([letter, after, small]) => `${small ? letter.toLowerCase() : letter}${after}`).join("");
        expect(parseUserCode(text)).toBe(parts.map(([letter]) => letter).join(""));
      }),
    );
    assert(
      property(string(), (text) => {
        expect(parseUserCode(text) ?? "BBBBBBBB").toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{8}$/);
      }),
    );
    assert(
      property(uint8Array({ minLength: 16, maxLength: 64 }), (bytes) => {
        const code = newUserCode(bytesOf(...bytes, 7));
        expect(parseUserCode(formatUserCode(code))).toBe(code);
      }),
    );
  });
});
