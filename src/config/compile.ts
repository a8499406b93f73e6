import type { z } from "zod/mini";
import { err, ok, type Result } from "../kernel/result.ts";
import { parseRoutePattern } from "../policy/route_pattern.ts";
import { authzenFaults } from "./authzen_faults.ts";
import { captchaFaults } from "./captcha_faults.ts";
import { gatewayCookieFaults } from "./cookie_faults.ts";
import { corsFaults } from "./cors_faults.ts";
import { deprecationFaults } from "./deprecation_faults.ts";
import { externalFaults } from "./external_faults.ts";
import type { ConfigFault } from "./fault.ts";
import { forwardAuthFaults } from "./forward_auth_faults.ts";
import { identifierFaults, secretScanningFaults } from "./issuer_faults.ts";
import { limitFaults } from "./limit_faults.ts";
import { listFaults } from "./list_faults.ts";
import { metadataFaults } from "./metadata_faults.ts";
import { originFaults } from "./origin_faults.ts";
import { pinFaults } from "./pin_faults.ts";
import { policyFaults } from "./policy_faults.ts";
import { resourceFieldFaults } from "./resource_field_faults.ts";
import { resourceTenantFaults } from "./role_faults.ts";
import { type CompiledRoute, duplicateFaults, routeFaults } from "./route_faults.ts";
import { type Config, type ConfigInput, configSchema, type RouteConfig } from "./schema.ts";
import { sessionFaults } from "./session_faults.ts";
import { signalFaults } from "./signal_faults.ts";
import { gatewayTransportFaults } from "./transport_faults.ts";
import { trustedIssuerFaults } from "./trusted_issuer_faults.ts";

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
