import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRoutePattern } from "../../../src/policy/route_pattern.ts";
import { RouteTable } from "../../../src/policy/route_table.ts";

interface Row {
  readonly path: string;
  readonly methods: readonly string[];
}

function table(rows: readonly Row[]): RouteTable<string> {
  return new RouteTable(
    rows.map(({ path, methods }) => {
      const pattern = parseRoutePattern(path);
      if (!pattern.ok) throw new Error(pattern.error);
      return { pattern: pattern.value, methods, route: path };
    }),
  );
}

function gets(...paths: string[]): RouteTable<string> {
  return table(paths.map((path) => ({ path, methods: ["GET"] })));
}

function split(path: string): string[] {
  return path === "/" ? [] : path.slice(1).split("/");
}

function routeOf(routes: RouteTable<string>, path: string): string | null {
  const match = routes.match("GET", split(path));
  return match.kind === "matched" ? match.route : null;
}

describe("the most specific route wins", () => {
  const routes = gets("/a/b", "/a/:x", "/a/*", "/:x/b", "/*", "/a/:x/c", "/a/b/c/d", "/");

  it.each([
    ["/", "/"],
    ["/a/b", "/a/b"],
    ["/a/z", "/a/:x"],
    ["/a/z/c", "/a/:x/c"],
    ["/a/z/y", "/a/*"],
    ["/a/b/c", "/a/:x/c"],
    ["/a/b/c/d", "/a/b/c/d"],
    ["/a/b/c/e", "/a/*"],
    ["/z/b", "/:x/b"],
    ["/z/y", "/*"],
    ["/z", "/*"],
  ])("%s -> %s", (path, expected) => {
    expect(routeOf(routes, path)).toBe(expected);
  });

  it("a broader route does not answer for a method that the more specific one lacks", () => {
    const mixed = table([
      { path: "/a/b", methods: ["GET"] },
      { path: "/a/*", methods: ["GET", "DELETE"] },
    ]);
    expect(mixed.match("DELETE", ["a", "b"])).toEqual({ kind: "method_not_allowed", allow: ["GET", "HEAD"] });
    expect(mixed.match("DELETE", ["a", "c"])).toMatchObject({ kind: "matched", route: "/a/*" });
  });

  it("HEAD is GET's, unless it has a route of its own; nothing else is borrowed", () => {
    const routes2 = table([
      { path: "/a", methods: ["GET"] },
      { path: "/b", methods: ["POST"] },
    ]);
    expect(routes2.match("HEAD", ["a"])).toMatchObject({ kind: "matched", route: "/a" });
    expect(routes2.match("HEAD", ["b"])).toEqual({ kind: "method_not_allowed", allow: ["POST"] });
    expect(routes2.match("get", ["a"])).toMatchObject({ kind: "method_not_allowed" });
  });
});

describe("CWE-436: a path that a lenient origin takes for a more specific route's has that route's verdict or none", () => {
  const routes = gets("/files/secret", "/files/*", "/api/:id", "/api/me", "/deep/a/b", "/*");

  it.each([
    ["/files/secret", "/files/secret"],
    ["/files/secret/", "/files/secret"],
    ["/files/secrets", "/files/*"],
    ["/files/", "/files/*"],
    ["/files/Secret", null],
    ["/files/SECRET/", null],
    ["/files/ſecret", null],
    ["/files/ｓｅｃｒｅｔ", null],
    ["/Files/secret", null],
    ["/Files/open", null],
    ["/files", null],
    ["/api/me", "/api/me"],
    ["/api/me/", "/api/me"],
    ["/api/ME", null],
    ["/api/you", "/api/:id"],
    ["/api/you/", "/api/:id"],
    ["/deep/A/b", null],
    ["/deep/a/B", null],
    ["/deep/a/c", "/*"],
    ["/Deep/a/c", "/*"],
    ["/other/", "/*"],
  ])("%s -> %s", (path, expected) => {
    expect(routeOf(routes, path)).toBe(expected);
  });

  it("a slash at the end that two routes claim belongs to neither", () => {
    const both = gets("/files", "/files/*");
    expect(routeOf(both, "/files")).toBe("/files");
    expect(routeOf(both, "/files/a")).toBe("/files/*");
    expect(routeOf(both, "/files/")).toBeNull();
  });

  it("two literals that differ in case are two routes; a third spelling is neither", () => {
    const twins = gets("/a/B", "/a/b", "/a/*");
    expect([routeOf(twins, "/a/B"), routeOf(twins, "/a/b")]).toEqual(["/a/B", "/a/b"]);
    expect(routeOf(gets("/a/Bc", "/a/bC", "/a/*"), "/a/BC")).toBeNull();
  });
});

describe("agreement with a naive oracle", () => {
  const segment = fc.constantFrom("a", "b", "c");
  const patternPart = fc.oneof({ weight: 3, arbitrary: segment }, fc.constant(":x"));
  const rowPath = fc
    .tuple(fc.array(patternPart, { maxLength: 4 }), fc.boolean())
    .map(
      ([parts, rest]) =>
        `/${[...parts.map((part, at) => (part === ":x" ? `:p${at}` : part)), ...(rest ? ["*"] : [])].join("/")}`,
    );

  /** Ranks a pattern that matches `segments`, digit by digit from the left: literal 3, parameter 2, rest 1; null if not. */
  function rank(pattern: string, segments: readonly string[]): string | null {
    const parts = split(pattern);
    let ranks = "";
    for (const [at, part] of parts.entries()) {
      if (part === "*") return segments.length > at ? `${ranks}1` : null;
      const value = segments[at];
      if (value === undefined) return null;
      if (part.startsWith(":")) ranks += "2";
      else if (part === value) ranks += "3";
      else return null;
    }
    return parts.length === segments.length ? ranks : null;
  }

  it("on random tables and paths of plain segments, where no `*` begins right behind the path", () => {
    let matched = 0;
    fc.assert(
      fc.property(
        fc.uniqueArray(rowPath, { minLength: 1, maxLength: 12 }),
        fc.array(segment, { maxLength: 5 }),
        (paths, segments) => {
          const shapes = new Map(paths.map((path) => [path.replace(/:p\d/g, ":"), path]));
          const unique = [...shapes.values()];
          const borders = unique.some(
            (path) => path.endsWith("/*") && rank(path.slice(0, -2) || "/", segments) !== null,
          );
          fc.pre(!borders);
          const ranked = unique.flatMap((path) => {
            const score = rank(path, segments);
            return score === null ? [] : [{ path, score }];
          });
          const best = ranked.toSorted((a, b) => (a.score < b.score ? 1 : -1))[0]?.path ?? null;
          const found = gets(...unique).match("GET", segments);
          expect(found.kind === "matched" ? found.route : null).toBe(best);
          if (best !== null) matched += 1;
        },
      ),
      { numRuns: 3_000 },
    );
    expect(matched).toBeGreaterThan(100);
  });

  it("a table's order does not matter", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(rowPath, { minLength: 2, maxLength: 8 }),
        fc.array(segment, { maxLength: 4 }),
        (paths, segments) => {
          const unique = [...new Map(paths.map((path) => [path.replace(/:p\d/g, ":"), path])).values()];
          const one = gets(...unique).match("GET", segments);
          const other = gets(...unique.toReversed()).match("GET", segments);
          expect(other).toEqual(one);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

describe("patterns", () => {
  it.each([
    ["orders", "a path begins with a slash"],
    ["", "a path begins with a slash"],
    ["/a/", "empty segment or trailing slash"],
    ["//a", "empty segment or trailing slash"],
    ["/a/*/b", "`*` may only be the last segment"],
    ["/:id/:id", "parameter `:id` appears twice"],
    ["/a%20b", "segment `a%20b` is not plain text or `:name`"],
    ["/.", "segment `.` is not plain text or `:name`"],
    ["/..", "segment `..` is not plain text or `:name`"],
    ["/a.", "segment `a.` is not plain text or `:name`"],
    ["/a;b", "segment `a;b` is not plain text or `:name`"],
    ["/a*", "segment `a*` is not plain text or `:name`"],
    ["/:", "segment `:` is not plain text or `:name`"],
    ["/:a-b", "segment `:a-b` is not plain text or `:name`"],
    ["/ä", "segment `ä` is not plain text or `:name`"],
    ["/a?b", "segment `a?b` is not plain text or `:name`"],
  ])("%j is refused: %s", (path, reason) => {
    expect(parseRoutePattern(path)).toEqual({ ok: false, error: reason });
  });

  it.each(["/", "/a", "/a.b/c-d_e~", "/:id", "/a/:id/b/*", "/*", "/@me/$1", "/v1.2/a:b"])("%j is a pattern", (path) => {
    expect(parseRoutePattern(path).ok).toBe(true);
  });
});
