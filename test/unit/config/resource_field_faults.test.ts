import { describe, expect, it } from "vitest";
import { compileConfig } from "../../../src/config/compile.ts";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { NOTE_FIELDS, noteRoutes, resourceFieldConfig } from "../../support/resource_field_config.ts";

type Fields = Parameters<typeof resourceFieldConfig>[0] & object;
type RouteInput = ConfigInput["routes"][number];

const NOTE = { get: { responses: { "200": { description: "", content: { "application/json": { schema: true } } } } } };
const DOCUMENT = { openapi: "3.1.0", paths: { "/held": NOTE } };

function faultsOf(fields: Fields, routes: readonly RouteInput[] = noteRoutes(), openapi: ConfigInput["openapi"] = {}) {
  const compiled = compileConfig({ ...resourceFieldConfig(fields, routes), openapi });
  return compiled.ok ? [] : compiled.error.map(({ path, reason }) => `${path}: ${reason}`);
}

const of = (properties: Fields["properties"], more: Partial<Fields> = {}) => faultsOf({ properties, ...more });
const onRoute = (route: Partial<RouteInput>) =>
  faultsOf(NOTE_FIELDS, [
    ...noteRoutes(),
    { path: "/added/:id", methods: ["PATCH"], origin: "main", action: "note:update", ...route },
  ]);

describe("whom a policy says that properties are for", () => {
  it("the rules of the tests have no faults", () => {
    expect(faultsOf(NOTE_FIELDS)).toEqual([]);
    expect(of({}, { unlisted: { read: "anyone" } })).toEqual([]);
    // Whoever may do the whole may be fewer for a part; what nobody says of a part is as for the whole.
    expect(
      of({ "/a": { read: ["role:x", "role:y"], write: "anyone" }, "/a/b": { read: ["role:x"], write: "nobody" } }),
    ).toEqual([]);
  });

  it.each<[Fields["properties"], RegExp]>([
    [{ "/a": { read: ["orders:raed"] } }, /properties\.\/a\.read: `orders:raed` is not a scope .*did you mean/],
    [
      { "/a": { read: ["relation:owmer"] } },
      /\/a\.read: `relation:owmer` is no relation of `note`; did you mean `owner`/,
    ],
    [
      { "/a": { write: ["permission:note:raed"] } },
      /\/a\.write: `permission:note:raed` is no declared action; did you mean/,
    ],
    [{ "/a": { write: ["permission:note"] } }, /\/a\.write: `permission:note` names no permission/],
    [{ "/a": { write: ["role:two words"] } }, /\/a\.write: `role:two words` names no role/],
    [{ "/a": { read: ["role:x", "role:x"] } }, /\/a\.read: `role:x` is named twice/],
    [{ "/a": {} }, /\/a: says neither who reads nor who writes/],
    [{ "/a~2": { read: "anyone" } }, /\/a~2: is no JSON pointer/],
    [{ "/a/b/c/d/e/f/g/h/i": { read: "anyone" } }, /is no JSON pointer/],
    [{ "/a": { read: ["role:x"] }, "/a/b": { read: "anyone" } }, /properties: `\/a\/b\/read` is for callers whom/],
    [{ "/a": { read: ["role:x"] }, "/a/b/*/c": { read: ["role:y"] } }, /`\/a\/b\/\*\/c\/read` is for callers whom/],
    [{ "/a": { write: "nobody" }, "/a/b": { write: ["role:y"] } }, /`\/a\/b\/write` is for callers whom/],
    [{ "/a": { read: "anyone" }, "/A": { read: "nobody" } }, /`\/A` is `a` to servers that ignore case/],
    [{ "/a/*": { read: "anyone" }, "/a/b": { read: "anyone" } }, /`\/a` is a list .* and an object/],
  ])("%j is a fault at its place", (properties, fault) => {
    const faults = of(properties);
    expect(
      faults.filter((one) => fault.test(one)),
      faults.join("\n"),
    ).toHaveLength(1);
    expect(faults[0]).toMatch(/^policy\.resources\.note\.fields/);
  });

  it.each<[Partial<Fields>, RegExp]>([
    [{ properties: {}, unlisted: { read: "anyone", write: "anyone" } }, /fields: keeps nothing from anybody/],
    [{ onForbidden: "drop", unlisted: { write: "anyone" }, properties: {} }, /onForbidden: drops nothing/],
    [{ leftOut: "kept", properties: { "/a": { read: "anyone" } } }, /leftOut: changes nothing/],
    [{ id: "/items/*" }, /fields\.id: is no JSON pointer/],
    [{ properties: { "/a": { read: [] } } }, /Too small|expected/],
    [{ properties: { a: { read: "anyone" } } }, /properties/],
  ])("%j is a fault", (fields, fault) => {
    expect(faultsOf({ ...NOTE_FIELDS, ...fields }).join("\n")).toMatch(fault);
  });

  it("rules that no route goes by are dead", () => {
    expect(faultsOf(NOTE_FIELDS, []).join("\n")).toMatch(/resources\.note\.fields: is used by no route/);
    const none = { request: "none", response: "none" } as const;
    const only = noteRoutes()
      .map((route) => ({ ...route, fields: none }))
      .slice(-1);
    expect(faultsOf(NOTE_FIELDS, only).join("\n")).toMatch(/fields: is used by no route/);
  });
});

describe("where a route has such resources", () => {
  it.each<[Partial<RouteInput>, RegExp | null]>([
    [{ action: "note:list", fields: { response: { at: "/a/*/b", beside: ["/c"] } } }, null],
    [{ fields: { type: "order" } }, /\.fields: means nothing/],
    [{ action: undefined, fields: {} }, /\.fields: means nothing/],
    [{ action: undefined, fields: { type: "note" } }, null],
    [{ fields: { type: "note" } }, /\.fields\.type: is the action's type already/],
    [{ fields: "openapi" }, /\.fields: names a document, and the route is held to none/],
    [{ fields: { request: { at: "/a~2" } } }, /request\.at: is no JSON pointer/],
    [{ fields: { response: { at: "/items/*", beside: ["/items"] } } }, /beside\[0\]: has the resources in it/],
    [{ fields: { response: { at: "/items/*", beside: ["/items/*/draft"] } } }, /beside\[0\]: is a part of a resource/],
    [{ fields: { response: { beside: ["/next"] } } }, /beside\[0\]: is a part of a resource/],
    [{ fields: { response: { at: "/items/*", beside: ["/a", "/a"] } } }, /beside\[1\]: is named twice/],
    [{ fields: { response: { at: "/items/*", beside: ["/Items"] } } }, /`\/Items` is `items` to servers/],
    [{ methods: ["GET"], fields: { request: "none" } }, /request: changes nothing: GET has no body/],
    [{ maxBodyBytes: 5 * 1024 * 1024 }, /maxBodyBytes: bodies that are looked into/],
    [{ methods: ["GET"], stream: {} }, /\.stream: is held whole/],
    [{ methods: ["GET"], webSocket: {} }, /\.webSocket: has messages/],
    [{ resource: { id: { body: "/id" } }, jsonBody: {} }, /jsonBody: says what `fields` says already/],
    [
      { resource: { id: { body: "/id" } }, fields: { request: "none" } },
      /fields\.request: takes bodies for PATCH that are no JSON/,
    ],
    [{ resource: { id: { body: "/id" } }, fields: { request: "none" }, jsonBody: {} }, null],
    [{ resource: { id: { body: "/ID" } } }, /\.fields: `\/ID` is `id` to servers/],
    [{ resource: { id: { body: "/title/*/id" } } }, null],
    [{ resource: { id: { body: "/draft/id" } } }, /\.fields: `\/draft\/id\/write` is for callers whom/],
  ])("%j", (route, fault) => {
    const faults = onRoute(route);
    if (fault === null) expect(faults).toEqual([]);
    else
      expect(
        faults.filter((one) => fault.test(one)),
        faults.join("\n"),
      ).toHaveLength(1);
  });

  it("a document beside the policy's rules is a conflict, until the route says that the document counts", () => {
    const held = (fields: RouteInput["fields"]) => {
      const route = { path: "/held", methods: ["GET" as const], origin: "main", action: "note:list" };
      const openapi = { document: "notes" };
      return faultsOf(NOTE_FIELDS, [...noteRoutes(), { ...route, openapi, fields }], { notes: DOCUMENT });
    };
    expect(held("openapi")).toEqual([]);
    for (const both of [undefined, {}, { request: "none" as const }]) {
      expect(held(both)).toEqual([
        expect.stringMatching(/\.fields: `openapi` and policy\.resources\.note\.fields both say/),
      ]);
    }
  });
});
