import { type CompiledConfig, compileConfig } from "../../src/config/compile.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { ISSUER_URL } from "./issuer_world.ts";

/** One API for each algorithm that exists here; the first is the default one. */
export const APIS = {
  ES256: "https://es256.api.example/",
  RS256: "https://rs256.api.example/",
  PS256: "https://ps256.api.example/",
  EdDSA: "https://eddsa.api.example/",
} as const;

/** The configuration of an installation with four APIs, in the place of the demo's. */
export function fourApiConfig(): CompiledConfig {
  const api = (algorithm: keyof typeof APIS, accessTokenTtlSeconds: number) => ({
    resource: APIS[algorithm],
    scopes: { [`${algorithm.toLowerCase()}:read`]: "Read", shared: "A scope of the same name in each API" },
    algorithm,
    accessTokenTtlSeconds,
  });
  const input: ConfigInput = {
    version: 1,
    issuer: {
      url: ISSUER_URL,
      apis: [api("ES256", 60), api("RS256", 120), api("PS256", 180), api("EdDSA", 240)],
      algorithm: "EdDSA",
      accessTokenTtlSeconds: 30,
    },
    gateway: {
      url: ISSUER_URL,
      resource: APIS.ES256,
      trustedIssuers: [{ issuer: ISSUER_URL, keys: "ring" }],
    },
    origins: { origin: { url: "https://origin.example", audience: "urn:example:origin" } },
    routes: [{ path: "/orders", methods: ["GET"], origin: "origin", scopes: ["es256:read"] }],
  };
  const compiled = compileConfig(input);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  return compiled.value;
}
