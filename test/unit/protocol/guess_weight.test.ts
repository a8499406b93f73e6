import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { guessWeight } from "../../../src/protocol/guess_weight.ts";

const CONTEXT = new Set(["harbour", "lovelace", "ada"]);
const anyPart = fc.oneof(
  fc.constantFrom(
    "harbour",
    "lovelace",
    "password",
    "qwerty",
    "1234",
    "2024",
    "aaaa",
    "abcd",
    "-",
    "!",
    " ",
    "P4ssw0rd",
  ),
  fc.string({ maxLength: 4 }),
);
const anyPassword = fc.array(anyPart, { maxLength: 12 }).map((parts) => parts.join(""));

describe("the weight of a password", () => {
  it("weighing that stops where it is certain says the same of every bound, and why", () => {
    fc.assert(
      fc.property(anyPassword, fc.integer({ min: 1, max: 60 }), (password, enough) => {
        const whole = guessWeight(password, CONTEXT);
        const stopped = guessWeight(password, CONTEXT, enough);
        expect(stopped.bits >= enough).toBe(whole.bits >= enough);
        expect(stopped.bits).toBeLessThanOrEqual(whole.bits);
        if (whole.bits < enough) expect(stopped).toEqual(whole);
      }),
      { numRuns: 300 },
    );
  });

  it("stops: what follows is not looked at", () => {
    const start = "teal gravel mitten otter";
    expect(guessWeight(start + "x7".repeat(50), CONTEXT, 34)).toEqual(
      guessWeight(`${start}${"q".repeat(100)}`, CONTEXT, 34),
    );
    expect(guessWeight(start + "x7".repeat(50), CONTEXT)).not.toEqual(
      guessWeight(`${start}${"q".repeat(100)}`, CONTEXT),
    );
  });
});
