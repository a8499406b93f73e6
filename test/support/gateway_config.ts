import type { ConfigInput } from "../../src/config/schema.ts";

export const ISSUER_URL = "https://issuer.test";
export const GATEWAY_URL = "https://api.test";
/** What tokens for the gateway carry in `aud`. */
export const RESOURCE = `${GATEWAY_URL}/`;
export const ORIGIN_URL = "http://origin.test:8788";
export const ORIGIN_AUDIENCE = "urn:test:origin";
/** A second issuer, whose keys come by URL. */
export const PARTNER_URL = "https://partner.test";
export const PARTNER_JWKS_URL = `${PARTNER_URL}/keys.json`;

const fixed = { algorithm: "fixed", limit: 5, windowSeconds: 10 } as const;

/** An installation with a route for each kind of promise. */
export function gatewayConfig(): ConfigInput {
  const get = { methods: ["GET" as const], origin: "main" };
  const post = { methods: ["POST" as const], origin: "main" };
  return {
    version: 1,
    issuer: {
      url: ISSUER_URL,
      apis: [{ resource: RESOURCE, scopes: { "orders:read": "Read orders", "orders:write": "Change orders" } }],
    },
    gateway: {
      url: GATEWAY_URL,
      resource: RESOURCE,
      trustedIssuers: [
        { issuer: ISSUER_URL, keys: "ring", algorithms: ["ES256"] },
        { issuer: PARTNER_URL, keys: { jwksUrl: PARTNER_JWKS_URL }, algorithms: ["ES256", "RS256", "PS256", "EdDSA"] },
      ],
      outboundOrigins: [PARTNER_URL],
      failedAuthenticationsPerMinute: 1_000_000,
    },
    origins: {
      main: { url: ORIGIN_URL, audience: ORIGIN_AUDIENCE, timeoutMs: 2_000 },
      slow: { url: ORIGIN_URL, audience: "urn:test:slow", timeoutMs: 20 },
    },
    limits: {
      ping: fixed,
      allow: { ...fixed, onUnavailable: "allow" },
      local: { ...fixed, limit: 2, onUnavailable: "local" },
      address: { ...fixed, key: "address" },
      everybody: { ...fixed, key: "route" },
      client: { ...fixed, key: "client" },
      api_key: { ...fixed, key: "api_key" },
      operation: { ...fixed, key: ["principal", "operation"] },
      leased: { ...fixed, limit: 40, precision: "leased" },
      trial: { ...fixed, limit: 2, dryRun: true },
      units: { ...fixed, limit: 10 },
      tokens: { algorithm: "bucket", burst: 10, refill: 1, intervalSeconds: 1, onUnavailable: "local" },
      document: { ...fixed, key: ["param:id", "principal"] },
    },
    routes: [
      {
        ...get,
        path: "/orders",
        scopes: ["orders:read"],
        credentials: ["bearer", "secret_key", "publishable_key"],
      },
      { ...post, path: "/orders", scopes: ["orders:read", "orders:write"] },
      { ...get, path: "/whoami" },
      { ...get, path: "/elsewhere", origin: "slow" },
      { ...get, path: "/bearer-only", credentials: ["bearer"] },
      { ...get, path: "/keys-only", credentials: ["secret_key"] },
      { ...get, path: "/managers", roles: ["manager", "owner"] },
      { ...get, path: "/limited/ping", limits: ["ping"] },
      { ...get, path: "/limited/allow", limits: ["allow"] },
      { ...get, path: "/limited/local", limits: ["local"] },
      { ...get, path: "/limited/both", limits: ["allow", "ping"] },
      { ...get, path: "/limited/address", limits: ["address"], public: true },
      { ...get, path: "/limited/everybody", limits: ["everybody"] },
      { ...get, path: "/limited/client", limits: ["client"] },
      { ...get, path: "/limited/key", limits: ["api_key"] },
      { ...get, path: "/limited/operation", methods: ["GET", "POST"], limits: ["operation"] },
      { ...get, path: "/limited/documents/:id", limits: ["document"] },
      { ...get, path: "/limited/leased", limits: ["leased"] },
      { ...get, path: "/limited/leased-and-ping", limits: ["leased", "ping"] },
      { ...get, path: "/limited/trial", limits: ["trial"] },
      { ...get, path: "/limited/trial-and-ping", limits: ["trial", "ping"] },
      { ...get, path: "/limited/units", limits: [{ name: "units", cost: 4 }] },
      {
        ...get,
        path: "/limited/origin-cost",
        limits: [{ name: "units", maxOriginCost: 8 }, { name: "tokens", cost: 2, maxOriginCost: 5 }, "trial"],
      },
      { ...get, path: "/public/health", public: true },
      { ...get, path: "/public/*", public: true },
      { ...get, path: "/public/secret", scopes: ["orders:write"] },
      { ...get, path: "/stale", onStale: { allowForSeconds: 60 } },
      { ...post, path: "/upload", maxBodyBytes: 64 * 1024 },
      { ...post, path: "/public/upload", public: true, maxBodyBytes: 64 * 1024 },
      {
        ...get,
        path: "/v1/orders",
        deprecation: { since: "2026-06-01T00:00:00Z", sunset: "2100-06-01T00:00:00Z", successor: "/orders" },
      },
      {
        ...get,
        path: "/v0/orders",
        deprecation: { since: "2019-06-01T00:00:00Z", sunset: "2020-06-01T00:00:00Z", successor: "/orders" },
      },
    ],
  };
}
