import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalSegments } from "../../../src/policy/canonical_path.ts";

function read(path: string): { readonly decoded: readonly string[]; readonly path: string } | string {
  const result = canonicalSegments(path);
  return result.ok ? { decoded: result.value.decoded, path: result.value.path } : result.error;
}

describe("CWE-436: a path that two servers could read as two is refused", () => {
  it.each([
    ["an empty segment", "//orders"],
    ["an empty segment inside", "/a//b"],
    ["two slashes at the end", "/a//"],
    ["a dot segment", "/a/./b"],
    ["a dot segment at the end", "/a/."],
    ["a parent segment", "/a/../b"],
    ["a parent segment at the end", "/a/.."],
    ["an encoded dot", "/a/%2e/b"],
    ["an encoded parent", "/a/%2e%2e/b"],
    ["a half encoded parent", "/a/.%2E/b"],
    ["three dots", "/a/.../b"],
    ["an encoded slash", "/a%2fb"],
    ["an encoded slash in upper case", "/a%2Fb"],
    ["an encoded parent behind an encoded slash", "/a%2f..%2fb"],
    ["an encoded backslash", "/a%5cb"],
    ["an encoded backslash in upper case", "/a%5Cb"],
    ["a backslash", "/a\\b"],
    ["path parameters", "/a;x=1/b"],
    ["a lone semicolon", "/;/b"],
    ["encoded path parameters", "/a%3bx"],
    ["encoded path parameters in upper case", "/a%3Bx"],
    ["NUL", "/a%00"],
    ["a line break", "/a%0d%0a"],
    ["a tab", "/a%09b"],
    ["DEL", "/a%7f"],
    ["a C1 control", "/a%c2%85"],
    ["half an escape", "/a%"],
    ["half an escape inside", "/a%2/b"],
    ["no hexadecimal", "/a%zz"],
    ["a signed escape", "/a%-1"],
    ["an IIS escape", "/a%u002e"],
    ["bytes that are not UTF-8", "/a%ff"],
    ["half a character", "/a%c3"],
    ["an overlong slash", "/a%c0%af"],
    ["an overlong dot", "/a%c0%ae"],
    ["an overlong slash of three bytes", "/a%e0%80%af"],
    ["a surrogate in UTF-8", "/a%ed%a0%80"],
    ["beyond Unicode", "/a%f4%90%80%80"],
    ["double encoding of a dot", "/a/%252e%252e"],
    ["double encoding of a slash", "/a%252fb"],
    ["double encoding in mixed case", "/a%252Fb"],
    ["triple encoding", "/a%25252f"],
    ["an escape put together", "/%2%35f"],
    ["a fullwidth slash", "/a%ef%bc%8fb"],
    ["a fullwidth dot", "/%ef%bc%8e%ef%bc%8e"],
    ["a fullwidth backslash", "/a%ef%bc%bcb"],
    ["a fullwidth semicolon", "/a%ef%bc%9bb"],
    ["a fullwidth percent sign", "/%ef%bc%852f"],
    ["a one dot leader", "/a%e2%80%a4"],
    ["a two dot leader", "/%e2%80%a5"],
    ["an ellipsis", "/a%e2%80%a6"],
    ["a dot at the end", "/a."],
    ["a dot at a segment's end", "/a./b"],
    ["an encoded dot at the end", "/a%2e"],
    ["a space at the end", "/a%20"],
    ["a space at a segment's end", "/a%20/b"],
    ["a no-break space at the end", "/a%c2%a0"],
    ["a byte order mark at the end", "/a%ef%bb%bf"],
    ["a raw space", "/a b/ "],
    ["raw characters beyond ASCII", "/ä"],
    ["no slash at the start", "a"],
    ["nothing", ""],
    ["an asterisk", "*"],
    ["a whole URL", "http://x/a"],
  ])("%s: %j", (_, path) => {
    expect(read(path)).toBe("path_ambiguous");
  });

  it("a path longer than 4,096 characters or deeper than 64 segments is too long", () => {
    expect(read(`/${"a".repeat(4_096)}`)).toBe("path_too_long");
    expect(read(`/${"a".repeat(4_095)}`)).toMatchObject({ decoded: ["a".repeat(4_095)] });
    expect(read("/a".repeat(65))).toBe("path_too_long");
    expect(read("/a".repeat(64))).toMatchObject({ decoded: Array<string>(64).fill("a") });
  });
});

describe("RFC 3986 6.2.2: equal paths have one spelling", () => {
  it.each([
    ["/", [], "/"],
    ["/orders", ["orders"], "/orders"],
    ["/orders/", ["orders", ""], "/orders/"],
    ["/%6Frders", ["orders"], "/orders"],
    ["/%6frders", ["orders"], "/orders"],
    ["/%4F", ["O"], "/O"],
    ["/a%2Db%7e", ["a-b~"], "/a-b~"],
    ["/a%20b", ["a b"], "/a%20b"],
    ["/%c3%a4", ["ä"], "/%C3%A4"],
    ["/%C3%a4", ["ä"], "/%C3%A4"],
    ["/a%3Fb%23c", ["a?b#c"], "/a%3Fb%23c"],
    ["/a%25b", ["a%b"], "/a%25b"],
    ["/100%25", ["100%"], "/100%25"],
    ["/%22%3C%3E", ['"<>'], "/%22%3C%3E"],
    ["/a!$&'()*+,=:@b", ["a!$&'()*+,=:@b"], "/a!$&'()*+,=:@b"],
    ["/a%21", ["a!"], "/a!"],
    ["/.well-known/x", [".well-known", "x"], "/.well-known/x"],
    ["/a..b", ["a..b"], "/a..b"],
    ["/v1.2", ["v1.2"], "/v1.2"],
    ["/%F0%9F%98%80", ["😀"], "/%F0%9F%98%80"],
    ["/%5B%5D%7C%5E%60%7B%7D", ["[]|^`{}"], "/%5B%5D%7C%5E%60%7B%7D"],
  ])("%j is %j, sent as %j", (path, decoded, canonical) => {
    expect(read(path)).toEqual({ decoded, path: canonical });
  });
});

/** What an origin does with a path: splits at slashes, and decodes each segment once, as bytes. */
function originDecodes(path: string): string[] {
  if (path === "/") return [];
  return path
    .slice(1)
    .split("/")
    .map((segment) => {
      const bytes: number[] = [];
      for (let at = 0; at < segment.length; at++) {
        if (segment[at] === "%") {
          bytes.push(Number.parseInt(segment.slice(at + 1, at + 3), 16));
          at += 2;
        } else bytes.push(segment.charCodeAt(at));
      }
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
    });
}

const piece = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("a", "b", "secret", "public", "orders", "x.y", "-", "~") },
  { weight: 2, arbitrary: fc.constantFrom("/", "//", "/./", "/../", "..", ".", ";", "\\", "%", " ") },
  {
    weight: 3,
    arbitrary: fc.constantFrom("%2e", "%2E", "%2f", "%2F", "%5c", "%3b", "%00", "%25", "%252e", "%c0%af", "%ff", "%20"),
  },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 255 }).map((byte) => `%${byte.toString(16).padStart(2, "0")}`) },
  { weight: 1, arbitrary: fc.constantFrom("%ef%bc%8f", "%e2%80%a5", "%c3%a4", "%F0%9F%98%80", "%E2%84%AA") },
  { weight: 1, arbitrary: fc.string({ maxLength: 4, unit: "binary" }) },
);
const anyPath = fc.array(piece, { maxLength: 12 }).map((pieces) => `/${pieces.join("")}`);

describe("properties over random spellings", () => {
  it("what is passed on, decoded once as an origin does, is exactly what was matched", () => {
    let passed = 0;
    fc.assert(
      fc.property(anyPath, (path) => {
        const result = canonicalSegments(path);
        if (!result.ok) return;
        passed += 1;
        expect(originDecodes(result.value.path)).toEqual(result.value.decoded);
      }),
      { numRuns: 20_000 },
    );
    expect(passed).toBeGreaterThan(200);
  });

  it("what is passed on holds nothing that a server could cut, join or climb by", () => {
    fc.assert(
      fc.property(anyPath, (path) => {
        const result = canonicalSegments(path);
        if (!result.ok) return;
        const sent = result.value.path;
        expect(sent).toMatch(/^\/(?:[A-Za-z0-9._~!$&'()*+,=:@-]|%[0-9A-F]{2}|\/)*$/);
        expect(sent).not.toMatch(/\/\/|\/\.{1,2}(?:\/|$)|%2[EF]|%5C|%3B|%00|%25[0-9A-Fa-f]{2}|\.(?:\/|$)|%20(?:\/|$)/);
      }),
      { numRuns: 20_000 },
    );
  });

  it("the canonical form of a canonical form is itself", () => {
    fc.assert(
      fc.property(anyPath, (path) => {
        const once = canonicalSegments(path);
        if (once.ok) expect(canonicalSegments(once.value.path)).toEqual(once);
      }),
      { numRuns: 10_000 },
    );
  });

  it("a plain path is canonical however its characters are escaped", () => {
    const plain = fc
      .array(fc.stringMatching(/^[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,6}[A-Za-z0-9_~-]$/), { minLength: 1, maxLength: 5 })
      .map((segments) => `/${segments.join("/")}`);
    fc.assert(
      fc.property(plain, fc.infiniteStream(fc.constantFrom(0, 0, 1, 2)), (path, choices) => {
        const spelled = [...path]
          .map((symbol) => {
            const choice = symbol === "/" ? 0 : choices.next().value;
            const hex = symbol.charCodeAt(0).toString(16);
            return choice === 0 ? symbol : `%${choice === 1 ? hex : hex.toUpperCase()}`;
          })
          .join("");
        expect(read(spelled)).toEqual({ decoded: path.slice(1).split("/"), path });
      }),
      { numRuns: 5_000 },
    );
  });
});
