import type { z } from "zod";
import { err, ok, type Result } from "../kernel/result.ts";
import { parseRoutePattern, patternShape, type RoutePattern } from "../policy/route_pattern.ts";
import { isGatewayPath, isIssuerPath } from "./reserved_paths.ts";
import { type Config, type ConfigInput, configSchema, type RouteConfig } from "./schema.ts";

/** One thing wrong with a configuration: where (`routes[2].scopes[0]`) and why. */
export interface ConfigFault {
  readonly path: string;
  readonly reason: string;
}

/** A route with its pattern read and its name settled. */
export interface CompiledRoute extends Omit<RouteConfig, "id"> {
  readonly id: string;
  readonly pattern: RoutePattern;
}

/** A configuration in which every name resolves and no two routes claim the same requests. */
export interface CompiledConfig extends Omit<Config, "routes"> {
  readonly routes: readonly CompiledRoute[];
}

/** Validates `input` whole: all faults are reported, not the first one. */
export function compileConfig(input: unknown): Result<CompiledConfig, readonly ConfigFault[]> {
  const parsed = configSchema.safeParse(input);
  if (!parsed.success) return err(parsed.error.issues.map(describeIssue));
  const config = parsed.data;
  const faults: ConfigFault[] = [...identifierFaults(config)];
  const routes = config.routes.flatMap((route, index) => compileRoute(config, route, `routes[${index}]`, faults));
  faults.push(...duplicateFaults(routes), ...unusedFaults(config));
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

function identifierFaults({ issuer, gateway }: Config): ConfigFault[] {
  const faults: ConfigFault[] = [];
  // An API that is named like the issuer would take tokens meant for the issuer alone, the admin API's among them.
  const clashes = [gateway.resource, ...issuer.apis.map((api) => api.resource)].includes(issuer.url);
  if (clashes) faults.push({ path: "issuer.url", reason: "is also the resource of an API: they must differ" });
  for (const [index, api] of issuer.apis.entries()) {
    const first = issuer.apis.findIndex((other) => other.resource === api.resource);
    if (first !== index) faults.push({ path: `issuer.apis[${index}].resource`, reason: "is declared twice" });
  }
  for (const [index, trusted] of gateway.trustedIssuers.entries()) {
    const path = `gateway.trustedIssuers[${index}]`;
    const first = gateway.trustedIssuers.findIndex((other) => other.issuer === trusted.issuer);
    if (first !== index) faults.push({ path: `${path}.issuer`, reason: "is declared twice" });
    const isOwn = trusted.issuer === issuer.url;
    if (isOwn !== (trusted.keys === "ring")) {
      faults.push({ path: `${path}.keys`, reason: `must ${isOwn ? "" : "not "}be \`ring\` for this issuer` });
    }
    const own = issuer.apis.find((api) => api.resource === (trusted.audience ?? gateway.resource));
    if (isOwn && own !== undefined && !trusted.algorithms.includes(own.algorithm)) {
      faults.push({ path: `${path}.algorithms`, reason: `lacks ${own.algorithm}, which signs this API's tokens` });
    }
    if (isOwn && trusted.audience === issuer.url) {
      faults.push({ path: `${path}.audience`, reason: "names the issuer, whose tokens are for itself alone" });
    }
  }
  return faults;
}

function compileRoute(config: Config, route: RouteConfig, path: string, faults: ConfigFault[]): CompiledRoute[] {
  const pattern = parseRoutePattern(route.path);
  if (!pattern.ok) {
    faults.push({ path: `${path}.path`, reason: pattern.error });
    return [];
  }
  faults.push(...referenceFaults(config, route, path), ...reservedFaults(config, pattern.value, path));
  if (route.public && (route.scopes.length > 0 || route.roles.length > 0)) {
    faults.push({
      path: `${path}.public`,
      reason: "a public route proves nobody, so it cannot demand scopes or roles",
    });
  }
  if (route.deprecation && Date.parse(route.deprecation.sunset) <= Date.parse(route.deprecation.since)) {
    faults.push({ path: `${path}.deprecation.sunset`, reason: "must lie after `since`" });
  }
  return [{ ...route, id: route.id ?? `${route.methods.join(",")} ${route.path}`, pattern: pattern.value }];
}

function referenceFaults(
  { origins, limits, issuer, gateway }: Config,
  route: RouteConfig,
  path: string,
): ConfigFault[] {
  const faults: ConfigFault[] = [];
  if (!Object.hasOwn(origins, route.origin)) {
    faults.push({ path: `${path}.origin`, reason: `\`${route.origin}\` is not among origins` });
  }
  for (const [index, name] of route.limits.entries()) {
    if (!Object.hasOwn(limits, name)) {
      faults.push({ path: `${path}.limits[${index}]`, reason: `\`${name}\` is not among limits` });
    }
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

/** The hosts under which a part of the system answers: its URL's own, and those named beside it. */
export function hostsOf(part: { readonly url: string; readonly hosts: readonly string[] }): readonly string[] {
  return [new URL(part.url).host, ...part.hosts];
}

function duplicateFaults(routes: readonly CompiledRoute[]): ConfigFault[] {
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

function unusedFaults({ origins, limits, routes }: Config): ConfigFault[] {
  const dead = (section: string, names: readonly string[], used: ReadonlySet<string>) =>
    names
      .filter((name) => !used.has(name))
      .map((name) => ({ path: `${section}.${name}`, reason: "is used by no route" }));
  return [
    ...dead("origins", Object.keys(origins), new Set(routes.map((route) => route.origin))),
    ...dead("limits", Object.keys(limits), new Set(routes.flatMap((route) => route.limits))),
  ];
}
