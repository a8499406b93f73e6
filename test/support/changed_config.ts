import { judgeConfig } from "../../src/config/judge.ts";
import { gatewayConfig } from "./gateway_config.ts";

/** As a file says it. */
type Json = Record<string, unknown>;

/** The test installation after `change`, which may write what no type allows. */
export function changed(change: (config: MutableConfig) => void): unknown {
  const config: MutableConfig = JSON.parse(JSON.stringify(gatewayConfig()));
  change(config);
  return config;
}

/** A configuration with anything anywhere. */
export interface MutableConfig extends Json {
  issuer: Json & { apis: Json[] };
  gateway: Json & { trustedIssuers: Json[] };
  origins: Record<string, Json>;
  limits: Record<string, Json>;
  routes: (Json & { path: string; methods: string[] })[];
}

/** All faults of `input` as `path: reason`; none where it compiles. */
export function faultsOf(input: unknown): string[] {
  const result = judgeConfig(input);
  return result.ok ? [] : result.error.map(({ path, reason }) => `${path}: ${reason}`);
}

const ROUTE = { path: "/added", methods: ["GET"], origin: "main" };

/** Adds a route, which is right but for what `route` says. */
export function add(route: Json) {
  return (config: MutableConfig) => {
    config.routes.push({ ...ROUTE, ...route });
  };
}
/** Where the route of `add` stands. */
export const ADDED = `routes[${gatewayConfig().routes.length}]`;
