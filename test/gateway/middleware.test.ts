import { Hono } from "hono";
import { beforeAll, describe, expect, it } from "vitest";
import { type SallyportEnv, sallyport } from "../../src/middleware/sallyport.ts";
import type { Authorization, AuthorizationDecision } from "../../src/ports/authorization.ts";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { GATEWAY_URL } from "../support/gateway_config.ts";
import { install } from "../support/install.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { problemOf } from "../support/refused.ts";

const logs = captureLogs();
const network = stubNetwork();
let ring: ForgeKey;

beforeAll(async () => {
  ring = await ringKey();
});

/** An app of another Worker, whose handler tells what it was given. */
function appBefore(authorizer: Authorization, deadlineMs?: number) {
  const app = new Hono<SallyportEnv>();
  let calls = 0;
  app.use(sallyport({ authorizer, ...(deadlineMs === undefined ? {} : { deadlineMs }) }));
  app.post("/upload", async (c) => c.text(await c.req.text()));
  app.onError(() => new Response("failed", { status: 500 }));
  app.get("/public/throws", () => {
    throw new Error("the app failed");
  });
  app.all("*", (c) => {
    calls += 1;
    return c.json(c.var.principal, 200, {
      "ratelimit-limit": "1000",
      link: "</next>; rel=next",
      "cache-control": "public",
    });
  });
  return {
    get calls() {
      return calls;
    },
    fetch: (path: string, init: RequestInit = {}) => app.request(new Request(`${GATEWAY_URL}${path}`, init)),
  };
}

const deciding = (authorize: () => Promise<AuthorizationDecision>): Authorization => ({ authorize });

describe("the gate before a Hono app of another Worker", () => {
  it("the app is told who is calling, and the gate has the last word in what the caller is told", async () => {
    const app = appBefore(install());
    const response = await app.fetch("/limited/ping", {
      headers: bearer(await token(ring, { sub: "cli_x", client_id: "cli_x" })),
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ v: 1, kind: "client", id: "cli_x", scopes: ["orders:read"] });
    expect(response.headers.get("ratelimit-limit")).toBe("5");
    expect(response.headers.get("cache-control")).toBe("no-store, private");
    expect(response.headers.get("x-request-id")).toBe(logs.lastDecision.request_id);
    expect(network.calls).toEqual([]);
  });

  it("links of the app stay beside the gate's", async () => {
    const response = await appBefore(install()).fetch("/v1/orders", { headers: bearer(await token(ring)) });
    expect(response.headers.get("link")).toBe('</next>; rel=next, </orders>; rel="successor-version"');
  });

  it("on a public route the caller is anonymous", async () => {
    const response = await appBefore(install()).fetch("/public/health");
    expect(await response.json()).toEqual({ v: 1, kind: "anonymous" });
  });

  it("a refused call does not reach the app", async () => {
    const app = appBefore(install());
    const response = await app.fetch("/orders");
    expect(await problemOf(response)).toMatchObject({ status: 401, code: "unauthenticated" });
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(app.calls).toBe(0);
  });

  it("the body stays the app's, and the gate is asked without it", async () => {
    const gate = install();
    const asked: unknown[] = [];
    const app = appBefore({
      authorize: (call, shape) => {
        asked.push(call);
        return gate.authorize(call, shape);
      },
    });
    const init = { method: "POST", body: "kept", headers: { ...bearer(await token(ring)), "content-length": "4" } };
    expect(await (await app.fetch("/upload", init)).text()).toBe("kept");
    expect(Object.keys(asked[0] as object).sort()).toEqual(["headers", "method", "url"]);
  });

  it("a call whose spelling the app would route in another way than the gate decides is refused", async () => {
    const gate = install();
    for (const path of ["/orders/%2e%2e/public/health", "/public//health", "/public/health#x"]) {
      const call = { method: "GET", url: `${GATEWAY_URL}${path}`, headers: [] };
      expect(await gate.authorize(call)).toMatchObject({ allowed: false, status: 400 });
    }
    for (const url of ["https://user@api.test/public/health", "ftp://api.test/public/health", "/public/health", ""]) {
      expect(await gate.authorize({ method: "GET", url, headers: [] })).toMatchObject({ allowed: false, status: 400 });
    }
    const elsewhere = { method: "GET", url: "https://elsewhere.test/public/health", headers: [] };
    expect(await gate.authorize(elsewhere)).toMatchObject({ allowed: false, status: 421 });
  });

  it("a header that an asker lists twice is one that came twice", async () => {
    const gate = install();
    const good = await token(ring);
    const headers = [
      ["Authorization", `Bearer ${good}`],
      ["authorization", `Bearer ${good}`],
    ] as const;
    const told = await gate.authorize({ method: "GET", url: `${GATEWAY_URL}/orders`, headers });
    expect(told).toMatchObject({ allowed: false, status: 400 });
  });

  it("a failure of the app is the app's, not a verdict", async () => {
    const response = await appBefore(install()).fetch("/public/throws");
    expect([response.status, await response.text()]).toEqual([500, "failed"]);
    expect(logs.lastDecision).toMatchObject({ outcome: "allowed", shape: "middleware" });
  });

  it.each<[string, Authorization]>([
    ["throws", deciding(() => Promise.reject(new Error("gone")))],
    ["never answers", deciding(() => new Promise(() => undefined))],
    ["answers nonsense", deciding(() => Promise.resolve({} as AuthorizationDecision))],
    ["answers nothing", deciding(() => Promise.resolve(null as never))],
    ["says yes in other words", deciding(() => Promise.resolve({ allowed: "true" } as never))],
    [
      "refuses with a status that would pass for success",
      deciding(() => Promise.resolve({ allowed: false, status: 200, headers: [], body: "" } as never)),
    ],
  ])("an authorizer that %s: 503, and the app is not called", async (_, authorizer) => {
    const app = appBefore(authorizer, 20);
    const response = await app.fetch("/public/health");
    expect(await problemOf(response)).toMatchObject({ status: 503, code: "temporarily_unavailable" });
    expect(response.headers.get("retry-after")).toBe("1");
    expect(app.calls).toBe(0);
    expect(logs.events("authorizer_unreachable")).toHaveLength(1);
  });
});
