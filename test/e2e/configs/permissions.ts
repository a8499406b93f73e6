import { defineConfig } from "../../../src/config/compile.ts";
import type { ConfigInput } from "../../../src/config/schema.ts";

/** Routes that demand permissions, everywhere and in a tenant, and an attribute of principals. */
export default function config(vars: Readonly<Record<string, string>>): ConfigInput {
  const { ISSUER_URL: issuer = "", GATEWAY_URL: gateway = "", DEMO_ORIGIN_URL: origin = "" } = vars;
  const resource = `${gateway}/`;
  const get = { methods: ["GET" as const], origin: "main", permissions: ["document:read"] };
  return defineConfig({
    version: 1,
    issuer: { url: issuer, apis: [{ resource, scopes: { documents: "Documents" } }] },
    gateway: { url: gateway, resource, trustedIssuers: [{ issuer, keys: "ring", algorithms: ["ES256"] }] },
    origins: { main: { url: origin, audience: "urn:test:origin", timeoutMs: 60_000 } },
    policy: { principal: { department: "string" }, resources: { document: { actions: { read: {} } } } },
    routes: [
      { ...get, path: "/documents" },
      { ...get, path: "/tenants/:tenant/documents", tenant: { path: "tenant" } },
    ],
  });
}
