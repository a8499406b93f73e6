import type { ConfigVariables } from "../../../sallyport.config.ts";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { oneRoute } from "./one_route.ts";

export const PAGE = "https://app.example";

/** Connections that stay open, at an origin that bears ten calls at once and at the same one without a guard, for tokens that live ten seconds. */
export default function config(vars: ConfigVariables): ConfigInput {
  const { issuer, origins, routes, ...rest } = oneRoute(vars, {});
  const demo = { url: vars.DEMO_ORIGIN_URL, audience: "urn:sallyport:demo-origin" };
  const get = { methods: ["GET" as const], scopes: ["orders:read"] };
  const webSocket = { origins: [PAGE], maxMessageBytes: 1_000_000, maxBytes: 8 * 1024 * 1024 };
  return {
    ...rest,
    issuer: {
      ...issuer,
      accessTokenTtlSeconds: 10,
      apis: issuer.apis.map((api) => ({ ...api, accessTokenTtlSeconds: 10 })),
    },
    origins: { ...origins, guarded: { ...demo, maxConcurrent: 2, breaker: {}, retries: {} } },
    routes: [
      ...routes,
      { ...get, path: "/ws/*", origin: "demo", webSocket },
      { ...get, path: "/guarded/*", origin: "guarded", webSocket },
      { ...get, path: "/platform/*", origin: "demo", webSocket: { origins: [PAGE], relay: "platform" } },
      { ...get, path: "/events/*", origin: "demo", stream: { idleSeconds: 1 } },
    ],
  };
}
