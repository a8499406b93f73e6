import { beforeAll, describe, expect, it } from "vitest";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { gatewayConfig, PARTNER_URL } from "../support/gateway_config.ts";
import { install, type RequestWishes } from "../support/install.ts";
import { newKeyWith, storedKey } from "../support/keys.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";

const logs = captureLogs();
const network = stubNetwork();
let ring: ForgeKey;

beforeAll(async () => {
  ring = await ringKey();
});

/** What is asked, and the status that it gets: one of each kind of answer. */
async function kinds(): Promise<readonly (readonly [string, number, RequestWishes?])[]> {
  const good = { headers: bearer(await token(ring)) };
  const key = async (changes = {}) => ({ headers: { "x-api-key": (await storedKey(changes)).key } });
  const post = { method: "POST", body: "{}" };
  const nowMs = Date.now();
  return [
    ["/orders", 200, good],
    ["/orders", 200, await key()],
    ["/public/health", 200],
    ["/limited/ping", 200, good],
    ["/v1/orders", 200, good],
    ["/orders", 200, { ...good, method: "HEAD" }],
    ["/.well-known/oauth-protected-resource", 200],
    ["/.well-known/sallyport/identity-jwks.json", 200],
    ["/.well-known/sallyport/none", 404],
    ["/.well-known/oauth-protected-resource", 405, post],
    ["https://issuer.test/.well-known/jwks.json", 200],
    [
      "https://issuer.test/oauth2/token",
      401,
      { method: "POST", body: new URLSearchParams("grant_type=client_credentials") },
    ],
    ["https://issuer.test/oauth2/nothing", 404],
    ["/orders", 401],
    ["/orders", 401, { headers: bearer(await token(ring, { exp: 1, iat: 0 })) }],
    ["/orders", 401, { headers: bearer(secret("AAAA.BBBB.CCCC")) }],
    ["/orders", 401, { headers: { authorization: "Basic dXNlcjpwYXNz" } }],
    ["/orders", 401, await key({ disabled: true })],
    ["/orders", 401, await key({ expiresAtMs: nowMs - 1 })],
    ["/orders", 401, { headers: { "x-api-key": (await newKeyWith()).key } }],
    ["/orders", 403, { ...post, ...good }],
    ["/managers", 403, good],
    ["/orders", 400, { headers: { ...good.headers, "x-api-key": "x" } }],
    [`/orders?access_token=${secret("in-the-query-in-the-query")}`, 400],
    ["//orders", 400],
    ["/orders?a=%", 400],
    [`/${"a".repeat(5_000)}`, 414],
    ["/nothing", 404],
    ["/orders", 405, { ...good, method: "DELETE" }],
    ["/v0/orders", 410],
    ["/upload", 413, { ...post, headers: { ...good.headers, "content-length": "99999999" } }],
    ["/orders", 431, { headers: { "x-filler": "x".repeat(65_536) } }],
    ["https://evil.test/", 421],
    ["/orders", 503, { headers: bearer(await token(ring, { iss: PARTNER_URL })) }],
  ];
}

describe("every answer, whatever it is", () => {
  it("carries the security headers and a request id of its own, over TLS also HSTS; and is logged once under that id", async () => {
    const gate = install();
    const ids = new Set<string>();
    const decided: string[] = [];
    const all = await kinds();
    expect(all.length).toBeGreaterThanOrEqual(30);
    for (const [target, status, wishes] of all) {
      const response = await gate.fetch(target, wishes);
      const told = `${status} ${wishes?.method ?? "GET"} ${target.slice(0, 60)}`;
      expect(response.status, told).toBe(status);
      const { headers } = response;
      expect(headers.get("x-content-type-options"), told).toBe("nosniff");
      expect(headers.get("x-frame-options"), told).toBe("DENY");
      expect(headers.get("content-security-policy"), told).toContain("default-src 'none'");
      expect(headers.get("referrer-policy"), told).toBe("no-referrer");
      expect(headers.get("strict-transport-security"), told).toMatch(/^max-age=\d{8,}/);
      expect(headers.get("cache-control") ?? "none", told).toMatch(/no-store|public, max-age|none/);
      expect(headers.get("set-cookie"), told).toBeNull();
      if (status >= 400) {
        expect(headers.get("content-type"), told).toMatch(/^application\/(?:problem\+)?json/);
        expect(headers.get("cache-control"), told).toContain("no-store");
        expect(await response.text()).not.toMatch(/at .*\.ts|Error:|<html/);
      }
      const id = headers.get("x-request-id") ?? "";
      expect(id, told).toMatch(/^[0-9a-f-]{36}$/);
      expect(ids.has(id), told).toBe(false);
      ids.add(id);
      if (!/well-known|issuer\.test/.test(target)) decided.push(id);
    }
    const decisions = [...logs.events("decision"), ...logs.events("request_refused")];
    expect(decisions.map((line) => line.request_id).toSorted()).toEqual(decided.toSorted());
  });

  it("HSTS is not sent over plain HTTP (RFC 6797 7.2)", async () => {
    const gate = install();
    const response = await gate.fetch("http://api.test/public/health");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.has("strict-transport-security")).toBe(false);
  });

  it("a caller's X-Request-Id is not taken over", async () => {
    const forged = "00000000-0000-0000-0000-000000000000";
    const response = await install().fetch("/public/health", { headers: { "x-request-id": forged } });
    expect(response.headers.get("x-request-id")).not.toBe(forged);
    expect(network.originCalls[0]?.headers.get("x-request-id")).toBe(response.headers.get("x-request-id"));
  });

  it("errors are never HTML, whatever is accepted (CWE-79)", async () => {
    const headers = { accept: "text/html", "user-agent": "<script>" };
    const response = await install().fetch("/<script>alert(1)<%2fscript>".replace("%2f", "%5f"), { headers });
    expect(response.status).toBe(404);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(await response.text()).not.toContain("script");
  });
});

describe("one line per decision", () => {
  it("names who, what, which rules and how it ended; in UTC, as JSON, under the caller's request id", async () => {
    const gate = install();
    const good = await token(ring, { sub: "cli_x", client_id: "cli_x", jti: "jti-x" });
    const headers = { ...bearer(good), "cf-connecting-ip": "203.0.113.5" };
    const response = await gate.fetch("/orders?secret=query", { headers });
    expect(logs.events("decision")).toEqual([
      {
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        event: "decision",
        request_id: response.headers.get("x-request-id"),
        outcome: "allowed",
        status: 200,
        reason: null,
        method: "GET",
        path: "/orders",
        route: "GET /orders",
        principal: "client",
        shape: "gateway",
        principal_id: "cli_x",
        credential_id: "jti-x",
        rules: ["scopes"],
        address: "203.0.113.5",
        duration_ms: expect.any(Number),
      },
    ]);
  });

  it("CWE-117: what a caller or a token says stays on its line and inside its string", async () => {
    const gate = install();
    const subject = 'x\r\n{"event":"decision","outcome":"allowed"}\u001b[31m\u2028';
    const good = bearer(await token(ring, { sub: subject, client_id: "cli_y" }));
    expect((await gate.fetch("/orders", { headers: good })).status).toBe(200);
    expect((await gate.fetch("/nothing/%22%7d%7b", { headers: good })).status).toBe(404);
    const lines = logs.events("decision");
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatchObject({ principal_id: subject, outcome: "allowed" });
    expect(JSON.stringify(lines[0])).not.toMatch(/[\r\n\u001b]/);
  });

  it("a route's own name is used when it has one", async () => {
    const config = gatewayConfig();
    const named = { path: "/named", methods: ["GET" as const], origin: "main", public: true, id: "the-named-one" };
    const gate = install({ config: { ...config, routes: [...config.routes, named] } });
    await gate.fetch("/named");
    expect(logs.lastDecision).toMatchObject({ route: "the-named-one", method: "GET" });
  });
});
