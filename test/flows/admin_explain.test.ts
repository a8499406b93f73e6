import { beforeAll, describe, expect, it } from "vitest";
import { explanationShape } from "../../src/admin/explain_shapes.ts";
import { type AdminCaller, adminCaller, migrate, mintToken } from "../support/admin_world.ts";
import { captureLogs } from "../support/logs.ts";

const logs = captureLogs();
let admin: AdminCaller;

beforeAll(async () => {
  await migrate();
  admin = await adminCaller();
});

const ORDERS = {
  subject: { type: "user", id: "usr_1", properties: { scopes: ["orders:read"] } },
  request: { method: "GET", url: "/orders" },
};

describe("POST /admin/v1/explain", () => {
  it("answers in the shape that its document tells, by the configuration that runs", async () => {
    const { status, json } = await admin.call("POST", "/explain", ORDERS);
    expect(status).toBe(200);
    expect(explanationShape.parse(json)).toMatchObject({
      effect: "allow",
      reason: null,
      route: { id: "GET /orders" },
      caller: { kind: "user", id: "usr_1", known: false },
      scopes: [{ scope: "orders:read", held: true }],
    });
    const { bundle } = (await admin.call("GET", "/config")).json;
    expect(json.snapshot).toBe(bundle);
  });

  it("answers by another published configuration, and not by one that nobody published", async () => {
    const bundled = await admin.call("POST", "/explain", { ...ORDERS, config: "bundled" });
    expect(bundled.json).toMatchObject({ effect: "allow" });
    const unknown = await admin.call("POST", "/explain", { ...ORDERS, config: "f".repeat(64) });
    expect([unknown.status, unknown.json.code]).toEqual([404, "not_found"]);
  });

  it("names the role that gives a permission, and the one that it inherits it from", async () => {
    await admin.call("POST", "/roles", { id: "clerk", permissions: ["order:read"] });
    await admin.call("POST", "/roles", { id: "chief", permissions: [], inherits: ["clerk"] });
    const config = (await admin.call("GET", "/config/snapshots/bundled")).json.config as unknown as {
      routes: { path: string; permissions?: string[] }[];
    };
    const demanding = structuredClone(config);
    for (const route of demanding.routes) if (route.path === "/whoami") route.permissions = ["order:read"];
    const published = await admin.call("POST", "/config", { config: demanding, parent: 0 });
    expect(published.status, JSON.stringify(published.json)).toBe(200);
    const { json } = await admin.call("POST", "/explain", {
      config: published.json.hash,
      subject: { type: "user", id: "usr_1", properties: { roles: ["chief"] } },
      request: { method: "GET", url: "/whoami" },
    });
    expect(json).toMatchObject({
      effect: "allow",
      permissions: [{ permission: "order:read", held: true, role: "chief", through: "clerk" }],
    });
    await admin.call("POST", "/config/rollback", { to: "bundled" });
  });

  it("takes no secret, repeats none, and writes none down", async () => {
    const told = await admin.call("POST", "/explain", {
      ...ORDERS,
      request: { ...ORDERS.request, headers: { authorization: "Bearer very-secret" } },
    });
    expect(told.json).toMatchObject({ code: "validation_failed", errors: [{ field: "request.headers" }] });
    expect(JSON.stringify(told.json)).not.toContain("very-secret");
    expect(JSON.stringify(logs.events("admin_read"))).not.toContain("very-secret");
    const { json } = await admin.call("GET", "/audit?limit=50");
    expect(JSON.stringify(json)).not.toContain("very-secret");
  });

  it("is an act in the audit trail, and changes nothing", async () => {
    await admin.call("POST", "/explain", ORDERS);
    const { json } = await admin.call("GET", "/audit?limit=2");
    const data = json.data as unknown as readonly Record<string, unknown>[];
    expect(data.map(({ action, outcome }) => [action, outcome]).sort()).toEqual([
      ["explain", "attempted"],
      ["explain", "unchanged"],
    ]);
    expect(JSON.stringify(data)).not.toContain("usr_1");
  });

  it("answers nobody else", async () => {
    const headers = { authorization: `Bearer ${await mintToken({ scopes: ["orders:read"] })}` };
    expect((await admin.call("POST", "/explain", ORDERS, headers)).status).toBe(403);
    expect((await admin.call("POST", "/explain", ORDERS, { authorization: "" })).status).toBe(401);
  });

  it.each([
    ["neither a request nor an action", { subject: ORDERS.subject }],
    ["both", { ...ORDERS, action: { name: "document:read" } }],
    ["two callers", { ...ORDERS, claims: {} }],
    ["an action that nobody declares", { subject: ORDERS.subject, action: { name: "nothing:read" } }],
    ["a context that nobody knows", { ...ORDERS, context: { weather: "fine" } }],
    ["properties that are none", { ...ORDERS, subject: { ...ORDERS.subject, properties: { admin: true } } }],
  ])("refuses %s with the field", async (_, body) => {
    const { status, json } = await admin.call("POST", "/explain", body);
    expect([status, json.code]).toEqual([400, "validation_failed"]);
  });
});
