import type { ConfigInput } from "../../src/config/schema.ts";
import { gatewayConfig } from "./gateway_config.ts";
import { type Installation, install } from "./install.ts";

/** The page that most routes of `corsGate` are for. */
export const APP = "https://app.example";
/** A page that may do more, with cookies. */
export const ADMIN = "https://admin.example";
export const EVIL = "https://evil.test";

/** A policy for pages of `origins`. */
export const cors = (origins: string[], more: object = {}) => ({ origins, ...more });

/** An installation with routes for each kind of page. */
export function corsGate(gatewayCors: ReturnType<typeof cors> | null = null): Installation {
  const config = corsConfig();
  if (gatewayCors !== null) config.gateway.cors = gatewayCors;
  return install({ config });
}

export function corsConfig(): ConfigInput {
  const config = gatewayConfig();
  const get = { methods: ["GET" as const], origin: "main" };
  const shared = cors([APP], { requestHeaders: ["Idempotency-Key"] });
  config.routes.push(
    { ...get, path: "/pets", scopes: ["orders:read"], credentials: ["bearer", "publishable_key"], cors: shared },
    { ...get, path: "/pets", methods: ["POST", "PUT"], credentials: ["bearer", "publishable_key"], cors: shared },
    {
      ...get,
      path: "/pets",
      methods: ["DELETE"],
      cookies: ["theme"],
      cors: cors([ADMIN], { credentials: true, maxAgeSeconds: 60 }),
    },
    { ...get, path: "/pets/public", public: true, cors: cors([APP, ADMIN], { exposedHeaders: ["ETag"] }) },
    { ...get, path: "/pets/limited", limits: ["ping"], cors: shared },
    { ...get, path: "/pets/small", methods: ["POST"], maxBodyBytes: 1, cors: shared },
    {
      ...get,
      path: "/pets/gone",
      cors: shared,
      deprecation: { since: "2019-06-01T00:00:00Z", sunset: "2020-06-01T00:00:00Z", successor: "/orders" },
    },
    { ...get, path: "/pets/closed", cors: "none" },
    { ...get, path: "/pets/cookies", cookies: ["theme"] },
    { ...get, path: "/pets/slow", origin: "slow", public: true, cors: shared },
    { ...get, path: "/own", methods: ["GET", "OPTIONS"], public: true, cors: "origin" },
  );
  return config;
}

/** The fields of `response` that speak to scripts. */
export const corsNames = (response: Response) =>
  [...response.headers.keys()].filter((name) => name.startsWith("access-control-"));
/** What `response` says it depends on. */
export const vary = (response: Response) => (response.headers.get("vary") ?? "").toLowerCase().split(/, */);

/** What a browser sends before a call. */
export function preflight(path: string, origin: string, method: string, headers: Record<string, string> = {}) {
  const asked = { origin, "access-control-request-method": method, ...headers };
  return [path, { method: "OPTIONS", headers: asked }] as const;
}
