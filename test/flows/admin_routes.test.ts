import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { routeListShape } from "../../src/admin/route_operations.ts";
import { composeUnlistedCallRecords } from "../../src/compose/inventory.ts";
import { listRoutes } from "../../src/managing/route_inventory.ts";
import { type AdminCaller, adminCaller, adminParts, migrate, mintToken, stores } from "../support/admin_world.ts";
import { gatewayConfig } from "../support/gateway_config.ts";
import { compiled } from "../support/install.ts";

const T0 = Date.parse("2026-11-05T00:00:00Z");
let admin: AdminCaller;

beforeAll(async () => {
  await migrate();
  admin = await adminCaller();
});
beforeEach(() => stores.db.exec("DELETE FROM unlisted_calls"));

describe("GET /routes", () => {
  it("M27: lists every route of the installation, page by page, in the order of the configuration", async () => {
    const all: unknown[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const { status, json } = await admin.call("GET", `/routes?limit=2${cursor === "" ? "" : `&cursor=${cursor}`}`);
      expect(status).toBe(200);
      routeListShape.parse(json);
      all.push(...json.data);
      cursor = json.next_cursor as string | null;
    }
    const { config } = await import("../../src/compose/stores.ts").then(({ installedConfig }) => ({
      config: installedConfig(env),
    }));
    expect(all.map((route) => (route as { id: string }).id)).toEqual(config.routes.map(({ id }) => id));
    expect(all).toContainEqual(
      expect.objectContaining({
        path: "/v1/orders",
        methods: ["GET"],
        version: "v1",
        origin: "demo",
        public: false,
        credentials: ["bearer", "secret_key"],
        scopes: ["orders:read"],
        deprecation: { since: "2026-06-01T00:00:00.000Z", sunset: "2027-06-01T00:00:00.000Z", successor: "/orders" },
      }),
    );
    expect(all).toContainEqual(
      expect.objectContaining({ path: "/public/health", public: true, credentials: [], state: "live" }),
    );
  });

  it("and the calls that none of them lists, the most frequent first", async () => {
    const row = { kind: "path", method: "GET", firstMs: T0, lastMs: T0 + 1 } as const;
    await composeUnlistedCallRecords(env).note([
      { ...row, path: "/internal/:", calls: 2 },
      { ...row, kind: "method", method: "PUT", path: "/orders", calls: 3 },
    ]);
    const { json } = await admin.call("GET", "/routes?limit=1");
    const times = { first_seen: new Date(T0).toISOString(), last_seen: new Date(T0 + 1).toISOString() };
    expect(json.unlisted).toEqual([
      { kind: "method", method: "PUT", path: "/orders", calls: 3, ...times },
      { kind: "path", method: "GET", path: "/internal/:", calls: 2, ...times },
    ]);
  });

  it("is for operators alone", async () => {
    const other = await adminCaller(adminParts());
    for (const authorization of ["", `Bearer ${await mintToken({ scopes: ["orders:read"] })}`]) {
      const told = await other.call("GET", "/routes", undefined, { authorization });
      expect([401, 403]).toContain(told.status);
      expect(told.text).not.toContain("/orders");
    }
  });

  it.each(["cursor=x", "cursor=MC4w", "limit=0", "limit=101", "page=2"])("refuses ?%s", async (query) => {
    expect((await admin.call("GET", `/routes?${query}`)).json.code).toBe("validation_failed");
  });
});

describe("where a route stands in its life", () => {
  it.each([
    ["2026-05-31T23:59:59.999Z", "live", []],
    ["2026-06-01T00:00:00.000Z", "deprecated", []],
    ["2100-05-01T23:59:59.999Z", "deprecated", []],
    ["2100-05-02T00:00:00.000Z", "deprecated", ["ends_soon"]],
    ["2100-06-01T00:00:00.000Z", "gone", ["past_sunset"]],
  ])("at %s: %s", (time, state, warnings) => {
    const routes = listRoutes(compiled(gatewayConfig()), Date.parse(time));
    expect(routes.find(({ path }) => path === "/v1/orders")).toMatchObject({ state, warnings });
    expect(routes.find(({ path }) => path === "/orders")).toMatchObject({ state: "live", warnings: [] });
  });
});
