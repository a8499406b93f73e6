import type { ConfigVariables } from "../../../sallyport.config.ts";
import { defineConfig } from "../../../src/config/compile.ts";
import type { ConfigInput } from "../../../src/config/schema.ts";

/** An installation whose origin is a web site too, the pages of which may call the gate by script. */
export default function config(vars: ConfigVariables): ConfigInput {
  const resource = `${vars.GATEWAY_URL}/`;
  return defineConfig({
    version: 1,
    issuer: { url: vars.ISSUER_URL, apis: [{ resource, scopes: { "orders:read": "Read orders" } }] },
    gateway: {
      url: vars.GATEWAY_URL,
      resource,
      trustedIssuers: [{ issuer: vars.ISSUER_URL, keys: "ring", algorithms: ["ES256"] }],
      cors: { origins: [vars.DEMO_ORIGIN_URL] },
    },
    origins: { site: { url: vars.DEMO_ORIGIN_URL, audience: "urn:test:site", timeoutMs: 10_000 } },
    routes: [
      { path: "/orders", methods: ["GET"], origin: "site", scopes: ["orders:read"] },
      { path: "/open", methods: ["GET"], origin: "site", public: true },
      {
        path: "/basket",
        methods: ["GET", "PUT"],
        origin: "site",
        public: true,
        cookies: ["basket"],
        cors: { origins: [vars.DEMO_ORIGIN_URL], credentials: true, requestHeaders: ["Idempotency-Key"] },
      },
    ],
  });
}
