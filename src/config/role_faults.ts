import type { RoutePattern } from "../policy/route_pattern.ts";
import type { ConfigFault } from "./fault.ts";
import type { RouteConfig } from "./schema.ts";

/** What is wrong with what a route asks of roles. */
export function roleFaults(route: RouteConfig, pattern: RoutePattern, path: string): ConfigFault[] {
  const faults: ConfigFault[] = [];
  if (route.public && route.permissions.length > 0) {
    faults.push({ path: `${path}.public`, reason: "a public route proves nobody, so it cannot demand permissions" });
  }
  for (const [at, permission] of route.permissions.entries()) {
    if (route.permissions.indexOf(permission) < at) {
      faults.push({ path: `${path}.permissions[${at}]`, reason: `\`${permission}\` is demanded twice` });
    }
  }
  return [...faults, ...tenantFaults(route, pattern, path)];
}

function tenantFaults({ tenant, roles, permissions }: RouteConfig, pattern: RoutePattern, path: string): ConfigFault[] {
  if (tenant === undefined) return [];
  const faults: ConfigFault[] = [];
  if (!pattern.some((segment) => segment.kind === "parameter" && segment.name === tenant.path)) {
    faults.push({ path: `${path}.tenant.path`, reason: `the path has no parameter \`:${tenant.path}\`` });
  }
  if (roles.length === 0 && permissions.length === 0) {
    faults.push({ path: `${path}.tenant`, reason: "changes nothing: the route demands neither roles nor permissions" });
  }
  return faults;
}
