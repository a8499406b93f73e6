import { beforeAll, describe, expect, it } from "vitest";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { RESOURCE } from "../support/gateway_config.ts";
import { install } from "../support/install.ts";
import { storedKey } from "../support/keys.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { INVALID_TOKEN, METADATA, problemOf } from "../support/refused.ts";

const logs = captureLogs();
const network = stubNetwork();
let ring: ForgeKey;

beforeAll(async () => {
  ring = await ringKey();
});

describe("RFC 6750 3, RFC 9728 5.1: nothing sent", () => {
  it("is 401 with both challenges and no error, and the document that the challenge names exists", async () => {
    const gate = install();
    const response = await gate.fetch("/orders");
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe(`Bearer ${METADATA}, ApiKey realm="sallyport"`);
    const problem = await problemOf(response);
    expect(problem).toMatchObject({ status: 401, code: "unauthenticated", title: "Unauthorized" });
    expect(problem).not.toHaveProperty("error");
    expect(logs.lastDecision).toMatchObject({ reason: "no_credential", principal: null, route: "GET /orders" });
    expect(network.calls).toEqual([]);
    const document = await gate.fetch(/resource_metadata="([^"]+)"/.exec(METADATA)?.[1] ?? "");
    expect(document.status).toBe(200);
    expect(await document.json()).toEqual({
      resource: RESOURCE,
      authorization_servers: ["https://issuer.test", "https://partner.test"],
      scopes_supported: ["orders:read", "orders:write"],
      bearer_methods_supported: ["header"],
    });
  });

  it("names ApiKey only where keys are taken", async () => {
    const response = await install().fetch("/bearer-only");
    expect(response.headers.get("www-authenticate")).toBe(`Bearer ${METADATA}`);
  });

  it("positive control: the same call with a good token passes, and a public route needs none", async () => {
    const gate = install();
    const passed = await gate.fetch("/orders", { headers: bearer(await token(ring)) });
    expect(passed.status).toBe(200);
    expect(logs.lastDecision).toMatchObject({
      outcome: "allowed",
      principal: "client",
      rules: ["scopes"],
      reason: null,
    });
    expect((await gate.fetch("/public/health")).status).toBe(200);
    expect(logs.lastDecision).toMatchObject({ outcome: "allowed", principal: null });
  });

  it("a public route does not look at credentials, and its origin gets neither them nor an identity", async () => {
    const gate = install();
    const headers = { authorization: `Bearer ${secret("nonsense-nonsense-nonsense")}`, "x-api-key": "sk_live_x" };
    expect((await gate.fetch("/public/health", { headers })).status).toBe(200);
    const [call] = network.originCalls;
    for (const name of ["authorization", "x-api-key", "sallyport-identity"])
      expect(call?.headers.has(name)).toBe(false);
  });
});

describe("RFC 6750 3.1: insufficient scope", () => {
  it("is 403 that names all scopes of the route in header and body; with them it passes", async () => {
    const gate = install();
    const post = (scope: string) =>
      token(ring, { scope }).then((good) =>
        gate.fetch("/orders", { method: "POST", body: "{}", headers: bearer(good) }),
      );
    const refused = await post("orders:read");
    expect(refused.status).toBe(403);
    expect(refused.headers.get("www-authenticate")).toBe(
      `Bearer error="insufficient_scope", scope="orders:read orders:write", ${METADATA}`,
    );
    expect(await problemOf(refused)).toMatchObject({
      status: 403,
      code: "insufficient_scope",
      error: "insufficient_scope",
      scope: "orders:read orders:write",
    });
    expect(logs.lastDecision).toMatchObject({ reason: "scope_missing", rules: ["scopes"], principal: "client" });
    expect(network.originCalls).toEqual([]);
    expect((await post("orders:write orders:read")).status).toBe(200);
  });

  it.each([
    "",
    "orders",
    "orders:read:all",
    "ORDERS:READ",
    "orders:*",
    "*",
    "orders:read,orders:write",
    "xorders:read",
  ])("scope %j is not orders:read", async (scope) => {
    const gate = install();
    expect((await gate.fetch("/orders", { headers: bearer(await token(ring, { scope })) })).status).toBe(403);
    expect((await gate.fetch("/orders", { headers: bearer(await token(ring)) })).status).toBe(200);
  });

  it("a route with roles takes any one of them, and says 403 without", async () => {
    const gate = install();
    const call = (roles: readonly string[]) =>
      token(ring, { roles }).then((good) => gate.fetch("/managers", { headers: bearer(good) }));
    const refused = await call(["Manager", "own"]);
    expect(refused.status).toBe(403);
    expect(await problemOf(refused)).toMatchObject({ code: "forbidden" });
    expect(logs.lastDecision).toMatchObject({ reason: "role_missing", rules: ["roles"] });
    expect((await call(["guest", "owner"])).status).toBe(200);
  });
});

describe("RFC 6750 2: one credential only", () => {
  it("a token and a key together are 400, though each alone is good", async () => {
    const gate = install();
    const good = await token(ring);
    const { key } = await storedKey();
    const both = await gate.fetch("/orders", { headers: { ...bearer(good), "x-api-key": key } });
    expect(both.status).toBe(400);
    expect(both.headers.get("www-authenticate")).toContain('error="invalid_request"');
    expect(await problemOf(both)).toMatchObject({ code: "ambiguous_credentials" });
    expect(network.calls).toEqual([]);
    expect((await gate.fetch("/orders", { headers: bearer(good) })).status).toBe(200);
    expect((await gate.fetch("/orders", { headers: { "x-api-key": key } })).status).toBe(200);
  });

  it("two Authorization headers are 400: different, identical, or of several schemes", async () => {
    const gate = install();
    const good = await token(ring);
    const other = await token(ring);
    const pairs: readonly (readonly [string, string])[] = [
      [`Bearer ${good}`, `Bearer ${other}`],
      [`Bearer ${good}`, `Bearer ${good}`],
      [`Bearer ${good}`, `bearer ${good}`],
      [`Bearer ${good}`, "Basic dXNlcjpwYXNz"],
      ["Basic dXNlcjpwYXNz", `Bearer ${good}`],
      [`Bearer ${good}`, `DPoP ${other}`],
      [`Bearer ${good}`, good],
      [good, `Bearer ${good}`],
      [`Bearer ${good}`, "Bearer"],
      [`Bearer ${good}`, ""],
      ["", `Bearer ${good}`],
    ];
    for (const [first, second] of pairs) {
      const headers = [
        ["authorization", first],
        ["Authorization", second],
      ] as const;
      const response = await gate.fetch("/orders", { headers });
      expect(response.status, `${first.slice(0, 8)} and ${second.slice(0, 8)}`).toBe(400);
    }
    expect(network.calls).toEqual([]);
    expect((await gate.fetch("/orders", { headers: bearer(good) })).status).toBe(200);
  });

  it("two X-API-Key headers are 400: different or identical", async () => {
    const gate = install();
    const { key } = await storedKey();
    const { key: other } = await storedKey();
    for (const second of [other, key, "", "x"]) {
      const headers = [
        ["x-api-key", key],
        ["X-API-Key", second],
      ] as const;
      expect((await gate.fetch("/orders", { headers })).status, second.slice(0, 4)).toBe(400);
    }
    expect((await gate.fetch("/orders", { headers: { "x-api-key": key } })).status).toBe(200);
  });

  it.each(["Basic dXNlcjpwYXNz", "DPoP AAAA", "Digest username=x", "Negotiate AAAA", "", "null"])(
    "RFC 6750 3.1: Authorization %j counts as nothing sent: a challenge without error, and no failure counted",
    async (authorization) => {
      const gate = install();
      const response = await gate.fetch("/orders", { headers: { authorization } });
      expect(response.status).toBe(401);
      expect(await problemOf(response)).toMatchObject({ code: "unauthenticated" });
      expect(response.headers.get("www-authenticate")).not.toContain("error");
      expect(logs.events("decision").at(-1)).toMatchObject({ reason: "scheme_not_supported" });
      expect(network.calls).toEqual([]);
    },
  );

  it.each(["Bearer null", "Bearer", "Bearer a b"])("Authorization %j proves nobody", async (authorization) => {
    const gate = install();
    const response = await gate.fetch("/orders", { headers: { authorization } });
    expect(response.status).toBe(401);
    expect(await problemOf(response)).toEqual(INVALID_TOKEN);
    expect(network.calls).toEqual([]);
  });
});

describe("RFC 6750 2.3, RFC 9700 4.3.2: a token in the URL or the body is never honoured", () => {
  it.each(["access_token", "%61ccess_token", "access%5Ftoken", "a=1&access_token", "access_token=x&access_token"])(
    "?%s= is 400 and is not logged; the same token in the header passes",
    async (name) => {
      const gate = install();
      const good = await token(ring);
      const response = await gate.fetch(`/orders?${name}=${good}`);
      expect(response.status).toBe(400);
      expect(await problemOf(response)).toMatchObject({ code: "credential_in_query" });
      expect(logs.events("request_refused")).toHaveLength(1);
      expect(JSON.stringify(logs.events("request_refused"))).not.toContain(good);
      const beside = await gate.fetch(`/orders?${name}=${good}`, { headers: bearer(good) });
      expect(beside.status).toBe(400);
      expect(network.calls).toEqual([]);
      expect((await gate.fetch("/orders?a=1", { headers: bearer(good) })).status).toBe(200);
      expect(network.originCalls[0]?.url).toMatch(/\/orders\?a=1$/);
    },
  );

  it.each(["x-api-key", "api_key", "apikey", "key", "token", "bearer"])("?%s= opens nothing", async (name) => {
    const gate = install();
    const { key } = await storedKey();
    expect((await gate.fetch(`/orders?${name}=${key}`)).status).toBe(401);
    expect((await gate.fetch(`/orders?${name}=${await token(ring)}`)).status).toBe(401);
    expect((await gate.fetch("/orders", { headers: { "x-api-key": key } })).status).toBe(200);
  });

  it("a form body with access_token, or a cookie, opens nothing", async () => {
    const gate = install();
    const good = await token(ring, { scope: "orders:read orders:write" });
    const form = { method: "POST", body: new URLSearchParams({ access_token: good }) };
    expect((await gate.fetch("/orders", form)).status).toBe(401);
    const cookie = { cookie: `access_token=${good}; session=${good}` };
    expect((await gate.fetch("/orders", { headers: cookie })).status).toBe(401);
    expect(network.calls).toEqual([]);
    expect((await gate.fetch("/orders", { ...form, headers: bearer(good) })).status).toBe(200);
  });
});
