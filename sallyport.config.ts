import { ordersApi } from "./sallyport.openapi.ts";
import { demoPolicy } from "./sallyport.policy.ts";
import { defineConfig } from "./src/config/compile.ts";
import { openapiRoutes } from "./src/config/openapi_routes.ts";
import type { ConfigInput } from "./src/config/schema.ts";

/** What differs between installations: the `[vars]` of the wrangler files. */
export interface ConfigVariables {
  readonly ISSUER_URL: string;
  readonly GATEWAY_URL: string;
  readonly DEMO_ORIGIN_URL: string;
}

/** The demo installation: one issuer, one API behind the gate, one origin. */
export default function config(vars: ConfigVariables): ConfigInput {
  // The root URL with its slash is the API's identifier, so that clients which derive it from any path agree (RFC 9728).
  const resource = `${vars.GATEWAY_URL}/`;
  // Where the issuer's cookie comes along, a browser that is signed in may call /whoami (docs/sessions-at-the-gate.md).
  const besideIssuer = vars.ISSUER_URL === vars.GATEWAY_URL;
  return defineConfig({
    version: 1,
    issuer: {
      url: vars.ISSUER_URL,
      hosts: loopbackAliases(vars.ISSUER_URL),
      apis: [
        {
          resource,
          scopes: {
            "orders:read": "Read orders",
            "orders:write": "Create and change orders",
            "authz:evaluate": "Ask what others may do",
          },
        },
      ],
    },
    gateway: {
      url: vars.GATEWAY_URL,
      hosts: loopbackAliases(vars.GATEWAY_URL),
      resource,
      trustedIssuers: [{ issuer: vars.ISSUER_URL, keys: "ring", algorithms: ["ES256"] }],
      // Others ask under /access/v1 what somebody may do (docs/authzen.md).
      authzen: { search: {}, reasons: "codes" },
      ...(besideIssuer && { session: { scopes: ["orders:read", "orders:write"] } }),
    },
    origins: {
      demo: { url: vars.DEMO_ORIGIN_URL, audience: "urn:sallyport:demo-origin", timeoutMs: 5_000 },
    },
    limits: {
      ping: { algorithm: "fixed", limit: 5, windowSeconds: 10, onUnavailable: "deny" },
    },
    openapi: { orders: ordersApi },
    policy: demoPolicy(vars.DEMO_ORIGIN_URL),
    routes: [
      {
        path: "/orders",
        methods: ["GET"],
        origin: "demo",
        scopes: ["orders:read"],
        credentials: ["bearer", "secret_key", "publishable_key"],
      },
      { path: "/orders", methods: ["POST"], origin: "demo", scopes: ["orders:write"], audit: "all" },
      { path: "/limited/ping", methods: ["GET"], origin: "demo", limits: ["ping"] },
      { path: "/public/health", methods: ["GET"], origin: "demo", public: true },
      {
        path: "/v1/orders",
        methods: ["GET"],
        origin: "demo",
        scopes: ["orders:read"],
        version: "v1",
        deprecation: { since: "2026-06-01T00:00:00Z", sunset: "2027-06-01T00:00:00Z", successor: "/orders" },
      },
      {
        path: "/whoami",
        methods: ["GET"],
        origin: "demo",
        credentials: ["bearer", "secret_key", ...(besideIssuer ? ["session" as const] : [])],
      },
      // Connections that stay open, and end with their credential.
      { path: "/ws/echo", methods: ["GET"], origin: "demo", scopes: ["orders:read"], webSocket: {} },
      { path: "/events", methods: ["GET"], origin: "demo", scopes: ["orders:read"], stream: {} },
      // Managers approve orders of their own department in business hours; the origin says whose an order is.
      {
        path: "/orders/:id/approve",
        methods: ["POST"],
        origin: "demo",
        scopes: ["orders:write"],
        action: "order:approve",
        resource: { id: { path: "id" }, metadata: "orders" },
      },
      // Documents are read by who has them: their owner, who was given them, who has the folder, who is in the group.
      {
        path: "/documents/:id",
        methods: ["GET"],
        origin: "demo",
        action: "document:read",
        resource: { id: { path: "id" }, refusedAs: "not_found" },
      },
      {
        path: "/documents/:id",
        methods: ["PUT"],
        origin: "demo",
        action: "document:update",
        resource: { id: { path: "id" } },
      },
      // GET and POST /v2/orders, held to what the document says of them.
      ...openapiRoutes("orders", ordersApi, { basePath: "/v2", origin: "demo" }),
    ],
  });
}

/** In development `localhost` and its addresses are the same place; elsewhere a name has no aliases. */
function loopbackAliases(url: string): string[] {
  const { hostname, port } = new URL(url);
  return hostname === "localhost" ? [`127.0.0.1:${port}`, `[::1]:${port}`] : [];
}
