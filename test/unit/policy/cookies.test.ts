import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cookieForCaller, cookiesForOrigin } from "../../../src/policy/cookies.ts";

const names = new Set(["theme", "__Host-cart"]);

describe("cookies that reach an origin", () => {
  it.each([
    ["theme=dark", "theme=dark"],
    ["theme=dark; __Host-cart=a.b-c", "theme=dark; __Host-cart=a.b-c"],
    ["other=1; theme=dark;other2=2", "theme=dark"],
    ["theme=", "theme="],
    ['theme="dark"', 'theme="dark"'],
    ["theme=a=b==", "theme=a=b=="],
    ["\ttheme = dark \t", "theme=dark"],
  ])("%j: %j", (header, passing) => expect(cookiesForOrigin(header, names)).toBe(passing));

  it.each([
    ["nothing", ""],
    ["another name", "theme2=1"],
    ["another case", "Theme=1; __host-cart=1"],
    ["a session of ours", "__Host-sallyport_session=secret; sallyport_session=secret"],
    ["one without a name", "=theme; theme"],
    ["one that is there twice", "theme=light; theme=dark"],
    ["one that is there twice, once malformed", 'theme=light; theme="'],
    ["an open quote, which some servers read on over the semicolon", 'theme="a; __Host-sallyport_session=secret; x="'],
    ["a quote inside", 'theme=a"b'],
    ["a comma, which some servers take for an end", "theme=a,__Host-cart=b"],
    ["two fields in one", "theme=a, other=b"],
    ["a space inside", "theme=a b"],
    ["a backslash", "theme=a\\073b"],
    ["a control character", "theme=a\u0001b"],
    ["letters beyond ASCII", "theme=é"],
    ["old attributes", "$Version=1; $Path=/"],
    ["a name with an encoded letter", "%74heme=1"],
    ["more than browsers keep", `theme=${"x".repeat(4_096)}`],
  ])("not %s", (_, header) => expect(cookiesForOrigin(header, names)).toBeNull());

  it("a cookie that is malformed keeps no other from passing", () => {
    expect(cookiesForOrigin('theme="; __Host-cart=1', names)).toBe("__Host-cart=1");
  });

  it("property: whatever is sent, an origin gets listed names, once each, and no character that ends a cookie", () => {
    const piece = fc.constantFrom(
      "theme",
      "__Host-cart",
      "sallyport_session",
      "=",
      ";",
      ",",
      '"',
      " ",
      "\\",
      "a",
      "\t",
      "\u0000",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((parts) => parts.join("")),
        ),
        (header) => {
          const passing = cookiesForOrigin(header, names);
          if (passing === null) return;
          const told = passing.split("; ").map((pair) => pair.slice(0, pair.indexOf("=")));
          expect(told.every((name) => names.has(name))).toBe(true);
          expect(new Set(told).size).toBe(told.length);
          expect(passing).not.toMatch(/[,\\\u0000-\u001f]|sallyport_session=.*;/);
        },
      ),
    );
  });

  it("a bomb is read in one pass", () => {
    const bomb = `${"theme=1;".repeat(10_000)}__Host-cart=1`;
    expect(cookiesForOrigin(bomb, names)).toBe("__Host-cart=1");
  });
});

describe("cookies that an origin sets", () => {
  it.each([
    ["theme=dark", "theme=dark; Secure"],
    [
      "theme=dark; Path=/; HttpOnly; SameSite=Lax; Max-Age=60",
      "theme=dark; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure",
    ],
    ["theme=dark; secure", "theme=dark; secure"],
    ["theme=; expires=Thu, 01 Jan 1970 00:00:00 GMT", "theme=; expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure"],
    ["theme=dark; Domain=example.com; Path=/", "theme=dark; Path=/; Secure"],
    ["theme=dark; DOMAIN =example.com; Priority=High; anything", "theme=dark; Secure"],
    ["__Host-cart=1; Path=/; Secure; Partitioned", "__Host-cart=1; Path=/; Secure; Partitioned"],
  ])("%j: %j", (field, passing) => expect(cookieForCaller(field, names, true)).toBe(passing));

  it("over plain http nothing is made Secure: no browser would keep it", () => {
    expect(cookieForCaller("theme=dark; Path=/", names, false)).toBe("theme=dark; Path=/");
  });

  it.each([
    "other=1",
    "Theme=1",
    "theme",
    "",
    "=theme",
    "sallyport_session=mine; Path=/",
    "__Host-sallyport_session=mine; Path=/; Secure",
    'theme="a',
    "theme=a,b",
    "theme=a b",
    `theme=${"x".repeat(4_096)}`,
  ])("not %j", (field) => expect(cookieForCaller(field, names, true)).toBeNull());
});
