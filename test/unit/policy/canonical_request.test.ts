import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalRequest } from "../../../src/policy/canonical_request.ts";
import { parseRoutePattern } from "../../../src/policy/route_pattern.ts";
import { RouteTable } from "../../../src/policy/route_table.ts";

const PATTERNS = [
  "/public/*",
  "/public/secret",
  "/public/:id/private",
  "/orders",
  "/orders/:id",
  "/admin/*",
  "/admin/users",
  "/*",
];
const PROTECTED = new Set([
  "/public/secret",
  "/public/:id/private",
  "/orders",
  "/orders/:id",
  "/admin/*",
  "/admin/users",
]);

const routes = new RouteTable(
  PATTERNS.map((path) => {
    const pattern = parseRoutePattern(path);
    if (!pattern.ok) throw new Error(pattern.error);
    return { pattern: pattern.value, methods: ["GET"], route: path };
  }),
);

/** The route whose verdict a spelling gets, and the path that is sent; null where it is refused. */
function verdict(target: string): { readonly route: string; readonly sent: string } | null {
  let url: URL;
  try {
    url = new URL(`https://api.test${target}`);
  } catch {
    return null;
  }
  const canonical = canonicalRequest("GET", url);
  if (!canonical.ok) return null;
  const match = routes.match("GET", canonical.value.segments);
  return match.kind === "matched" ? { route: match.route, sent: canonical.value.path } : null;
}

/** The segments that a lenient origin serves: decoded as often as it can be, folded, dots and slashes resolved. */
function lenientOrigin(sent: string): string[] {
  let text = sent;
  for (let round = 0; round < 3; round++) {
    try {
      text = decodeURIComponent(text);
    } catch {
      break;
    }
  }
  const folded = text
    .normalize("NFKC")
    .replaceAll("\\", "/")
    .replace(/;[^/]*/g, "")
    .toLowerCase();
  const segments: string[] = [];
  for (const part of folded.split("/")) {
    const name = part.replace(/[.\s]+$/, "");
    if (part === "..") segments.pop();
    else if (part !== "" && part !== "." && name !== "") segments.push(name);
  }
  return segments;
}

const spelling = fc.constantFrom(
  ...["public", "secret", "orders", "admin", "users", "private", "7", "PUBLIC", "Secret", "ORDERS", "Admin", "x"],
  ...[
    "/",
    "//",
    "/./",
    "/../",
    "..",
    ".",
    ";a=b",
    "\\",
    "%2e",
    "%2E%2e",
    "%2f",
    "%2F",
    "%5c",
    "%5C",
    "%3b",
    "%00",
    "%20",
  ],
  ...["%73ecret", "%53ecret", "secre%74", "%252e", "%252f", "%2573ecret", "%c0%af", "%ef%bc%8f", "%ef%bd%93ecret"],
  ...["%e2%80%a5", "%c5%bfecret", "?x=/public/secret", "#/public/x", "\t", "\n", "%0a", "@", ":", "%"],
);
const target = fc.array(spelling, { minLength: 1, maxLength: 9 }).map((pieces) => `/${pieces.join("/")}`);
const glued = fc.array(spelling, { minLength: 1, maxLength: 9 }).map((pieces) => `/${pieces.join("")}`);

describe("no spelling of a path reaches the origin unauthorised", () => {
  it.each([
    ["/public/secret", "/public/secret"],
    ["/public/x/../secret", "/public/secret"],
    ["/public/%2e%2e/orders", "/orders"],
    ["/public\\secret", "/public/secret"],
    ["/pub\tlic/sec\nret", "/public/secret"],
    ["/%70ublic/%73ecret", "/public/secret"],
    ["/public/secret#x", "/public/secret"],
    ["/public/secret?x", "/public/secret"],
    ["/public/secret/", "/public/secret"],
    ["/public/Secret", undefined],
    ["/PUBLIC/secret", undefined],
    ["//public/secret", undefined],
    ["/public/%2e%2e%2forders", undefined],
    ["/public/secret;x", undefined],
    ["/public/open", "/public/*"],
    ["/else", "/*"],
  ])("%j gets the verdict of %s", (path, route) => {
    expect(verdict(path)?.route).toBe(route);
  });

  it.each([
    ["segments", target],
    ["glued pieces", glued],
  ])(
    "random %s: what a lenient origin would serve is never more protected than what was decided on",
    (_, arbitrary) => {
      const seen = { open: 0, guarded: 0, refused: 0 };
      fc.assert(
        fc.property(arbitrary, (path) => {
          const decided = verdict(path);
          if (decided === null) {
            seen.refused += 1;
            return;
          }
          if (PROTECTED.has(decided.route)) {
            seen.guarded += 1;
            return;
          }
          seen.open += 1;
          const served = routes.match("GET", lenientOrigin(decided.sent));
          expect(served.kind === "matched" && PROTECTED.has(served.route), `${path} was sent as ${decided.sent}`).toBe(
            false,
          );
        }),
        { numRuns: 20_000 },
      );
      for (const count of Object.values(seen)) expect(count).toBeGreaterThan(20);
    },
  );

  it("random spellings of one path get its verdict, or none", () => {
    const paths = fc.constantFrom(
      "/public/secret",
      "/public/7/private",
      "/orders",
      "/orders/7",
      "/admin/users",
      "/admin/x",
    );
    fc.assert(
      fc.property(paths, fc.infiniteStream(fc.integer({ min: 0, max: 9 })), (path, choices) => {
        const spelled = [...path]
          .map((symbol) => {
            const choice = choices.next().value;
            const hex = symbol.charCodeAt(0).toString(16);
            if (symbol === "/") return ["/", "/", "/", "/", "/", "/", "/./", "//", "/x/../", "%2f"][choice];
            return [
              symbol,
              symbol,
              symbol,
              symbol,
              symbol,
              symbol,
              `%${hex}`,
              `%${hex.toUpperCase()}`,
              `%25${hex}`,
              symbol,
            ][choice];
          })
          .join("");
        const decided = verdict(spelled);
        if (decided !== null) expect(decided).toEqual(verdict(path));
      }),
      { numRuns: 20_000 },
    );
  });
});

describe("queries", () => {
  const parse = (search: string) => canonicalRequest("GET", new URL(`https://api.test/a${search}`));

  it.each([
    "?access_token=x",
    "?access_token",
    "?a=1&access_token=x",
    "?%61ccess_token=x",
    "?access%5ftoken=",
    "?+&access_token=x",
  ])("RFC 6750 2.3: %s holds a token", (search) =>
    expect(parse(search)).toEqual({ ok: false, error: "credential_in_query" }),
  );

  it.each(["?a=%", "?a=%2", "?a=%zz", "?%00", "?a=%00b", "?a=\\"])("%j is refused", (search) =>
    expect(parse(search)).toEqual({ ok: false, error: "query_ambiguous" }),
  );

  it.each(["", "?a=1", "?a=%20&b=+", "?xaccess_token=1", "?accesstoken=1", "?a=access_token", "?/..//;x"])(
    "%j passes as it is",
    (search) => expect(parse(search)).toMatchObject({ ok: true, value: { search } }),
  );

  it("host and scheme are the platform's, in lower case", () => {
    const url = new URL("HTTPS://API.Test:443/a");
    expect(canonicalRequest("GET", url)).toMatchObject({ ok: true, value: { host: "api.test", scheme: "https:" } });
  });
});
