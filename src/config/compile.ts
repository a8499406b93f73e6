import type { z } from "zod/mini";
import { err, ok, type Result } from "../kernel/result.ts";
import { parseRoutePattern } from "../policy/route_pattern.ts";
import type { ConfigFault } from "./fault.ts";
import { authzenFaults } from "./faults/authzen.ts";
import { captchaFaults } from "./faults/captcha.ts";
import { gatewayCookieFaults } from "./faults/cookie.ts";
import { corsFaults } from "./faults/cors.ts";
import { deprecationFaults } from "./faults/deprecation.ts";
import { externalFaults } from "./faults/external.ts";
import { forwardAuthFaults } from "./faults/forward_auth.ts";
import { identifierFaults, secretScanningFaults } from "./faults/issuer.ts";
import { limitFaults } from "./faults/limit.ts";
import { listFaults } from "./faults/list.ts";
import { metadataFaults } from "./faults/metadata.ts";
import { originFaults } from "./faults/origin.ts";
import { pinFaults } from "./faults/pin.ts";
import { policyFaults } from "./faults/policy.ts";
import { resourceFieldFaults } from "./faults/resource_field.ts";
import { resourceTenantFaults } from "./faults/role.ts";
import { type CompiledRoute, duplicateFaults, routeFaults } from "./faults/route.ts";
import { sessionFaults } from "./faults/session.ts";
import { signalFaults } from "./faults/signal.ts";
import { gatewayTransportFaults } from "./faults/transport.ts";
import { trustedIssuerFaults } from "./faults/trusted_issuer.ts";
import { type Config, type ConfigInput, configSchema, type RouteConfig } from "./schema.ts";

/** A configuration in which every name resolves and no two routes claim the same requests. */
export interface CompiledConfig extends Omit<Config, "routes"> {
  readonly routes: readonly CompiledRoute[];
}

/**
 * Validates `input` as a gate runs it: all faults are reported, not the first one, and what `further` tells is among them. Everything by which more
 * could be open than was meant is refused here, also where somebody published it; what is left to `judgeConfig` opens nothing.
 */
export function compileConfig(
  input: unknown,
  further: (config: Config) => readonly ConfigFault[] = () => [],
): Result<CompiledConfig, readonly ConfigFault[]> {
  const parsed = configSchema.safeParse(input);
  if (!parsed.success) return err(parsed.error.issues.map(describeIssue));
  const config = parsed.data;
  const faults: ConfigFault[] = [
    ...identifierFaults(config),
    ...secretScanningFaults(config),
    ...trustedIssuerFaults(config),
    ...limitFaults(config),
    ...listFaults(config),
    ...captchaFaults(config),
    ...signalFaults(config),
    ...originFaults(config),
    ...sessionFaults(config),
    ...gatewayCookieFaults(config),
    ...forwardAuthFaults(config),
    ...gatewayTransportFaults(config),
    ...pinFaults(config),
    ...policyFaults(config),
    ...metadataFaults(config),
    ...resourceFieldFaults(config),
    ...resourceTenantFaults(config),
    ...authzenFaults(config),
    ...externalFaults(config),
    ...further(config),
  ];
  const routes = config.routes.flatMap((route, index) => compileRoute(config, route, `routes[${index}]`, faults));
  faults.push(...duplicateFaults(routes), ...corsFaults(config, routes), ...deprecationFaults(routes));
  return faults.length > 0 ? err(faults) : ok({ ...config, routes });
}

/** Types `input` for an author; `compileConfig` is what checks it. */
export function defineConfig(input: ConfigInput): ConfigInput {
  return input;
}

function describeIssue(issue: z.core.$ZodIssue): ConfigFault {
  const path = issue.path.reduce<string>(
    (text, part) => (typeof part === "number" ? `${text}[${part}]` : `${text}${text === "" ? "" : "."}${String(part)}`),
    "",
  );
  return { path, reason: issue.message };
}

function compileRoute(config: Config, route: RouteConfig, path: string, faults: ConfigFault[]): CompiledRoute[] {
  const pattern = parseRoutePattern(route.path);
  if (!pattern.ok) {
    faults.push({ path: `${path}.path`, reason: pattern.error });
    return [];
  }
  faults.push(...routeFaults(config, route, pattern.value, path));
  return [{ ...route, id: route.id ?? `${route.methods.join(",")} ${route.path}`, pattern: pattern.value }];
}
