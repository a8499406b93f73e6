import { describe, expect, it } from "vitest";
import { compileConfig } from "../../../src/config/compile.ts";
import { judgeConfig } from "../../../src/config/judge.ts";
import { contractConfig, ITEMS } from "../../support/contract_config.ts";

type Json = Record<string, unknown>;
type Change = (document: { paths: Record<string, Json>; components: { schemas: Record<string, Json> } } & Json) => void;

/** The faults of the test installation with one thing changed in its document, and in what its first route says of it. */
function faultsOf(change: Change, openapi: Json = {}): string[] {
  const document = structuredClone(ITEMS) as unknown as Parameters<Change>[0];
  change(document);
  const config = contractConfig(document as unknown as typeof ITEMS);
  const routes = config.routes.map((route) =>
    route.path === "/items" && route.openapi !== undefined
      ? { ...route, openapi: { ...route.openapi, ...openapi } }
      : route,
  );
  const compiled = compileConfig({ ...config, routes });
  return compiled.ok ? [] : compiled.error.map(({ path, reason }) => `${path}: ${reason}`);
}

const schemaChange =
  (schema: Json): Change =>
  ({ components }) => {
    components.schemas.Item = { ...components.schemas.Item, ...schema };
  };
const propertyChange =
  (property: Json): Change =>
  ({ components }) => {
    const { properties } = components.schemas.Item as { properties: Json };
    properties.extra = property;
  };
const get = (paths: Record<string, Json>) =>
  paths["/items"]?.get as { parameters: Json[]; responses: Record<string, Json> };
const parameterChange =
  (parameter: Json): Change =>
  ({ paths }) => {
    get(paths).parameters.push(parameter);
  };
const query = (more: Json): Json => ({ name: "q", in: "query", schema: { type: "string" }, ...more });

describe("what a document says is enforced, or a fault", () => {
  it("the document of the tests has none", () => {
    expect(faultsOf(() => undefined)).toEqual([]);
  });

  it.each<[string, Change, RegExp]>([
    [
      "an unknown keyword",
      propertyChange({ type: "string", maxLenght: 4 }),
      /extra\/maxLenght` is a keyword that is not enforced/,
    ],
    ["a keyword of 3.0", propertyChange({ type: "string", nullable: true }), /nullable` is a keyword/],
    ["unevaluatedProperties", schemaChange({ unevaluatedProperties: false }), /unevaluatedProperties` is a keyword/],
    ["$dynamicRef", propertyChange({ $dynamicRef: "#x" }), /\$dynamicRef` is a keyword/],
    ["a misspelled keyword of ours", propertyChange({ "x-sallyport-visible": [] }), /is a keyword/],
    ["a bound of another type", propertyChange({ maxLength: "4" }), /extra\/maxLength` must be an integer from 0/],
    ["an unknown type", propertyChange({ type: "text" }), /extra\/type` must be one or several of/],
    ["an unknown format", propertyChange({ type: "string", format: "phone" }), /format` is not checked here/],
    ["a pattern that can take for ever", propertyChange({ pattern: "^(a+)+$" }), /pattern` .*could take very long/],
    ["the same of names", schemaChange({ patternProperties: { "(x*)*": {} } }), /patternProperties` `\(x\*\)\*`/],
    ["a reference elsewhere", propertyChange({ $ref: "https://evil.test/s.json" }), /leads out of the document/],
    ["a reference to a file", propertyChange({ $ref: "other.json#/A" }), /leads out of the document/],
    ["a reference to nothing", propertyChange({ $ref: "#/components/schemas/Gone" }), /leads nowhere/],
    ["a reference by prototype", propertyChange({ $ref: "#/constructor" }), /leads nowhere/],
    [
      "a schema that is only itself",
      schemaChange({ allOf: [{ $ref: "#/components/schemas/Item" }] }),
      /refers to itself/,
    ],
    ["an unknown scope", propertyChange({ "x-sallyport-visible-to": ["hr"] }), /`hr` is not a scope of/],
    [
      "a scope that is misspelled",
      propertyChange({ "x-sallyport-visible-to": ["orders:reed"] }),
      /did you mean `orders:read`/,
    ],
    ["a role that none can have", propertyChange({ "x-sallyport-visible-to": ["role:"] }), /`role:` names no role/],
    [
      "no permission",
      propertyChange({ "x-sallyport-visible-to": ["permission:read"] }),
      /names no permission: `type:action`/,
    ],
    [
      "a relation where there are none",
      propertyChange({ "x-sallyport-visible-to": ["relation:owner"] }),
      /is to no resource: say which/,
    ],
    ["an unknown scope to write by", propertyChange({ "x-sallyport-writable-by": ["hr"] }), /`hr` is not a scope of/],
    ["nobody to write by", propertyChange({ "x-sallyport-writable-by": [] }), /writable-by` names nobody: `readOnly`/],
    [
      "restricting the whole body",
      schemaChange({ "x-sallyport-writable-by": ["role:hr"] }),
      /restricts the whole body/,
    ],
    [
      "restricting what is only tried",
      schemaChange({ not: { properties: { a: { "x-sallyport-writable-by": ["role:hr"] } } } }),
      /keeps nobody from anything here/,
    ],
    [
      "a body that is not looked into, beside a restricted one",
      propertyChange({ "x-sallyport-writable-by": ["role:hr"] }),
      /octet-stream` passes unseen what/,
    ],
    ["no scope at all", propertyChange({ "x-sallyport-visible-to": [] }), /names nobody/],
    ["hiding the whole", schemaChange({ "x-sallyport-visible-to": ["orders:read"] }), /hides the whole response/],
    [
      "hiding what is only tried",
      schemaChange({ not: { "x-sallyport-visible-to": ["orders:read"] } }),
      /hides nothing here/,
    ],
    ["an object of nothing", propertyChange({ type: "object" }), /names no properties/],
    ["a list of nothing", propertyChange({ type: ["array", "null"] }), /names no items/],
    ["a dialect", (document) => Object.assign(document, { jsonSchemaDialect: "https://x.test" }), /is a dialect/],
    [
      "a cookie",
      parameterChange({ name: "sid", in: "cookie", schema: { type: "string" } }),
      /cookies are not looked into/,
    ],
    [
      "a header that is dropped",
      parameterChange({ name: "X-User-Id", in: "header", schema: { type: "string" } }),
      /does not reach origins/,
    ],
    ["a parameter without a schema", parameterChange({ name: "q", in: "query" }), /schema` is missing/],
    ["one without a type", parameterChange(query({ schema: {} })), /names no type/],
    [
      "one with two readings",
      parameterChange(query({ schema: { type: ["array", "string"], items: true } })),
      /several readings/,
    ],
    ["an object as a form", parameterChange(query({ schema: { type: "object" } })), /only the style `deepObject`/],
    ["an unknown style", parameterChange(query({ style: "matrix" })), /has a style that is not read/],
    ["an unknown member", parameterChange(query({ maximum: 3 })), /maximum` is not enforced/],
    [
      "a path's parameter that is not there",
      parameterChange({ name: "id", in: "path", required: true, schema: { type: "string" } }),
      /which the path does not have/,
    ],
    ["one that is not described", ({ paths }) => void delete paths["/items/{id}"]?.parameters, /say nothing of `id`/],
    ["a body of GET", ({ paths }) => Object.assign(get(paths), { requestBody: { content: {} } }), /a GET has no body/],
    [
      "a body that is not looked into",
      ({ paths }) =>
        Object.assign(paths["/items"]?.post as Json, {
          requestBody: { content: { "multipart/form-data": { schema: { type: "object" } } } },
        }),
      /is not enforced for `multipart/,
    ],
    ["no operation", ({ paths }) => void delete paths["/items"]?.post, /post` is not in the document/],
    ["no path", ({ paths }) => void delete paths["/items"], /is not in the document/],
    ["no responses", ({ paths }) => Object.assign(get(paths), { responses: {} }), /responses` are missing/],
    ["a status that is none", ({ paths }) => Object.assign(get(paths).responses, { "2xx": {} }), /is no status/],
  ])("%s", (_, change, reason) => {
    expect(faultsOf(change)).toContainEqual(expect.stringMatching(reason));
  });

  it.each<[string, Json, RegExp]>([
    ["a document that is not there", { document: "gone" }, /`gone` is not among openapi/],
    ["a path of another shape", { path: "/items/{id}" }, /is not how the route's path ends/],
    ["another path's text", { path: "/things" }, /is not how the route's path ends/],
    ["a bound beyond what is held", { maxResponseBytes: 100 * 1024 * 1024 }, /maxResponseBytes/],
    ["keeping where nothing is replaced", { leftOut: "kept" }, /leftOut: changes nothing/],
  ])("%s", (_, openapi, reason) => {
    expect(faultsOf(() => undefined, openapi)).toContainEqual(expect.stringMatching(reason));
  });

  it("documents of other versions, those that nobody uses, bodies too large to hold, and pages of more than the maximum", () => {
    expect(faultsOf((document) => Object.assign(document, { openapi: "3.0.3" }))).toContainEqual(
      "openapi.items.openapi: is not OpenAPI 3.1",
    );
    const config = contractConfig();
    const told = (changes: object) => {
      const compiled = judgeConfig({ ...config, ...changes });
      return compiled.ok ? [] : compiled.error.map(({ path, reason }) => `${path}: ${reason}`);
    };
    expect(told({ openapi: { ...config.openapi, spare: ITEMS } })).toEqual(["openapi.spare: is used by no route"]);
    const [first, ...others] = config.routes.filter(({ openapi }) => openapi !== undefined);
    expect(told({ routes: [{ ...first, maxBodyBytes: 5 * 1024 * 1024 }, ...others] })).toContainEqual(
      expect.stringMatching(/routes\[0\]\.maxBodyBytes: .*held in memory/),
    );
    const pageSize = { parameter: "limit", max: 5, whenAbsent: 6 };
    expect(told({ routes: [{ ...first, pageSize }, ...others] })).toContainEqual(
      expect.stringMatching(/routes\[0\]\.pageSize\.whenAbsent: must be at most/),
    );
  });

  it("dropping where everybody may write everything; a PUT that may come without a body", () => {
    const told = (document: Json, openapi: Json) => {
      const route = {
        path: "/a",
        methods: ["PUT"],
        origin: "main",
        openapi: { document: "items", path: "/a", ...openapi },
      };
      const compiled = compileConfig({ ...contractConfig(), openapi: { items: document }, routes: [route] });
      return compiled.ok ? [] : compiled.error.map(({ reason }) => reason);
    };
    const document = (property: Json, required: boolean) => {
      const content = { "application/json": { schema: { properties: { a: property } } } };
      const put = { requestBody: { required, content }, responses: { "204": { description: "" } } };
      return { openapi: "3.1.0", paths: { "/a": { put } } };
    };
    const hr = { "x-sallyport-writable-by": ["role:hr"] };
    const drop = { unwritable: "drop" };
    expect(told(document({}, true), drop)).toContainEqual(expect.stringMatching(/drops nothing/));
    expect(told(document({ readOnly: true }, true), drop).join()).not.toMatch(/drops nothing/);
    expect(told(document(hr, true), { ...drop, leftOut: "kept" }).join()).not.toMatch(/nothing/);
    expect(told(document(hr, false), {})).toContainEqual(expect.stringMatching(/must be `required`/));
  });

  it("relations that nobody can have, and resources that are none", () => {
    const told = (mark: unknown, grants: string[], relations: unknown = { document: { owner: "[user]" } }) => {
      const schema = {
        type: "object",
        ...(mark === null ? {} : { "x-sallyport-resource": mark }),
        properties: { a: { type: "string", "x-sallyport-visible-to": grants } },
      };
      const get = { responses: { "200": { description: "", content: { "application/json": { schema } } } } };
      const route = { path: "/a", methods: ["GET"], origin: "main", openapi: { document: "items" } };
      const policy = { principal: {}, resources: {}, relations };
      const openapi = { items: { openapi: "3.1.0", paths: { "/a": { get } } } };
      const compiled = compileConfig({ ...contractConfig(), policy, openapi, routes: [route] });
      return compiled.ok
        ? []
        : compiled.error.filter(({ path }) => path.includes("openapi")).map(({ reason }) => reason);
    };
    const mark = { type: "document", id: "/id" };
    expect(told(mark, ["relation:owner"])).toEqual([]);
    expect(told(mark, ["relation:ownr"]).join()).toMatch(/is no relation of `document`; did you mean `owner`/);
    expect(told(null, ["relation:owner"]).join()).toMatch(/is to no resource/);
    expect(told({ type: "documnt", id: "/id" }, ["relation:owner"]).join()).toMatch(
      /without relations; did you mean `document`/,
    );
    for (const wrong of [{ type: "document" }, { type: "document", id: "id" }, "document", { id: "/id" }]) {
      expect(told(wrong, ["role:hr"]).join(), JSON.stringify(wrong)).toMatch(/must be like/);
    }
  });

  it("a circle with a step into the value is none", () => {
    expect(faultsOf(propertyChange({ type: "array", items: { $ref: "#/components/schemas/Item" } }))).toEqual([]);
  });
});
