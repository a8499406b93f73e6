import { patternShape, type RoutePattern } from "../../policy/route_pattern.ts";
import type { ConfigFault } from "../fault.ts";
import { hostsOf } from "../hosts.ts";
import { isGatewayPath, isIssuerPath } from "../reserved_paths.ts";
import type { Config, RouteConfig } from "../schema.ts";
import { actionFaults } from "./action.ts";
import { routeCookieFaults } from "./cookie.ts";
import { routeCorsFaults } from "./cors.ts";
import { limitUseFaults } from "./limit.ts";
import { contractFaults } from "./openapi.ts";
import { roleFaults } from "./role.ts";
import { routeFieldFaults } from "./route_field.ts";
import { routeSessionFaults } from "./session.ts";
import { streamFaults } from "./stream.ts";
import { transportFaults } from "./transport.ts";

/** A route with its pattern read and its name settled. */
export interface CompiledRoute extends Omit<RouteConfig, "id"> {
  readonly id: string;
  readonly pattern: RoutePattern;
}

/** What is wrong with one route, `path` being where it stands. */
export function routeFaults(config: Config, route: RouteConfig, pattern: RoutePattern, path: string): ConfigFault[] {
  return [
    ...referenceFaults(config, route, path),
    ...limitUseFaults(config, route, pattern, path),
    ...reservedFaults(config, pattern, path),
    ...transportFaults(config, route, path),
    ...contradictions(route, path),
    ...roleFaults(config, route, pattern, path),
    ...routeCorsFaults(config, route, path),
    ...routeCookieFaults(route, path),
    ...routeSessionFaults(config, route, path),
    ...contractFaults(config, route, pattern, path),
    ...routeFieldFaults(config, route, pattern, path),
    ...actionFaults(config, route, pattern, path),
    ...streamFaults(config, route, path),
  ];
}

function contradictions(route: RouteConfig, path: string): ConfigFault[] {
  const faults: ConfigFault[] = [];
  if (route.public && (route.scopes.length > 0 || route.roles.length > 0)) {
    faults.push({
      path: `${path}.public`,
      reason: "a public route proves nobody, so it cannot demand scopes or roles",
    });
  }
  const takesKeys =
    !route.public && route.credentials.some((kind) => kind === "secret_key" || kind === "publishable_key");
  if (route.creditCost !== 1 && !takesKeys) {
    faults.push({ path: `${path}.creditCost`, reason: "no API key opens this route, and nothing else has credits" });
  }
  if (route.deprecation && Date.parse(route.deprecation.sunset) <= Date.parse(route.deprecation.since)) {
    faults.push({ path: `${path}.deprecation.sunset`, reason: "must lie after `since`" });
  }
  return faults;
}

function referenceFaults({ origins, issuer, gateway }: Config, route: RouteConfig, path: string): ConfigFault[] {
  const faults: ConfigFault[] = [];
  if (!Object.hasOwn(origins, route.origin)) {
    faults.push({ path: `${path}.origin`, reason: `\`${route.origin}\` is not among origins` });
  }
  const own = issuer.apis.find((api) => api.resource === gateway.resource);
  for (const [index, scope] of route.scopes.entries()) {
    if (own !== undefined && !Object.hasOwn(own.scopes, scope)) {
      faults.push({ path: `${path}.scopes[${index}]`, reason: `\`${scope}\` is not a scope of ${gateway.resource}` });
    }
  }
  return faults;
}

function reservedFaults({ issuer, gateway }: Config, pattern: RoutePattern, path: string): ConfigFault[] {
  const literals: string[] = [];
  for (const segment of pattern) {
    if (segment.kind !== "literal") break;
    literals.push(segment.text);
  }
  const sharesHost = hostsOf(issuer).some((host) => hostsOf(gateway).includes(host));
  const reserved = isGatewayPath(literals) || (sharesHost && isIssuerPath(literals));
  return reserved ? [{ path: `${path}.path`, reason: "is reserved for Sallyport itself" }] : [];
}

/** Routes with one name, and routes that claim the same requests. */
export function duplicateFaults(routes: readonly CompiledRoute[]): ConfigFault[] {
  const faults: ConfigFault[] = [];
  const ids = new Map<string, string>();
  const claims = new Map<string, string>();
  for (const route of routes) {
    if (ids.has(route.id)) faults.push({ path: "routes", reason: `two routes are called \`${route.id}\`` });
    ids.set(route.id, route.id);
    for (const method of route.methods) {
      const claim = `${method} ${patternShape(route.pattern)}`;
      const other = claims.get(claim);
      if (other !== undefined) {
        faults.push({ path: "routes", reason: `\`${other}\` and \`${route.id}\` match the same ${method} requests` });
      }
      claims.set(claim, route.id);
    }
  }
  return faults;
}
