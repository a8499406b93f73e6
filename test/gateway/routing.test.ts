import { beforeAll, describe, expect, it } from "vitest";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { GATEWAY_URL, gatewayConfig } from "../support/gateway_config.ts";
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

describe("a route is closed unless it is there", () => {
  it.each([
    "/nothing",
    "/",
    "/orders/1",
    "/debug",
    "/metrics",
    "/.git/config",
    "/swagger",
    "/__scheduled",
    "/cdn-cgi/trace",
    "/v2/orders",
  ])("%s is 404 with and without a token; a known path is not", async (path) => {
    const gate = install();
    const caller = bearer(await token(ring));
    for (const headers of [caller, {}]) {
      const response = await gate.fetch(path, { headers });
      expect(response.status).toBe(404);
      expect(await problemOf(response)).toMatchObject({ code: "not_found", status: 404 });
    }
    expect(network.calls).toEqual([]);
    expect((await gate.fetch("/orders", { headers: caller })).status).toBe(200);
  });

  it.each(["DELETE", "PUT", "PATCH", "OPTIONS", "PROPFIND", "PURGE", "get", "post", "QUERY"])(
    "RFC 9110 15.5.6: %s on a known path is 405 with Allow, or the method that it is normalised to",
    async (method) => {
      const gate = install();
      const headers = bearer(await token(ring, { scope: "orders:read orders:write" }));
      const response = await gate.fetch("/orders", { method, headers });
      if (method === "get" || method === "post") {
        expect(response.status).toBe(200);
        expect(network.originCalls[0]?.method).toBe(method.toUpperCase());
        return;
      }
      expect(response.status).toBe(405);
      expect(response.headers.get("allow")).toBe("GET, HEAD, POST");
      expect(await problemOf(response)).toMatchObject({ code: "method_not_allowed" });
      expect(network.calls).toEqual([]);
    },
  );

  it.each(["TRACE", "CONNECT", "TRACK"])("RFC 9110 9.3: %s never reaches an origin", async (method) => {
    const gate = install();
    const headers = bearer(await token(ring));
    // The platform itself may refuse to make such a request.
    const status = await Promise.resolve()
      .then(() => gate.fetch("/orders", { method, headers }))
      .then((response) => response.status)
      .catch(() => 405);
    expect(status).toBe(405);
    expect(network.calls).toEqual([]);
    expect((await gate.fetch("/orders", { headers })).status).toBe(200);
  });

  it("RFC 9110 9.3.2: HEAD is guarded as GET is, and asked of the origin as HEAD", async () => {
    const gate = install();
    network.origin(
      ({ method }) => new Response(method === "HEAD" ? null : "body", { headers: { "x-from": "origin" } }),
    );
    expect((await gate.fetch("/orders", { method: "HEAD" })).status).toBe(401);
    const weak = bearer(await token(ring, { scope: "orders:write" }));
    expect((await gate.fetch("/orders", { method: "HEAD", headers: weak })).status).toBe(403);
    const response = await gate.fetch("/orders", { method: "HEAD", headers: bearer(await token(ring)) });
    expect(response.status).toBe(200);
    expect(response.headers.get("x-from")).toBe("origin");
    expect(await response.text()).toBe("");
    expect(network.originCalls.map(({ method }) => method)).toEqual(["HEAD"]);
    const post = await gate.fetch("/upload", { method: "HEAD", headers: bearer(await token(ring)) });
    expect(post.status).toBe(405);
    expect(post.headers.get("allow")).toBe("POST");
  });

  it.each(["x-http-method-override", "x-http-method", "x-method-override"])(
    "%s changes nothing, and does not reach the origin",
    async (name) => {
      const gate = install();
      const headers = { ...bearer(await token(ring)), [name]: "DELETE" };
      expect((await gate.fetch("/orders?_method=DELETE", { headers })).status).toBe(200);
      expect(network.originCalls[0]?.method).toBe("GET");
      expect(network.originCalls[0]?.headers.has(name)).toBe(false);
    },
  );

  it("the most specific route wins: a protected literal beside a public wildcard, in any spelling", async () => {
    const gate = install();
    expect((await gate.fetch("/public/open")).status).toBe(200);
    expect((await gate.fetch("/public/deep/er")).status).toBe(200);
    for (const path of [
      "/public/secret",
      "/public/%73ecret",
      "/public/x/../secret",
      "/public/./secret",
      "/public/%2e/secret",
    ]) {
      expect((await gate.fetch(path)).status, path).toBe(401);
    }
    for (const path of ["/public/secret/", "/public/Secret", "/public/SECRET", "/public/%53ecret", "/public/ｓecret"]) {
      expect((await gate.fetch(path)).status, path).toBeGreaterThanOrEqual(400);
    }
    expect(network.originCalls.some(({ url }) => /secret/i.test(decodeURIComponent(url)))).toBe(false);
    const scoped = bearer(await token(ring, { scope: "orders:write" }));
    expect((await gate.fetch("/public/%73ecret", { headers: scoped })).status).toBe(200);
    expect(network.originCalls.at(-1)?.url).toMatch(/\/public\/secret$/);
  });

  it.each([
    "//orders",
    "/orders//",
    "/public//secret",
    "/public/%2e%2e%2fsecret",
    "/public/%2fsecret",
    "/public/%5csecret",
    "/public/;x/secret",
    "/public/secret;x",
    "/public/secret%3bx",
    "/public/secret%00",
    "/public/secret%20",
    "/public/secret.",
    "/public/%c0%afsecret",
    "/public/%ff",
    "/public/%252e%252e",
    "/public/%",
    "/public/%zz",
  ])("%s has several readings and is 400, whoever asks", async (path) => {
    const gate = install();
    const response = await gate.fetch(path);
    expect(response.status).toBe(400);
    expect(await problemOf(response)).toMatchObject({ code: "path_ambiguous" });
    expect(logs.events("request_refused")).toHaveLength(1);
    expect(network.calls).toEqual([]);
    expect((await gate.fetch("/public/open")).status).toBe(200);
  });

  it("a path or query that is too long is 414", async () => {
    const gate = install();
    expect((await gate.fetch(`/public/${"a".repeat(5_000)}`)).status).toBe(414);
    expect((await gate.fetch(`/public/${"a/".repeat(70)}a`)).status).toBe(414);
    expect((await gate.fetch(`/public/a?q=${"a".repeat(9_000)}`)).status).toBe(414);
    expect((await gate.fetch(`/public/${"a".repeat(2_000)}?q=${"a".repeat(2_000)}`)).status).toBe(200);
  });

  it("the query reaches the origin as it was sent, and a query that is not well-formed is refused", async () => {
    const gate = install();
    expect((await gate.fetch("/public/a?b=%20c&b=d+e&f")).status).toBe(200);
    expect(network.originCalls[0]?.url).toMatch(/\/public\/a\?b=%20c&b=d\+e&f$/);
    for (const query of ["a=%", "a=%zz", "a=%00", "a=\\"]) {
      expect((await gate.fetch(`/public/a?${query}`)).status, query).toBe(400);
    }
  });
});

describe("hosts and reserved paths", () => {
  it.each([
    "https://evil.test/orders",
    "https://api.test.evil.test/orders",
    "https://api.test:8443/orders",
    "https://api.test./orders",
  ])("RFC 9110 15.5.20: %s is nobody's: 421", async (url) => {
    const gate = install();
    const response = await gate.fetch(url, { headers: bearer(await token(ring)) });
    expect(response.status).toBe(421);
    expect(await problemOf(response)).toMatchObject({ code: "unknown_host" });
    expect(network.calls).toEqual([]);
    expect((await gate.fetch(`${GATEWAY_URL.toUpperCase()}/public/health`)).status).toBe(200);
  });

  it.each(["/_authz", "/access/v1/evaluation", "/.well-known/authzen-configuration", "/.well-known/sallyport/other"])(
    "%s is the gateway's own and nothing yet: 404",
    async (path) => expect((await install().fetch(path)).status).toBe(404),
  );

  it("the issuer's paths are not on the gateway's host, nor the gateway's routes on the issuer's", async () => {
    const gate = install();
    expect((await gate.fetch("/oauth2/token", { method: "POST" })).status).toBe(404);
    expect((await gate.fetch("https://issuer.test/orders", { headers: bearer(await token(ring)) })).status).toBe(421);
    expect((await gate.fetch("https://issuer.test/.well-known/jwks.json")).status).toBe(200);
  });

  it("the gateway's documents answer GET and HEAD alone", async () => {
    const gate = install();
    const path = "/.well-known/oauth-protected-resource";
    expect((await gate.fetch(path)).headers.get("cache-control")).toBe("public, max-age=300");
    expect((await gate.fetch(path, { method: "HEAD" })).status).toBe(200);
    const posted = await gate.fetch(path, { method: "POST" });
    expect(posted.status).toBe(405);
    expect(posted.headers.get("allow")).toBe("GET, HEAD");
  });
});

describe("a version that ends", () => {
  it("RFC 9745, RFC 8594: says so while it works, and is 410 afterwards, before any credential is looked at", async () => {
    const gate = install();
    const headers = bearer(await token(ring));
    const response = await gate.fetch("/v1/orders", { headers });
    expect(response.status).toBe(200);
    expect(response.headers.get("deprecation")).toBe(`@${Date.parse("2026-06-01T00:00:00Z") / 1000}`);
    expect(response.headers.get("sunset")).toBe("Tue, 01 Jun 2100 00:00:00 GMT");
    expect(response.headers.get("link")).toBe('</orders>; rel="successor-version"');
    const gone = await gate.fetch("/v0/orders");
    expect(gone.status).toBe(410);
    expect(gone.headers.get("link")).toBe('</orders>; rel="successor-version"');
    expect(gone.headers.get("deprecation")).toBe(`@${Date.parse("2019-06-01T00:00:00Z") / 1000}`);
    expect(gone.headers.get("sunset")).toBe("Mon, 01 Jun 2020 00:00:00 GMT");
    expect((await problemOf(gone)).code).toBe("gone");
    expect(network.originCalls).toHaveLength(1);
  });

  it("says so in refusals too, with the call's own parameters in the link", async () => {
    const config = gatewayConfig();
    const times = { since: "2026-06-01T00:00:00Z", sunset: "2100-06-01T00:00:00Z" };
    config.routes.push(
      { path: "/v2/pets/:pet", methods: ["GET"], origin: "main" },
      { path: "/v1/pets/:id", methods: ["GET"], origin: "main", deprecation: { ...times, successor: "/v2/pets/:id" } },
    );
    const response = await install({ config }).fetch("/v1/pets/a%3Eb%2Cc");
    expect(response.status).toBe(401);
    expect(response.headers.get("link")).toBe('</v2/pets/a%3Eb%2Cc>; rel="successor-version"');
    expect(response.headers.has("deprecation")).toBe(true);
  });
});
