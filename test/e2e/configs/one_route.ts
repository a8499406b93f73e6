import type { ConfigVariables } from "../../../sallyport.config.ts";
import type { ConfigInput } from "../../../src/config/schema.ts";

/** The settings of the issuer that a test may have its own way. */
type Wishes = Pick<ConfigInput["issuer"], "grants" | "lockout">;

/** The least that people can sign in to: one API, one route. */
export function oneRoute(vars: ConfigVariables, wishes: Wishes): ConfigInput {
  const resource = `${vars.GATEWAY_URL}/`;
  return {
    version: 1,
    issuer: { url: vars.ISSUER_URL, apis: [{ resource, scopes: { "orders:read": "Read orders" } }], ...wishes },
    gateway: { url: vars.GATEWAY_URL, resource, trustedIssuers: [{ issuer: vars.ISSUER_URL, keys: "ring" }] },
    origins: { demo: { url: vars.DEMO_ORIGIN_URL, audience: "urn:sallyport:demo-origin" } },
    routes: [{ path: "/orders", methods: ["GET"], origin: "demo", scopes: ["orders:read"] }],
  };
}
