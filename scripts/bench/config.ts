import type { ConfigVariables } from "../../sallyport.config.ts";
import type { ConfigInput } from "../../src/config/schema.ts";

/** The installation that is measured: one warm route, and the same with an exact limit that never denies. */
export default function config(vars: ConfigVariables): ConfigInput {
  const resource = `${vars.GATEWAY_URL}/`;
  return {
    version: 1,
    issuer: {
      url: vars.ISSUER_URL,
      apis: [{ resource, scopes: { "orders:read": "Read orders" } }],
      // Codes are made ahead, and everybody signs in from one address.
      grants: { codeSeconds: 600 },
      lockout: { attemptsPerAddressPerMinute: 1_000_000 },
    },
    gateway: {
      url: vars.GATEWAY_URL,
      resource,
      trustedIssuers: [{ issuer: vars.ISSUER_URL, keys: "ring" }],
    },
    origins: { origin: { url: vars.DEMO_ORIGIN_URL, audience: "urn:bench" } },
    limits: { exact: { algorithm: "fixed", limit: 1_000_000_000, windowSeconds: 3_600 } },
    routes: [
      { path: "/orders", methods: ["GET"], origin: "origin", scopes: ["orders:read"] },
      { path: "/limited", methods: ["GET"], origin: "origin", scopes: ["orders:read"], limits: ["exact"] },
    ],
  };
}
