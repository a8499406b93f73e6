import type { ConfigVariables } from "../../../sallyport.config.ts";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { oneRoute } from "./one_route.ts";

/** One route, and a second issuer that lives beside the origin: found by its metadata, and asked about opaque tokens. */
export default function config(vars: ConfigVariables): ConfigInput {
  const { gateway, ...rest } = oneRoute(vars, {});
  const issuer = `${vars.DEMO_ORIGIN_URL}/as`;
  const keys = { discovery: "oauth" as const, refreshSeconds: 30, cooldownSeconds: 1 };
  const introspection = {
    url: `${issuer}/introspect`,
    clientId: "gate",
    secretBinding: "FOREIGN_SECRET",
    deadlineMs: 500,
  };
  return {
    ...rest,
    gateway: { ...gateway, trustedIssuers: [...gateway.trustedIssuers, { issuer, keys, introspection }] },
  };
}
