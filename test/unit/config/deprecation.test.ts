import { describe, expect, it } from "vitest";
import { add, changed, faultsOf, type MutableConfig } from "../../support/changed_config.ts";

const times = { since: "2026-01-01T00:00:00Z", sunset: "2027-01-01T00:00:00Z" };
const to = (successor: string, more: object = {}) =>
  add({ path: "/v1/pets/:id", deprecation: { ...times, successor }, ...more });
const withPets = (change: (config: MutableConfig) => void) => (config: MutableConfig) => {
  add({ path: "/v2/pets/:pet" })(config);
  change(config);
};

describe("RFC 8288: a successor is somewhere that callers can go", () => {
  it.each([
    ["a route's path", to("/orders")],
    ["a path with the call's own parameter", withPets(to("/v2/pets/:id"))],
    ["a path with a query", to("/orders?from=v1")],
    ["an address elsewhere", to("https://next.example/pets")],
    ["an address elsewhere with a parameter", to("https://next.example:8443/pets/:id/x")],
    ["a version beside it", add({ version: "2026-01.beta_1" })],
  ])("%s", (_, change) => expect(faultsOf(changed(change))).toEqual([]));

  it.each<[string, (config: MutableConfig) => void, RegExp]>([
    ["a path without a route", to("/v3/pets"), /the successor of `GET \/v1\/pets\/:id` leads to no route/],
    ["a route with other methods", to("/upload"), /leads to no route that takes one of its methods/],
    ["itself", to("/v1/pets/:id"), /is the route itself/],
    ["a route that ends sooner", to("/v0/orders"), /`GET \/v0\/orders`, which ends no later/],
    ["a parameter that the path does not have", withPets(to("/v2/pets/:pet")), /has no parameter `:pet`/],
    ["a star", to("/public/*"), /no path that a caller can follow/],
    ["an ambiguous path", to("/a//b"), /no path that a caller can follow/],
    ["another host by two slashes", to("//evil.example/x"), /no path that a caller can follow/],
    ["a bare word", to("orders"), /neither a path/],
    ["plain http", to("http://next.example/"), /no https URL/],
    ["a script", to("javascript:alert(1)"), /no https URL/],
    ["an address with a password", to("https://ada:x@next.example/"), /no https URL/],
    ["a line break", to("/orders\r\nX: y"), /URI reference/],
    ["an end of the link", to("/orders>;rel=next"), /URI reference/],
    ["a version with a space", add({ version: "v 1" }), /is no version/],
    ["an empty version", add({ version: "" }), /is no version/],
  ])("never %s", (_, change, fault) => expect(faultsOf(changed(change)).join("\n")).toMatch(fault));
});
