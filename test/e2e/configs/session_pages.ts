import type { ConfigVariables } from "../../../sallyport.config.ts";
import { defineConfig } from "../../../src/config/compile.ts";
import type { ConfigInput } from "../../../src/config/schema.ts";

/** An installation whose pages call it by session. */
export default function config(vars: ConfigVariables): ConfigInput {
  const resource = `${vars.GATEWAY_URL}/`;
  const byPage = { origin: "demo", credentials: ["session" as const] };
  return defineConfig({
    version: 1,
    issuer: { url: vars.ISSUER_URL, apis: [{ resource, scopes: { "orders:write": "Change orders" } }] },
    gateway: {
      url: vars.GATEWAY_URL,
      resource,
      trustedIssuers: [{ issuer: vars.ISSUER_URL, keys: "ring", algorithms: ["ES256"] }],
      session: { scopes: ["orders:write"] },
    },
    origins: { demo: { url: vars.DEMO_ORIGIN_URL, audience: "urn:sallyport:demo-origin", timeoutMs: 10_000 } },
    routes: [
      { ...byPage, path: "/whoami", methods: ["GET"] },
      { ...byPage, path: "/orders", methods: ["POST"], scopes: ["orders:write"] },
    ],
  });
}
