import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromUtf8 } from "../../../src/kernel/bytes.ts";
import { canonicalJson, readExactJson, writeExactJson } from "../../../src/kernel/exact_json.ts";
import suite from "../../vectors/json-parsing/json-test-suite.json";

const STRICT = { maxDepth: 32, strict: true };
const LAX = { maxDepth: 64, strict: false };

describe("JSON with one meaning", () => {
  it("any JSON is read as JSON.parse reads it, and written so that it reads the same", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom("", " ", "\n\t "), (text, blank) => {
        const read = readExactJson(`${blank}${text}${blank}`, LAX);
        if (!read.ok) return expect(read.error).toBe("number_too_long");
        const again = writeExactJson(read.value);
        expect(JSON.parse(again)).toEqual(JSON.parse(text));
        expect(readExactJson(again, LAX)).toEqual(read);
      }),
    );
  });

  it("the cases of JSONTestSuite: what must parse does but for duplicate names, what must not is refused", () => {
    const wrong = Object.entries(suite.cases).filter(([name, bytes]) => {
      const text = fromUtf8(Uint8Array.from(atob(bytes), (character) => character.charCodeAt(0)));
      const read = text === null ? null : readExactJson(text, LAX);
      if (name.startsWith("n_")) return read?.ok === true;
      return name.startsWith("y_") && !read?.ok && !/duplicated_key/.test(name);
    });
    expect(wrong.map(([name]) => name)).toEqual([]);
  });

  it("any text that JSON.parse refuses is refused", () => {
    const pieces = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"a"',
      '"',
      "1",
      "-",
      ".5",
      "e3",
      "true",
      "nul",
      " ",
      "\\",
      "0",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = parts.join("");
        const isJson = (() => {
          try {
            JSON.parse(text);
            return true;
          } catch {
            return false;
          }
        })();
        const read = readExactJson(text, LAX);
        if (!isJson) expect(read.ok).toBe(false);
        else if (!read.ok) expect(["duplicate_name", "number_too_long"]).toContain(read.error);
      }),
      { numRuns: 5_000 },
    );
  });

  it.each([
    ['{"a":1,"\\u0061":2}', "duplicate_name"],
    ['{"__proto__":1,"__proto__":2}', "duplicate_name"],
    [`${"[".repeat(33)}${"]".repeat(33)}`, "too_deep"],
    ["1e999", "number_too_long"],
    ["1e-999", "number_too_long"],
    ["0.1234567890123456789", "number_too_long"],
    ["9".repeat(41), "number_too_long"],
    ['"\\udc00"', "lone_surrogate"],
    [`[${"1,".repeat(250_001)}1]`, "too_many_values"],
    ["", "not_json"],
    ["\ufeff1", "not_json"],
    ['"\t"', "not_json"],
    ["\u00a01", "not_json"],
  ])("%.40s is refused", (text, fault) => {
    expect(readExactJson(text, STRICT)).toEqual({ ok: false, error: fault });
  });

  it("integers keep every digit, and equal values have equal canonical texts", () => {
    const read = readExactJson("[9007199254740993,-0,1.0,1e2,18446744073709551615]", STRICT);
    expect(read).toEqual({ ok: true, value: [9007199254740993n, -0, 1, 100, 18446744073709551615n] });
    const canonical = (text: string) => {
      const value = readExactJson(text, LAX);
      return value.ok ? canonicalJson(value.value) : null;
    };
    expect(canonical('{"b":1.0,"a":[1e21]}')).toBe(canonical('{"a":[1000000000000000000000],"b":1}'));
    expect(canonical("-0")).toBe(canonical("0"));
    expect(canonical("9007199254740993")).not.toBe(canonical("9007199254740992"));
  });

  it("a text of megabytes is read, ended or not", () => {
    const long = "x".repeat(4_000_000);
    expect(readExactJson(`"${long}"`, STRICT)).toEqual({ ok: true, value: long });
    expect(readExactJson(`"${long}`, STRICT)).toEqual({ ok: false, error: "not_json" });
    expect(readExactJson(`"${"\\n".repeat(1_000_000)}`, STRICT)).toEqual({ ok: false, error: "not_json" });
  });

  it("`__proto__` is a name like any other", () => {
    const read = readExactJson('{"__proto__":{"admin":true}}', STRICT);
    expect(read.ok && Object.keys(read.value as object)).toEqual(["__proto__"]);
    expect(read.ok && (read.value as { admin?: unknown }).admin).toBeUndefined();
    expect(read.ok && writeExactJson(read.value)).toBe('{"__proto__":{"admin":true}}');
  });
});
