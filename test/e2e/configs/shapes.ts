import type { ConfigVariables } from "../../../sallyport.config.ts";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { oneRoute } from "./one_route.ts";

/** One API behind proxies of others: protected, public, counted, with a body. */
export default function config(vars: ConfigVariables): ConfigInput {
  const { gateway, routes, ...rest } = oneRoute(vars, {});
  const demo = { methods: ["GET" as const], origin: "demo" };
  return {
    ...rest,
    gateway: { ...gateway, forwardAuth: { secretBindings: ["PROXY_SECRET"] } },
    limits: { few: { algorithm: "fixed", limit: 2, windowSeconds: 300 } },
    routes: [
      ...routes,
      { ...demo, path: "/orders", methods: ["POST"], scopes: ["orders:read"], maxBodyBytes: 64 },
      { ...demo, path: "/managers", roles: ["manager"] },
      { ...demo, path: "/few", limits: ["few"] },
      { ...demo, path: "/public/*", public: true },
      {
        ...demo,
        path: "/v0/orders",
        deprecation: { since: "2019-06-01T00:00:00Z", sunset: "2020-06-01T00:00:00Z", successor: "/orders" },
      },
    ],
  };
}
