import type { GateRoute, RouteDeprecation } from "../access/gate.ts";
import { CLEARANCE_HEADER, PROOF_HEADER } from "../access/require_captcha.ts";
import type { CompiledConfig } from "../config/compile.ts";
import { effectiveCors } from "../config/faults/cors.ts";
import type { CompiledRoute } from "../config/faults/route.ts";
import type { CorsConfig } from "../config/schema.ts";
import type { CorsPolicy } from "../policy/cors.ts";
import { CSRF_HEADER } from "../policy/cross_site.ts";
import { patternShape } from "../policy/route_pattern.ts";
import { type SecurityHeaders, securityHeaders } from "../policy/security_headers.ts";
import { parseSuccessor } from "../policy/successor.ts";

/*
 * The wiring of what routes say to browsers.
 */

/** What scripts may read of every answer beside the fields that they always may (Fetch §3.2.6). */
const EXPOSED = [
  "Deprecation",
  "Link",
  "RateLimit",
  "RateLimit-Limit",
  "RateLimit-Policy",
  "RateLimit-Remaining",
  "RateLimit-Reset",
  "Retry-After",
  "Sunset",
  CLEARANCE_HEADER,
  "WWW-Authenticate",
  "X-Request-Id",
];

/** What a route says to browsers. */
export type RouteEdges = Pick<GateRoute, "cors" | "keepsOriginCors" | "cookies" | "security" | "deprecation">;

/** What each route of `config` says to browsers. */
export function routeEdges(config: CompiledConfig): (route: CompiledRoute) => RouteEdges {
  const policies = routeCorsPolicies(config);
  const security = composeSecurityHeaders(config);
  return (route) => ({
    cors: policies.get(route) ?? null,
    keepsOriginCors: route.cors === "origin",
    cookies: route.cookies.length === 0 ? null : new Set(route.cookies),
    security: security(route),
    deprecation: routeDeprecation(route),
  });
}

/** When the route ends; null where nothing is said of it. */
export function routeDeprecation({ deprecation, pattern }: CompiledRoute): RouteDeprecation | null {
  if (deprecation === undefined) return null;
  const { since, sunset, successor } = deprecation;
  const pieces = parseSuccessor(successor, pattern);
  return {
    sinceMs: Date.parse(since),
    sunsetMs: Date.parse(sunset),
    successor: pieces.ok ? pieces.value : [successor],
  };
}

/** What the gate does for scripts of other origins, for each route that has such a policy. */
function routeCorsPolicies({ gateway, routes, captcha }: CompiledConfig): ReadonlyMap<CompiledRoute, CorsPolicy> {
  const settled = routes.flatMap((route) => {
    const cors = effectiveCors(route, gateway);
    return cors === null ? [] : [{ route, cors, requestHeaders: requestHeaders(route, cors, captcha !== undefined) }];
  });
  const policies = new Map<CompiledRoute, CorsPolicy>();
  // A browser remembers a preflight's answer for the URL: methods stand in one answer only where all else in it holds for them.
  const alike = Map.groupBy(settled, ({ route, cors, requestHeaders: names }) =>
    JSON.stringify([patternShape(route.pattern), cors, names]),
  );
  for (const [first, ...others] of alike.values()) {
    if (first === undefined) continue;
    const group = [first.route, ...others.map(({ route }) => route)];
    const methods = group.flatMap((route) => route.methods);
    const policy = corsPolicy(first.cors, methods, first.requestHeaders);
    for (const route of group) policies.set(route, policy);
  }
  return policies;
}

/** What paths without a route say to scripts; null where the gateway has no policy of its own. */
export function defaultCorsPolicy({ gateway }: CompiledConfig): CorsPolicy | null {
  return typeof gateway.cors === "string" ? null : corsPolicy(gateway.cors, [], []);
}

/** What answers of a route say to browsers; those of no route, for null. */
export function composeSecurityHeaders({ gateway }: CompiledConfig): (route: CompiledRoute | null) => SecurityHeaders {
  const { securityHeaders: base } = gateway;
  const common = securityHeaders(base);
  return (route) => {
    const own = route?.securityHeaders;
    if (own === undefined) return common;
    return securityHeaders({
      contentSecurityPolicy: own.contentSecurityPolicy ?? base.contentSecurityPolicy,
      frameAncestors: own.frameAncestors ?? base.frameAncestors,
      referrerPolicy: own.referrerPolicy ?? base.referrerPolicy,
      crossOriginResourcePolicy: own.crossOriginResourcePolicy ?? base.crossOriginResourcePolicy,
      hsts: base.hsts,
    });
  };
}

function corsPolicy(cors: CorsConfig, methods: readonly string[], allowHeaders: readonly string[]): CorsPolicy {
  return {
    origins: new Set(cors.origins),
    credentials: cors.credentials,
    allowMethods: [...new Set([...methods, ...(methods.includes("GET") ? ["HEAD"] : [])])].sort().join(", "),
    allowHeaders: allowHeaders.join(", "),
    maxAge: String(cors.maxAgeSeconds),
    exposeHeaders: [...EXPOSED, ...cors.exposedHeaders].join(", "),
  };
}

/** Secret keys have no business in a page: their header is let through where publishable keys open the route. */
function requestHeaders(
  { public: isPublic, credentials }: CompiledRoute,
  cors: CorsConfig,
  isChallenging: boolean,
): string[] {
  const own = ["Content-Type"];
  if (!isPublic && credentials.includes("bearer")) own.push("Authorization");
  if (!isPublic && credentials.includes("publishable_key")) own.push("X-API-Key");
  if (!isPublic && credentials.includes("session") && cors.credentials) own.push(CSRF_HEADER);
  if (isChallenging) own.push(PROOF_HEADER, CLEARANCE_HEADER);
  const known = new Set(own.map((name) => name.toLowerCase()));
  return [...own, ...cors.requestHeaders.filter((name) => !known.has(name.toLowerCase()))];
}
