import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { OPERATIONS } from "../../src/admin/app.ts";
import { bundledText } from "../../src/compose/stores.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import { isJsonObject } from "../../src/kernel/strict_json.ts";
import { newGrantId } from "../../src/protocol/ids.ts";
import { sessionOpening } from "../support/account_actions.ts";
import { type AdminCaller, adminCaller, migrate, stores, type ToldBody } from "../support/admin_world.ts";
import { registerUser } from "../support/grant_world.ts";
import { grantStart, LIFETIMES } from "../support/grants.ts";
import { schemaOf } from "../support/relation_graph.ts";

const PING = { algorithm: "fixed", limit: 6, windowSeconds: 10 };
let admin: AdminCaller;
let document: ToldBody;

beforeAll(async () => {
  await migrate();
  admin = await adminCaller({ relationSchema: schemaOf({ document: { viewer: "[user]" } }) });
  document = (await admin.call("GET", "/openapi.json", undefined, { authorization: "" })).json;
});

function member(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((at, name) => (isJsonObject(at) ? at[name] : undefined), value);
}

/** Every object in `value`, itself first. */
function objects(value: unknown): Readonly<Record<string, unknown>>[] {
  if (Array.isArray(value)) return value.flatMap(objects);
  return isJsonObject(value) ? [value, ...Object.values(value).flatMap(objects)] : [];
}

function documented(): [method: string, path: string, operation: unknown][] {
  return Object.entries(member(document, "paths") ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods ?? {}).map(([method, one]): [string, string, unknown] => [method, path, one]),
  );
}

describe("the OpenAPI document", () => {
  it("is readable without a token, cacheable, and OpenAPI 3.1", async () => {
    const told = await admin.call("GET", "/openapi.json", undefined, { authorization: "" });
    expect(told.status).toBe(200);
    expect(told.headers.get("cache-control")).toBe("public, max-age=300");
    expect(document.openapi).toBe("3.1.0");
    expect(member(document, "info", "title")).toBe("Sallyport admin API");
    expect(member(document, "servers")).toEqual([{ url: admin.parts.issuerUrl }]);
    expect(member(document, "security")).toEqual([{ admin: [] }]);
    expect(member(document, "components", "securitySchemes", "admin", "scheme")).toBe("bearer");
  });

  it("every reference in it leads somewhere", () => {
    const references = objects(document).flatMap(({ $ref }) => (typeof $ref === "string" ? [$ref] : []));
    expect(references.length).toBeGreaterThan(10);
    for (const reference of references) {
      expect(reference).toMatch(/^#\//);
      expect(member(document, ...reference.slice(2).split("/")), reference).toBeDefined();
    }
  });

  it("every operation has an id of its own, an answer, its refusals, and its path's parameters", () => {
    const ids = documented().map(([, , one]) => member(one, "operationId"));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.sort()).toEqual(OPERATIONS.map(({ id }) => id).sort());
    for (const [method, path, one] of documented()) {
      const statuses = Object.keys(member(one, "responses") ?? {});
      expect(statuses, path).toEqual(expect.arrayContaining(["400", "401", "403", "500", "503"]));
      expect(
        statuses.some((status) => /^20[014]$/.test(status)),
        path,
      ).toBe(true);
      for (const status of statuses) expect(member(one, "responses", status, "description"), path).toBeTypeOf("string");
      const parameters = objects(member(one, "parameters")).filter((found) => found.in === "path");
      expect(parameters.map(({ name }) => `{${name}}`)).toEqual(path.match(/\{\w+\}/g) ?? []);
      expect(parameters.every(({ required }) => required === true)).toBe(true);
      expect(member(one, "requestBody") !== undefined, `${method} ${path}`).toBe(/^(post|put|patch)$/.test(method));
    }
  });

  it("schemas are plain JSON Schema 2020-12, refuse unknown members, and do not name themselves", () => {
    for (const one of objects(member(document, "components", "schemas"))) {
      expect(one).not.toHaveProperty("$schema");
      expect(one).not.toHaveProperty("$id");
    }
    const body = ["requestBody", "content", "application/json", "schema"];
    const paths = member(document, "paths");
    const create = member(paths, "/admin/v1/clients", "post", ...body);
    expect(create).toMatchObject({ type: "object", additionalProperties: false, required: ["name", "scopes"] });
    expect(member(create, "properties", "grant_types", "default")).toEqual(["client_credentials"]);
    const [limit] = objects(member(paths, "/admin/v1/clients", "get", "parameters"));
    expect(limit).toMatchObject({ name: "limit", schema: { type: "integer", minimum: 1, maximum: 100 } });
  });

  it("each documented operation works and answers a documented status and the members it documents", async () => {
    const client = (await admin.call("POST", "/clients", { name: "Robot", scopes: [] })).json;
    const key = (await admin.call("POST", "/keys", { name: "CI", environment: "test", scopes: [] })).json;
    const user = await registerUser();
    const { accounts } = admin.parts.people;
    const opening = sessionOpening();
    await accounts.openSession(user.id, opening, Date.now());
    const start = grantStart({ grantId: newGrantId(platformRandom) });
    await accounts.startGrant(user.id, start, LIFETIMES, Date.now());
    const tuple = { object: "document:1", relation: "viewer", subject: `user:${user.id}` };
    const queries: Readonly<Record<string, object>> = {
      delete_relations: { object: "document:1" },
      check_relation: tuple,
      expand_relation: { object: "document:1", relation: "viewer" },
      list_related_objects: { object_type: "document", relation: "viewer", subject: `user:${user.id}` },
      list_related_subjects: { object: "document:1", relation: "viewer", subject_type: "user" },
    };
    const bodies: Readonly<Record<string, object>> = {
      create_client: { name: "Robot", scopes: [] },
      change_client: { name: "Renamed" },
      create_key: { name: "CI", environment: "test", scopes: [] },
      change_key: { name: "Renamed" },
      create_user: { email: "ada@example.org", profile: { name: "Ada" }, roles: ["staff"] },
      change_user: { profile: { name: "Renamed" } },
      create_role: { id: "documented" },
      create_assignment: { subject: key.id, role: "documented", tenant: "acme" },
      change_relations: { writes: [tuple] },
      replace_role: { permissions: ["document:read"] },
      change_role: { description: "Reads" },
      publish_config: { config: { ...JSON.parse(bundledText(env)), limits: { ping: PING } }, parent: 0 },
      roll_back_config: { to: "bundled" },
      explain: { subject: { type: "user", id: "usr_1" }, request: { method: "GET", url: "/orders" } },
      put_in_shadow: { config: { ...JSON.parse(bundledText(env)), limits: { ping: { ...PING, limit: 6 } } } },
    };
    const values: Readonly<Record<string, string>> = {
      client_id: client.id,
      secret_id: client.client_secret_id,
      key_id: key.id,
      user_id: user.id,
      session_id: opening.id,
      grant_id: start.grantId,
      role_id: "documented",
      assignment_id: btoa(`${key.id} documented acme`).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""),
      hash: "bundled",
    };
    // Deletions last, inner ones before the object that they are part of.
    const order = (method: string, path: string) => (method === "delete" ? 1_000 - path.length : 0);
    const all = documented().sort(([a, pathA], [b, pathB]) => order(a, pathA) - order(b, pathB));
    for (const [method, path, one] of all) {
      const target = path.replace("/admin/v1", "").replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "");
      const id = String(member(one, "operationId"));
      const query = new URLSearchParams(Object.entries(queries[id] ?? {})).toString();
      const told = await admin.call(method.toUpperCase(), query === "" ? target : `${target}?${query}`, bodies[id]);
      const content = member(one, "responses", String(told.status), "content", "application/json", "schema", "$ref");
      expect(told.status, `${method} ${path}: ${told.text}`).toBeLessThan(300);
      expect(member(one, "responses", String(told.status)), path).toBeDefined();
      if (typeof content !== "string") continue;
      const schema = member(document, ...content.slice(2).split("/"));
      expect(Object.keys(member(schema, "properties") ?? {}), path).toEqual(
        expect.arrayContaining(Object.keys(told.json)),
      );
      const required = member(schema, "required");
      for (const name of Array.isArray(required) ? required : []) expect(told.json, path).toHaveProperty(name);
    }
    const { results } = await stores.db.prepare("SELECT DISTINCT action FROM audit_events").all<{ action: string }>();
    const changing = OPERATIONS.filter(({ method }) => method !== "GET").map(({ id }) => id);
    expect(results.map(({ action }) => action)).toEqual(expect.arrayContaining(changing));
  });
});
