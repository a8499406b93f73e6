import { beforeAll, describe, expect, it } from "vitest";
import { type AdminCaller, adminCaller, migrate } from "../support/admin_world.ts";

let admin: AdminCaller;

beforeAll(async () => {
  await migrate();
  admin = await adminCaller();
});

describe("how the admin API reads requests", () => {
  it.each([
    ["a duplicate member", '{"name":"a","name":"b","scopes":[]}'],
    ["a duplicate member in another spelling", '{"name":"a","n\\u0061me":"b","scopes":[]}'],
    ["a broken body", '{"name":'],
    ["an empty body", ""],
    ["text behind the object", "{} {}"],
    ["nesting without end", `${"[".repeat(60)}${"]".repeat(60)}`],
  ])("%s is invalid_json", async (_name, body) => {
    const told = await admin.call("POST", "/clients", body);
    expect([told.status, told.json.code]).toEqual([400, "invalid_json"]);
  });

  it.each(["[]", "null", "5", '"x"'])("%s is not an object: validation_failed on the body", async (body) => {
    const told = await admin.call("POST", "/clients", body);
    expect(told.json).toMatchObject({ code: "validation_failed", errors: [{ field: "body" }] });
  });

  it.each(["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "text/json"])(
    "a body as %s is 415",
    async (type) => {
      const told = await admin.call("POST", "/clients", '{"name":"x","scopes":[]}', { "content-type": type });
      expect([told.status, told.json.code]).toEqual([415, "unsupported_media_type"]);
    },
  );

  it("application/json with a charset is read", async () => {
    const headers = { "content-type": "Application/JSON; charset=utf-8" };
    expect((await admin.call("POST", "/clients", '{"name":"x","scopes":[]}', headers)).status).toBe(201);
  });

  it("a body over 64 KiB is 413", async () => {
    const told = await admin.call("POST", "/clients", { name: "x".repeat(64 * 1024), scopes: [] });
    expect([told.status, told.json.code]).toEqual([413, "body_too_large"]);
  });

  it("many wrong items do not become an answer of many times their size", async () => {
    const told = await admin.call("POST", "/clients", { name: "x", scopes: Array(1000).fill(5) });
    expect(told.status).toBe(400);
    expect(told.json.errors.length).toBeLessThanOrEqual(20);
  });

  it("reasons never quote what was sent", async () => {
    const told = await admin.call("POST", "/clients", { name: "x", scopes: ["spcs_secret in the wrong place"] });
    expect(told.status).toBe(400);
    expect(told.text).not.toContain("wrong place");
  });

  it.each(["/nope", "", "/", "/clients/", "/CLIENTS", "/clients/a/b/c/d", "/keys/x/rotate/now"])(
    "an unknown path (%s) is a 404 problem",
    async (path) => {
      const told = await admin.call("GET", path);
      expect([told.status, told.json.code]).toEqual([404, "not_found"]);
      expect(told.headers.get("content-type")).toBe("application/problem+json");
    },
  );

  it.each([
    ["PUT", "/clients", "GET, HEAD, POST"],
    ["POST", "/clients/x", "GET, HEAD, PATCH, DELETE"],
    ["PATCH", "/clients/x/secrets", "GET, HEAD, POST"],
    ["GET", "/clients/x/secrets/y", "DELETE"],
    ["GET", "/keys/x/rotate", "POST"],
    ["DELETE", "/signing-keys", "GET, HEAD"],
    ["OPTIONS", "/signing-keys/rotate", "POST"],
    ["POST", "/openapi.json", "GET, HEAD"],
  ])("%s %s is 405 with what is allowed", async (method, path, allow) => {
    const told = await admin.call(method, path);
    expect([told.status, told.headers.get("allow")]).toEqual([405, allow]);
  });

  it("every answer has a request id, is not stored, and carries the security headers", async () => {
    for (const told of [await admin.call("GET", "/clients"), await admin.call("GET", "/nope")]) {
      expect(told.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
      expect(told.headers.get("cache-control")).toBe("no-store");
      expect(told.headers.get("x-content-type-options")).toBe("nosniff");
    }
  });

  it("HEAD answers like GET without a body", async () => {
    const told = await admin.call("HEAD", "/clients");
    expect([told.status, told.text]).toEqual([200, ""]);
  });
});
