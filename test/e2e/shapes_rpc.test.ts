import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { call, type ShapesWorld, startShapesWorld } from "./shapes_world.ts";

let world: ShapesWorld;

beforeAll(async () => {
  world = await startShapesWorld();
});

afterAll(() => world.dispose());

describe("a Hono app in a Worker of its own asks the gate over a service binding", () => {
  it("the app is told who is calling, and keeps the body", async () => {
    const headers = { authorization: `Bearer ${await world.token()}` };
    const told = await call(world.appPort, "/orders", { method: "POST", headers, body: "a body" });
    expect(told.status).toBe(200);
    const answer = JSON.parse(told.text);
    expect(answer).toMatchObject({ principal: { kind: "client", scopes: ["orders:read"] }, body: "a body" });
    expect(answer.identity.split(".")).toHaveLength(3);
    expect(told.headers["cache-control"]).toBe("no-store, private");
  });

  it("a public route has an anonymous caller", async () => {
    const told = await call(world.appPort, "/public/x");
    expect(JSON.parse(told.text)).toMatchObject({ principal: { kind: "anonymous" }, identity: null });
  });

  it.each([
    ["/orders", "GET", 401, "unauthenticated"],
    ["/nothing", "GET", 404, "not_found"],
    ["/orders", "DELETE", 405, "method_not_allowed"],
    ["/v0/orders", "GET", 410, "gone"],
    ["/public/%2e%2e/orders", "GET", 400, "path_ambiguous"],
    ["/public//orders", "GET", 400, "path_ambiguous"],
    ["/orders%2fx", "GET", 400, "path_ambiguous"],
    ["/_authz", "GET", 404, "not_found"],
  ])("%s by %s is %i %s, in the gate's own words", async (path, method, status, code) => {
    const told = await call(world.appPort, path, { method });
    expect([told.status, JSON.parse(told.text).code]).toEqual([status, code]);
    expect(told.headers["content-type"]).toBe("application/problem+json");
    expect(told.headers["x-request-id"]).toBe(JSON.parse(told.text).request_id);
  });

  it("limits count calls through the app and through the gate together", async () => {
    const headers = { authorization: `Bearer ${await world.token()}` };
    expect((await call(world.appPort, "/few", { headers })).headers["ratelimit-remaining"]).toBe("1");
    expect((await call(world.gatePort, "/few", { headers })).headers["ratelimit-remaining"]).toBe("0");
    const denied = await call(world.appPort, "/few", { headers });
    expect([denied.status, denied.headers["ratelimit-limit"]]).toEqual([429, "2"]);
  });

  it("another name than the gate's is nobody's", async () => {
    const told = await call(world.appPort, "/public/x", { headers: { host: "evil.test" } });
    expect([told.status, JSON.parse(told.text).code]).toEqual([421, "unknown_host"]);
  });
});
