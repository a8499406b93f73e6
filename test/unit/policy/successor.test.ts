import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRoutePattern } from "../../../src/policy/route_pattern.ts";
import { parseSuccessor, successorOf } from "../../../src/policy/successor.ts";

const pattern = parseRoutePattern("/v1/pets/:id/toys/:toy");

function follow(successor: string, segments: readonly string[]): string {
  const pieces = pattern.ok ? parseSuccessor(successor, pattern.value) : pattern;
  if (!pieces.ok) throw new Error(pieces.error);
  return successorOf(pieces.value, segments);
}

describe("RFC 8288: the link to what replaces a route", () => {
  const segments = ["v1", "pets", "7", "toys", "a b>"];

  it.each([
    ["/v2/pets", "/v2/pets"],
    ["/v2/toys/:toy/of/:id", "/v2/toys/a%20b%3E/of/7"],
    ["/v2/pets/:id?from=:id", "/v2/pets/7?from=:id"],
    ["https://next.example:8443/pets/:id", "https://next.example:8443/pets/7"],
    ["/v2/pets/:id:x", "/v2/pets/:id:x"],
  ])("%s: %s", (successor, link) => expect(follow(successor, segments)).toBe(link));

  it("a name that the path does not have is told", () => {
    expect(pattern.ok && parseSuccessor("/v2/:pet", pattern.value)).toEqual({ ok: false, error: "pet" });
  });

  it("property: whatever a call has in its path stays one segment of the link", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (id) => {
        fc.pre(id.isWellFormed());
        const link = follow("/v2/pets/:id", ["v1", "pets", id, "toys", "x"]);
        expect(link).toMatch(/^\/v2\/pets\/[A-Za-z0-9%._~!*'()-]*$/);
        expect(decodeURIComponent(link.slice("/v2/pets/".length))).toBe(id);
      }),
    );
  });
});
