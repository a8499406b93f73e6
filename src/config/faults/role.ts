import { didYouMean } from "../../kernel/nearest.ts";
import type { RoutePattern } from "../../policy/route_pattern.ts";
import type { ConfigFault } from "../fault.ts";
import type { Config, RouteConfig } from "../schema.ts";

/** What is wrong with what a route asks of roles. */
export function roleFaults({ policy }: Config, route: RouteConfig, pattern: RoutePattern, path: string): ConfigFault[] {
  const faults: ConfigFault[] = [];
  if (route.public && route.permissions.length > 0) {
    faults.push({ path: `${path}.public`, reason: "a public route proves nobody, so it cannot demand permissions" });
  }
  const declared = declaredPermissions(policy);
  for (const [at, permission] of route.permissions.entries()) {
    const place = `${path}.permissions[${at}]`;
    if (route.permissions.indexOf(permission) < at) {
      faults.push({ path: place, reason: `\`${permission}\` is demanded twice` });
    }
    const meant = declared.includes(permission) ? "" : didYouMean(permission, declared);
    // Permissions need no declaration: only what is nearly one that is declared looks like a slip of the pen.
    if (meant !== "") faults.push({ path: place, reason: `\`${permission}\` is no declared action${meant}` });
  }
  return [...faults, ...tenantFaults(route, pattern, path)];
}

/** The actions of all types, whose names are those of their usual permissions, and what actions demand. */
export function declaredPermissions(policy: Config["policy"]): readonly string[] {
  return Object.entries(policy?.resources ?? {}).flatMap(([type, { actions }]) =>
    Object.entries(actions).flatMap(([action, { permissions }]) => [`${type}:${action}`, ...permissions]),
  );
}

function tenantFaults(route: RouteConfig, pattern: RoutePattern, path: string): ConfigFault[] {
  const { tenant, roles, permissions, openapi, action } = route;
  if (tenant === undefined) return [];
  const faults: ConfigFault[] = [];
  if (!pattern.some((segment) => segment.kind === "parameter" && segment.name === tenant.path)) {
    faults.push({ path: `${path}.tenant.path`, reason: `the path has no parameter \`:${tenant.path}\`` });
  }
  // The document may say which roles see or write what, and rules of an action may name roles, permissions and the tenant.
  if (roles.length === 0 && permissions.length === 0 && openapi === undefined && action === undefined) {
    const reason = "changes nothing: the route demands neither roles nor permissions, and asks for no action";
    faults.push({ path: `${path}.tenant`, reason });
  }
  return faults;
}

/** A tenant is a name: the attribute that says it has to be declared, as a text. */
export function resourceTenantFaults({ policy }: Config): ConfigFault[] {
  return Object.entries(policy?.resources ?? {}).flatMap(([type, { tenant, attributes }]) => {
    if (tenant === undefined || (Object.hasOwn(attributes, tenant) && attributes[tenant] === "string")) return [];
    const reason = Object.hasOwn(attributes, tenant)
      ? `\`${tenant}\` is no attribute of type string`
      : `\`${tenant}\` is not among attributes${didYouMean(tenant, Object.keys(attributes))}`;
    return [{ path: `policy.resources.${type}.tenant`, reason }];
  });
}
