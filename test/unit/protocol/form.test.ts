import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeFormComponent, parseForm } from "../../../src/protocol/form.ts";

/** Text that a form may carry: no control characters but tab and line ends. */
const legalText = fc
  .string({ unit: "grapheme", maxLength: 20 })
  .filter((text) => text.isWellFormed() && !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(text));

describe("RFC 6749 Appendix B: components", () => {
  it.each([
    ["plain", "abc", "abc"],
    ["+ is a space", "a+b", "a b"],
    ["an escaped +", "a%2Bb", "a+b"],
    ["escapes in either case", "%c3%A9", "é"],
    ["four bytes", "%F0%9F%94%91", "\u{1f511}"],
    ["a byte order mark is kept", "%EF%BB%BFa", "\ufeffa"],
    ["RFC 6749 Appendix B's own example", "+%25%26%2B%C2%A3%E2%82%AC", " %&+£€"],
    ["nothing", "", ""],
  ])("%s", (_, encoded, decoded) => {
    expect(decodeFormComponent(encoded)).toBe(decoded);
  });

  it.each([
    ["a lone %", "%"],
    ["half an escape", "%4"],
    ["an escape that is none", "%4x"],
    ["a sign in an escape", "%+4"],
    ["white space in an escape", "% 4"],
    ["NUL", "%00"],
    ["escape", "%1b"],
    ["DEL", "%7f"],
    ["a byte that begins nothing", "%ff"],
    ["a truncated sequence", "%e2%82"],
    ["an overlong form", "%c0%af"],
    ["a surrogate", "%ed%a0%80"],
    ["beyond Unicode", "%f4%90%80%80"],
    ["raw beyond ASCII", "é"],
    ["raw control", "a\tb"],
    ["raw DEL", "a\u007f"],
  ])("refuses %s", (_, encoded) => {
    expect(decodeFormComponent(encoded)).toBeNull();
  });
});

describe("parseForm", () => {
  it("round trips with URLSearchParams for everything legal", () => {
    const entries = fc.uniqueArray(fc.tuple(legalText, legalText), { selector: ([name]) => name, maxLength: 20 });
    fc.assert(
      fc.property(entries, (pairs) => {
        const form = parseForm(new URLSearchParams(pairs).toString());
        if (!form.ok) throw new Error(form.error.reason);
        for (const [name, value] of pairs) {
          expect(form.value.get(name)).toBe(value === "" ? undefined : value);
          expect(form.value.all(name)).toEqual(value === "" ? [] : [value]);
        }
      }),
    );
  });

  it("never throws, and what it takes it reads as URLSearchParams does", () => {
    const piece = fc.oneof(
      fc.constantFrom("&", "=", "%", "+", "%2", "%00", "%ff", "resource", "scope", "__proto__", "a", "é", "\u0000"),
      fc.string({ unit: "binary", maxLength: 4 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const body = pieces.join("");
        const form = parseForm(body);
        if (!form.ok) {
          expect(form.error.code).toBe("invalid_request");
          return;
        }
        const reference = new URLSearchParams(body);
        for (const name of reference.keys()) {
          const values = reference.getAll(name).filter((value) => value !== "");
          expect(form.value.all(name)).toEqual(values);
          if (name !== "resource") expect(reference.getAll(name)).toHaveLength(1);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("resource alone may repeat, in any spelling of its name", () => {
    const form = parseForm("resource=a&re%73ource=b&resource=");
    expect(form.ok && form.value.all("resource")).toEqual(["a", "b"]);
    fc.assert(
      fc.property(legalText, (name) => {
        fc.pre(name !== "resource" && name !== "");
        const twice = new URLSearchParams([
          [name, "x"],
          [name, ""],
        ]);
        expect(parseForm(twice.toString())).toMatchObject({ ok: false, error: { reason: "repeated_parameter" } });
      }),
    );
  });

  it("names of Object's own are names like any other", () => {
    for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      const without = parseForm("a=b");
      expect(without.ok && without.value.get(name)).toBeUndefined();
      const form = parseForm(`${name}=x`);
      expect(form.ok && form.value.get(name)).toBe("x");
    }
  });
});
