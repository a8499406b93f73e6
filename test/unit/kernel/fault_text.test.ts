import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { faultFields, faultText, OwnWords } from "../../../src/kernel/fault_text.ts";
import { Outage } from "../../../src/kernel/outage.ts";

const KEY = `sk_${"live"}_${"a".repeat(49)}`;

describe("what a log says of what was thrown", () => {
  it.each<[string, unknown, string]>([
    ["an error's message", new TypeError("no verdict"), "no verdict"],
    ["an outage's cause, however deep", new Outage("a", { cause: new Outage("b", { cause: "deadline" }) }), "deadline"],
    ["an outage without one", new Outage("d1"), "d1 is unavailable"],
    ["no error at all", "broken", "broken"],
    ["nothing", undefined, "undefined"],
    ["the platform's words", new Error("internal error; reference = a1b2c3"), "internal error; reference = a1b2c3"],
    ["a statement's", new Error("D1_ERROR: no such table: users"), "D1_ERROR: no such table: users"],
    [
      "our own words, to the end",
      new OwnWords(`origins.main.url: https://a.example ${"x".repeat(400)}`),
      `origins.main.url: https://a.example ${"x".repeat(400)}`,
    ],
  ])("%s", (_name, thrown, said) => {
    expect(faultText(thrown)).toBe(said);
  });

  it.each<[string, string]>([
    ["an address with a password", "https://ada:lovelace@db.example/x?token=s3cret"],
    ["an address of a database", "rediss://default:s3cret@db.example:6379"],
    ["an API key", KEY],
    ["a refresh token", "spr_AAAA.BBBB"],
    ["a JWT", "eyJhbGciOiJub25lIn0.e30.x"],
    ["a secret without a prefix", "A".repeat(43)],
    ["an address of a mail", "ada@example.org"],
  ])("%s is withheld", (_name, secret) => {
    for (const thrown of [new Error(`no answer from ${secret} today`), new Outage("d1", { cause: secret }), secret]) {
      expect(faultText(thrown)).not.toContain(secret.slice(-6));
      expect(faultText(thrown)).toContain("[withheld]");
    }
    expect(JSON.stringify(faultFields(new Outage("d1", { cause: new Error(secret) })))).not.toContain(secret.slice(-6));
  });

  it("what could not be read is not quoted", () => {
    let thrown: unknown;
    try {
      JSON.parse('hunter2 {"password":1}');
    } catch (error) {
      thrown = error;
    }
    expect(faultText(thrown)).toBe("SyntaxError");
    expect(faultFields(new Outage("kv", { cause: thrown }))).toEqual({
      error: "kv is unavailable",
      cause: "SyntaxError",
    });
  });

  it("is short, and tells no part of a secret that begins where it is cut", () => {
    const words = fc.array(fc.constantFrom("no", "answer", KEY, "of"), { minLength: 1, maxLength: 400 });
    fc.assert(
      fc.property(words, (some) => {
        const said = faultText(new Error(some.join(" ")));
        expect(said.length).toBeLessThanOrEqual(300);
        expect(said).not.toContain("aaaa");
      }),
    );
  });

  it("a text that looks like the beginnings of many addresses costs no time to speak of", () => {
    expect(faultText(new Error("a.".repeat(1_000_000))).length).toBeLessThanOrEqual(300);
  });
});
