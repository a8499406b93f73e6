import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { knownShapes, pathShape } from "../../../src/policy/path_shape.ts";
import { parseRoutePattern } from "../../../src/policy/route_pattern.ts";

const known = knownShapes(
  ["/orders", "/people/:name/Orders2024", "/files/*"].flatMap((path) => {
    const pattern = parseRoutePattern(path);
    return pattern.ok ? [pattern.value] : [];
  }),
);
const shape = (path: string) => pathShape(path.slice(1).split("/"), known);

describe("the shape of a path that no route lists", () => {
  it.each([
    ["/internal/export", "/internal/export"],
    ["/v2/orders", "/v2/orders"],
    ["/.git/config", "/.git/config"],
    ["/.env", "/.env"],
    ["/wp-login.php", "/wp-login.php"],
    ["/orders/", "/orders/"],
    ["/orders/17/lines", "/orders/:/lines"],
    ["/orders/2f1c0b9e-6a0e-4a44-9d2b-0c7b1c0f1a11", "/orders/:"],
    ["/orders/01HZX3V3S8", "/orders/:"],
    ["/users/ada@example.org/mails", "/users/:/mails"],
    ["/users/Ada Lovelace", "/users/:"],
    ["/users/+4915112345678", "/users/:"],
    ["/reset/sk_live_0123456789abcdefABCDEF", "/reset/:"],
    ["/reset/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "/reset/:"],
    ["/eyJhbGciOiJub25lIn0.e30.", "/:"],
    ["/été", "/:"],
    ["/a/b/c/d/e/f/g/h", "/a/b/c/d/e/f/*"],
    // What a route takes as a parameter is a parameter, though it looks like a word.
    ["/people/ada/secrets", "/people/:/secrets"],
    ["/people/ada/Orders2024", "/people/:/Orders2024"],
    ["/people/ada/Orders2024/lines", "/people/:/Orders2024/lines"],
    ["/Orders2024", "/:"],
    // Nobody writes a route's own signs into it.
    ["/people/:/x", "/people/:/x"],
    ["/files2/*", "/:/:"],
    ["/*", "/:"],
  ])("%s: %s", (path, told) => expect(shape(path)).toBe(told));

  it("property: it is short, and holds no digit beyond a version's, no capital, no address, whatever is asked", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.uuid(), fc.emailAddress(), fc.base64String()), { maxLength: 64 }),
        (segments) => {
          const told = pathShape(segments, new Set());
          expect(told.length).toBeLessThanOrEqual(400);
          expect(told.replaceAll(/\/v\d{1,2}(?=\/|$)/g, "")).toMatch(/^(?:\/[a-z._-]*|\/:|\/\*)*$/);
        },
      ),
    );
  });
});
