import type { GateRoute } from "../access/gate.ts";
import type { PinSet } from "../access/pins.ts";
import type { RouteAction } from "../access/route_action.ts";
import type { CaptchaSite } from "../access/route_captcha.ts";
import type { RouteSession } from "../access/route_session.ts";
import { DeploymentFault, type Environment } from "../bindings.ts";
import type { CompiledConfig } from "../config/compile.ts";
import type { CompiledRoute } from "../config/faults/route.ts";
import { hostsOf } from "../config/hosts.ts";
import type { Kept } from "../kernel/kept.ts";
import { RouteTable } from "../policy/route_table.ts";
import { ID_TOKEN_ALGORITHMS } from "../protocol/id_token.ts";
import type { SignatureAlgorithm } from "../protocol/jws.ts";
import { ADMIN_SCOPE, type TargetCatalog } from "../protocol/token_target.ts";
import { type AccessLists, accessLists, captchaSite, routeCaptcha, routeLists } from "./abuse.ts";
import { routeAudit } from "./audit.ts";
import { composeContracts } from "./contracts.ts";
import { type RouteEdges, routeEdges } from "./edges.ts";
import { routeLimits } from "./limits.ts";
import { isGuarded } from "./origins.ts";
import { routeRights } from "./rights.ts";
import { composeSignals, routeSignals } from "./signals.ts";
import { routeStreams } from "./streams.ts";
import { routeTransport } from "./transport.ts";

/*
 * The other half of the wiring: from a compiled configuration to the plain data that each room takes.
 */

/** Under which hosts each half answers. */
export function composeHosts({ issuer, gateway }: CompiledConfig) {
  return { issuerHosts: new Set(hostsOf(issuer)), gatewayHosts: new Set(hostsOf(gateway)) };
}

/** What tokens can be asked for. */
export function targetCatalog({ issuer }: CompiledConfig): TargetCatalog {
  const [first, ...others] = issuer.apis.map(({ resource, scopes }) => ({
    resource,
    scopes: new Set(Object.keys(scopes)),
  }));
  if (first === undefined) throw new DeploymentFault("the issuer has no API");
  return { issuer: issuer.url, issuerScopes: new Set([ADMIN_SCOPE]), apis: [first, ...others] };
}

/** What access tokens of the issuer are signed with, and nothing else is taken for one. */
export function accessTokenAlgorithms({ issuer }: CompiledConfig): SignatureAlgorithm[] {
  return [...new Set([issuer.algorithm, ...issuer.apis.map((api) => api.algorithm)])];
}

/** What the ring signs: access tokens as configured, ID tokens as clients may register. */
export function signingAlgorithms(config: CompiledConfig): SignatureAlgorithm[] {
  return [...new Set([...accessTokenAlgorithms(config), ...ID_TOKEN_ALGORITHMS])];
}

/** Which clients may introspect tokens for a resource. */
export function introspectors({ issuer }: CompiledConfig): (resource: string) => ReadonlySet<string> {
  const clients = new Map(issuer.apis.map((api) => [api.resource, new Set(api.introspectionClients)]));
  const nobody: ReadonlySet<string> = new Set();
  return (resource) => clients.get(resource) ?? nobody;
}

/** The routes as the gate looks them up. */
export function gateRoutes(
  env: Environment,
  config: CompiledConfig,
  sets: ReadonlyMap<string, PinSet>,
  kept: Kept,
  sessions: RouteSession | null,
  actions: (route: CompiledRoute) => RouteAction | null,
): RouteTable<GateRoute> {
  const lists = accessLists(config);
  const site = captchaSite(env, config, kept);
  const edges = routeEdges(config);
  const signals = composeSignals(env, config, kept);
  return new RouteTable(
    config.routes.map((route) => ({
      pattern: route.pattern,
      methods: route.methods,
      route: {
        ...gateRoute(route, config, lists, site),
        ...edges(route),
        action: actions(route),
        session: route.credentials.includes("session") ? sessions : null,
        signals: routeSignals(route, config, signals),
        transport: routeTransport(route, config.gateway, sets),
      },
    })),
  );
}

function gateRoute(
  route: CompiledRoute,
  config: CompiledConfig,
  lists: AccessLists,
  site: CaptchaSite | null,
): Omit<GateRoute, keyof RouteEdges | "action" | "session" | "signals" | "transport"> {
  const { origins, limits, gateway } = config;
  const origin = origins[route.origin];
  if (origin === undefined) throw new DeploymentFault(`route ${route.id} has no origin`);
  return {
    ...routeRights(route),
    lists: routeLists(route.lists ?? gateway.lists, lists),
    captcha: routeCaptcha(route, config, site),
    limits: routeLimits(route, { limits, gateway }),
    creditCost: route.creditCost,
    maxBodyBytes: route.maxBodyBytes,
    audit: routeAudit(route.audit),
    ...composeContracts(route, config),
    ...routeStreams(route, gateway),
    origin: {
      url: new URL(origin.url).origin,
      audience: origin.audience,
      timeoutMs: origin.timeoutMs,
      guard: isGuarded(origin) ? route.origin : null,
    },
  };
}
