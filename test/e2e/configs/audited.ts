import { defineConfig } from "../../../src/config/compile.ts";
import type { ConfigInput } from "../../../src/config/schema.ts";

/** A public route whose decisions are recorded, and one whose are not. */
export default function config(vars: Readonly<Record<string, string>>): ConfigInput {
  const { ISSUER_URL: issuer = "", GATEWAY_URL: gateway = "", DEMO_ORIGIN_URL: origin = "" } = vars;
  const resource = `${gateway}/`;
  const open = { methods: ["GET" as const], origin: "main", public: true };
  return defineConfig({
    version: 1,
    issuer: { url: issuer, apis: [{ resource, scopes: {} }] },
    gateway: { url: gateway, resource, trustedIssuers: [{ issuer, keys: "ring", algorithms: ["ES256"] }] },
    origins: { main: { url: origin, audience: "urn:test:origin", timeoutMs: 60_000 } },
    routes: [
      { ...open, path: "/audited/:id", audit: "all" },
      { ...open, path: "/silent/:id" },
    ],
  });
}
