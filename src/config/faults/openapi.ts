import { type RouteContracts, routeContracts } from "../../openapi/route_contracts.ts";
import type { RoutePattern } from "../../policy/route_pattern.ts";
import type { ConfigFault } from "../fault.ts";
import { contractResource } from "../resource_places.ts";
import { type FieldsRoute, policyContracts } from "../route_fields.ts";
import type { Config, RouteConfig } from "../schema.ts";
import { MAX_CHECKED_BYTES } from "../schemas/openapi.ts";
import { fieldGrantFaults, unwritableFaults } from "./field.ts";

/** The contracts of a route by its methods, from its document or from the policy; null where it has none. */
export function contractsOf(
  { openapi, policy }: Pick<Config, "openapi" | "policy">,
  route: FieldsRoute & Pick<RouteConfig, "openapi">,
  pattern: RoutePattern,
): RouteContracts | null {
  const terms = route.openapi;
  if (terms === undefined) return policyContracts({ policy }, route, pattern);
  const document = Object.hasOwn(openapi, terms.document) ? openapi[terms.document] : undefined;
  if (document === undefined) return null;
  const { document: _, path = null, ...bounds } = terms;
  const resource = contractResource(route, pattern);
  return routeContracts(document, { ...bounds, pattern, methods: route.methods, template: path, resource });
}

/** What is wrong with what `route` demands of its callers and its origin. */
export function contractFaults(config: Config, route: RouteConfig, pattern: RoutePattern, path: string): ConfigFault[] {
  const faults = pageFaults(route, path);
  if (route.openapi === undefined) return faults;
  const { document } = route.openapi;
  if (!Object.hasOwn(config.openapi, document)) {
    return [...faults, { path: `${path}.openapi.document`, reason: `\`${document}\` is not among openapi` }];
  }
  if (route.maxBodyBytes > MAX_CHECKED_BYTES) {
    const reason = `bodies that are looked into are held in memory: at most ${MAX_CHECKED_BYTES}`;
    faults.push({ path: `${path}.maxBodyBytes`, reason });
  }
  const contracts = contractsOf(config, route, pattern);
  for (const { at, reason } of contracts?.faults ?? []) {
    faults.push({ path: `${path}.openapi`, reason: `\`${document}\` at \`#${at}\` ${reason}` });
  }
  for (const { at, reason } of fieldGrantFaults(config, contracts?.byMethod.values() ?? [])) {
    faults.push({ path: `${path}.openapi`, reason: `\`${document}\` at \`#${at}\`: ${reason}` });
  }
  return [...faults, ...unwritableFaults(route, [...(contracts?.byMethod ?? [])], `${path}.openapi`)];
}

function pageFaults({ pageSize }: RouteConfig, path: string): ConfigFault[] {
  if (pageSize?.whenAbsent === undefined || pageSize.whenAbsent <= pageSize.max) return [];
  return [{ path: `${path}.pageSize.whenAbsent`, reason: "must be at most `max`" }];
}
