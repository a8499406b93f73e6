import type { ConfigVariables } from "../../../sallyport.config.ts";
import type { ConfigInput } from "../../../src/config/schema.ts";

/** The least that people can sign in to: one API, one route, and `grants` as a test wants them. */
export function oneRoute(vars: ConfigVariables, grants: NonNullable<ConfigInput["issuer"]["grants"]>): ConfigInput {
  const resource = `${vars.GATEWAY_URL}/`;
  return {
    version: 1,
    issuer: { url: vars.ISSUER_URL, apis: [{ resource, scopes: { "orders:read": "Read orders" } }], grants },
    gateway: { url: vars.GATEWAY_URL, resource, trustedIssuers: [{ issuer: vars.ISSUER_URL, keys: "ring" }] },
    origins: { demo: { url: vars.DEMO_ORIGIN_URL, audience: "urn:sallyport:demo-origin" } },
    routes: [{ path: "/orders", methods: ["GET"], origin: "demo", scopes: ["orders:read"] }],
  };
}
