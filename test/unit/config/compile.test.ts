import { describe, expect, it } from "vitest";
import loadConfig from "../../../sallyport.config.ts";
import { compileConfig } from "../../../src/config/compile.ts";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { checkDemands } from "../../../src/limits/check_demands.ts";
import { ADDED, add, changed, faultsOf } from "../../support/changed_config.ts";
import { gatewayConfig, RESOURCE } from "../../support/gateway_config.ts";

describe("a configuration is right, or says where and why it is wrong", () => {
  it("positive controls: the test installation, the demo installation, and one more route", () => {
    expect(faultsOf(gatewayConfig())).toEqual([]);
    expect(faultsOf(changed(add({})))).toEqual([]);
    const demo = loadConfig({
      ISSUER_URL: "http://localhost:8787",
      GATEWAY_URL: "http://localhost:8787",
      DEMO_ORIGIN_URL: "http://127.0.0.1:8788",
    });
    expect(faultsOf(demo)).toEqual([]);
  });

  it("is closed by default: no route is public, takes publishable keys, or tolerates staleness unasked", () => {
    const compiled = compileConfig(changed(add({})));
    expect(compiled.ok && compiled.value.routes.at(-1)).toMatchObject({
      id: "GET /added",
      public: false,
      credentials: ["bearer", "secret_key"],
      onStale: "deny",
      scopes: [],
      limits: [],
    });
    expect(compiled.ok && compiled.value.limits.ping).toMatchObject({ onUnavailable: "deny", key: "principal" });
  });

  it.each([[null], [undefined], [7], ["{}"], [[]], [{}]])("%j is no configuration", (input) => {
    expect(compileConfig(input).ok).toBe(false);
  });

  it("all faults are told, not the first one", () => {
    const faults = faultsOf(
      changed((config) => {
        add({ origin: "nowhere", scopes: ["x:y"] })(config);
        add({ path: "/other", limits: ["pong"] })(config);
      }),
    );
    expect(faults).toHaveLength(3);
  });
});

describe("reserved paths", () => {
  it.each([
    "/.well-known/sallyport",
    "/.well-known/sallyport/identity-jwks.json",
    "/.well-known/sallyport/*",
    "/.well-known/sallyport/:x",
    "/.well-known/oauth-protected-resource",
    "/.well-known/authzen-configuration",
    "/_authz",
    "/_authz/*",
    "/access/v1",
    "/access/v1/evaluation",
  ])("%s is the gateway's own", (path) => {
    expect(faultsOf(changed(add({ path })))).toEqual([`${ADDED}.path: is reserved for Sallyport itself`]);
  });

  it.each(["/access", "/access/v2", "/_authz2", "/.well-known/security.txt", "/accounts"])("%s is free", (path) => {
    expect(faultsOf(changed(add({ path })))).toEqual([]);
  });

  it.each([
    "/oauth2/token",
    "/admin",
    "/admin/*",
    "/login",
    "/account/x",
    "/secret-scanning",
    "/.well-known/jwks.json",
  ])("%s is reserved only where issuer and gateway share a host, also by an alias", (path) => {
    expect(faultsOf(changed(add({ path })))).toEqual([]);
    const shared = changed((config) => {
      add({ path })(config);
      config.issuer.hosts = ["api.test"];
    });
    expect(faultsOf(shared)).toEqual([`${ADDED}.path: is reserved for Sallyport itself`]);
  });
});

it.each([
  { algorithm: "fixed", limit: 1_000_000_000, windowSeconds: 31 * 86_400 },
  { algorithm: "fixed", limit: 1, windowSeconds: 1 },
  { algorithm: "bucket", burst: 1_000_000, refill: 1_000_000, intervalSeconds: 86_400 },
  { algorithm: "bucket", burst: 1_000_000, refill: 1, intervalSeconds: 86_400 },
  { algorithm: "bucket", burst: 1, refill: 999_983, intervalSeconds: 86_399 },
] as const)("a limit that compiles can be counted: %j", (limit) => {
  const config = changed((c) => {
    c.limits.ping = { ...limit };
  });
  expect(faultsOf(config)).toEqual([]);
  const demand = { subject: "x", policy: { name: "ping", ...limit }, cost: 1 };
  expect(() => checkDemands([demand], 1_800_000_000_000)).not.toThrow();
});

it("RFC 8707: resources are compared as they are written, so the schema leaves them as they are", () => {
  const config: ConfigInput = gatewayConfig();
  const compiled = compileConfig(config);
  expect(compiled.ok && compiled.value.gateway.resource).toBe(RESOURCE);
});
