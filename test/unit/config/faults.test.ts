import { describe, expect, it } from "vitest";
import { compileConfig } from "../../../src/config/compile.ts";
import { ADDED, add, changed, type MutableConfig } from "../../support/changed_config.ts";
import { GATEWAY_URL, ISSUER_URL } from "../../support/gateway_config.ts";

describe("a configuration that is wrong says where and why", () => {
  const wrong: readonly [string, (config: MutableConfig) => void, string, RegExp][] = [
    ["an unknown member at the top", (c) => (c.rooutes = []), "", /Unrecognized key.*rooutes/],
    ["an unknown member of a route", add({ scope: ["orders:read"] }), ADDED, /Unrecognized key.*scope/],
    ["an unknown member of the gateway", (c) => (c.gateway.debug = true), "gateway", /Unrecognized key.*debug/],
    [
      "an unknown member of a limit",
      (c) => (c.limits.ping = { algorithm: "fixed", limit: 5, windowSeconds: 1, burst: 1 }),
      "limits.ping",
      /burst/,
    ],
    [
      "an algorithm that signs our API's tokens and that the gateway does not take",
      (c) => Object.assign(c.issuer.apis[0] ?? {}, { algorithm: "RS256" }),
      "gateway.trustedIssuers[0].algorithms",
      /lacks RS256/,
    ],
    ["another version", (c) => (c.version = 2), "version", /expected 1/],
    ["no routes", (c) => (c.routes = []), "routes", /too small/i],
    ["an unknown origin", add({ origin: "nowhere" }), `${ADDED}.origin`, /`nowhere` is not among origins/],
    [
      "an origin called like an object's member",
      add({ origin: "constructor" }),
      `${ADDED}.origin`,
      /not among origins/,
    ],
    ["an unknown limit", add({ limits: ["ping", "pong"] }), `${ADDED}.limits[1]`, /`pong` is not among limits/],
    ["a limit called like an object's member", add({ limits: ["toString"] }), `${ADDED}.limits[0]`, /not among limits/],
    ["an unknown scope", add({ scopes: ["orders:delete"] }), `${ADDED}.scopes[0]`, /not a scope of/],
    [
      "a scope called like an object's member",
      add({ scopes: ["constructor"] }),
      `${ADDED}.scopes[0]`,
      /not a scope of/,
    ],
    ["a scope that is no scope token", add({ scopes: ["a b"] }), `${ADDED}.scopes[0]`, /RFC 6749/],
    ["an unknown method", add({ methods: ["TRACE"] }), `${ADDED}.methods[0]`, /expected one of/],
    ["a method in lower case", add({ methods: ["get"] }), `${ADDED}.methods[0]`, /expected one of/],
    ["no method", add({ methods: [] }), `${ADDED}.methods`, /too small/i],
    ["an unknown kind of credential", add({ credentials: ["cookie"] }), `${ADDED}.credentials[0]`, /expected one of/],
    ["no kind of credential", add({ credentials: [] }), `${ADDED}.credentials`, /too small/i],
    ["a path that is none", add({ path: "added" }), `${ADDED}.path`, /begins with a slash/],
    ["a path with a star inside", add({ path: "/a/*/b" }), `${ADDED}.path`, /only be the last/],
    ["a public route with scopes", add({ public: true, scopes: ["orders:read"] }), `${ADDED}.public`, /proves nobody/],
    ["a public route with roles", add({ public: true, roles: ["x"] }), `${ADDED}.public`, /proves nobody/],
    [
      "credits where no key opens",
      add({ credentials: ["bearer"], creditCost: 2 }),
      `${ADDED}.creditCost`,
      /no API key/,
    ],
    ["credits where nobody is proven", add({ public: true, creditCost: 0 }), `${ADDED}.creditCost`, /no API key/],
    ["credits given back by a call", add({ creditCost: -1 }), `${ADDED}.creditCost`, /too small/i],
    ["a public that is no boolean", add({ public: "false" }), `${ADDED}.public`, /expected boolean/],
    [
      "a sunset before the deprecation",
      add({ deprecation: { since: "2026-01-02T00:00:00Z", sunset: "2026-01-01T00:00:00Z", successor: "/" } }),
      `${ADDED}.deprecation.sunset`,
      /after `since`/,
    ],
    ["staleness without end", add({ onStale: "allow" }), `${ADDED}.onStale`, /./],
    [
      "staleness of more than an hour",
      add({ onStale: { allowForSeconds: 3_601 } }),
      `${ADDED}.onStale.allowForSeconds`,
      /./,
    ],
    ["a body bound above 100 MiB", add({ maxBodyBytes: 104_857_601 }), `${ADDED}.maxBodyBytes`, /too big/i],
    ["the same path twice", add({ path: "/whoami" }), "routes", /two routes are called `GET \/whoami`/],
    ["the same path under another id", add({ path: "/whoami", id: "x" }), "routes", /match the same GET requests/],
    [
      "equal rank under other names",
      (c) => {
        add({ path: "/x/:a" })(c);
        add({ path: "/x/:b" })(c);
      },
      "routes",
      /match the same/,
    ],
    ["a star twice", add({ path: "/public/*", id: "x" }), "routes", /match the same GET requests/],
    ["one id for two routes", add({ id: "GET /whoami" }), "routes", /two routes are called/],
    [
      "a limit of nothing",
      (c) => (c.limits.ping = { algorithm: "fixed", limit: 0, windowSeconds: 1 }),
      "limits.ping.limit",
      /./,
    ],
    [
      "a limit of a fraction",
      (c) => (c.limits.ping = { algorithm: "fixed", limit: 1.5, windowSeconds: 1 }),
      "limits.ping.limit",
      /./,
    ],
    ["an unknown algorithm", (c) => (c.limits.ping = { algorithm: "sliding" }), "limits.ping.algorithm", /./],
    [
      "a window too long to count",
      (c) => (c.limits.ping = { algorithm: "fixed", limit: 5, windowSeconds: Number.MAX_SAFE_INTEGER }),
      "limits.ping.windowSeconds",
      /./,
    ],
    [
      "a bucket too large to count",
      (c) => (c.limits.ping = { algorithm: "bucket", burst: 1e12, refill: 1, intervalSeconds: 1e9 }),
      "limits.ping.burst",
      /./,
    ],
    [
      "an origin with a path",
      (c) => (c.origins.main = { url: "http://o.test/api", audience: "a" }),
      "origins.main.url",
      /no path/,
    ],
    [
      "an origin with credentials",
      (c) => (c.origins.main = { url: "http://u:p@o.test", audience: "a" }),
      "origins.main.url",
      /credentials/,
    ],
    [
      "an origin of another scheme",
      (c) => (c.origins.main = { url: "ftp://o.test", audience: "a" }),
      "origins.main.url",
      /./,
    ],
    ["an origin without audience", (c) => (c.origins.main = { url: "http://o.test" }), "origins.main.audience", /./],
    ["an origin called in capitals", (c) => (c.origins.Main = { ...c.origins.main }), "origins.Main", /./],
    ["an issuer with a slash at its end", (c) => (c.issuer.url = `${ISSUER_URL}/`), "issuer.url", /RFC 8414/],
    ["an issuer with a query", (c) => (c.issuer.url = `${ISSUER_URL}?a`), "issuer.url", /RFC 8414/],
    [
      "an issuer named like an API",
      (c) => {
        c.issuer.url = GATEWAY_URL;
        c.gateway.resource = GATEWAY_URL;
      },
      "issuer.url",
      /also the resource/,
    ],
    [
      "keys of leak reports at an address inside",
      (c) => Object.assign(c.issuer, { secretScanning: { keysUrl: "https://169.254.169.254/keys" } }),
      "issuer.secretScanning.keysUrl",
      /url_host_not_public/,
    ],
    [
      "keys of leak reports by http",
      (c) => Object.assign(c.issuer, { secretScanning: { keysUrl: "http://api.github.com/keys" } }),
      "issuer.secretScanning.keysUrl",
      /url_scheme_not_allowed/,
    ],
    ["an API twice", (c) => c.issuer.apis.push({ ...c.issuer.apis[0] }), "issuer.apis[1].resource", /declared twice/],
    ["nobody to trust", (c) => (c.gateway.trustedIssuers = []), "gateway.trustedIssuers", /too small/i],
    [
      "a token life of more than a day",
      (c) => (c.issuer.accessTokenTtlSeconds = 86_401),
      "issuer.accessTokenTtlSeconds",
      /too big/i,
    ],
    [
      "a bound on headers above 128 KiB",
      (c) => (c.gateway.maxHeaderBytes = 131_073),
      "gateway.maxHeaderBytes",
      /too big/i,
    ],
  ];

  it.each(wrong)("%s", (_, change, path, reason) => {
    const faults = compileConfig(changed(change));
    expect(faults.ok).toBe(false);
    const found = faults.ok ? [] : faults.error.filter((fault) => fault.path === path && reason.test(fault.reason));
    expect(found, JSON.stringify(faults)).not.toEqual([]);
  });
});
