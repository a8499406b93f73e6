import type { GateRoute, TrustedIssuer } from "../access/gate.ts";
import type { CompiledConfig } from "../config/compile.ts";
import type { CompiledRoute } from "../config/faults/route.ts";

/*
 * What routes demand of those who call them, for the gate and for whoever asks what it would decide.
 */

/** What a route demands of its callers, beside the action that it asks for. */
export type RouteRights = Pick<
  GateRoute,
  "id" | "isPublic" | "credentials" | "rule" | "permissions" | "tenant" | "toleratedStalenessMs"
>;

export function routeRights(route: CompiledRoute): RouteRights {
  const { onStale } = route;
  return {
    id: route.id,
    isPublic: route.public,
    credentials: route.credentials,
    rule: { scopes: route.scopes, roles: route.roles },
    ...routeRoles(route),
    toleratedStalenessMs: onStale === "deny" ? 0 : onStale.allowForSeconds * 1000,
  };
}

/** What a route asks of roles, as the gate needs it. */
function routeRoles({ permissions, tenant, pattern }: CompiledRoute): Pick<GateRoute, "permissions" | "tenant"> {
  const segment = pattern.findIndex((part) => part.kind === "parameter" && part.name === tenant?.path);
  return {
    permissions: permissions.length === 0 ? null : permissions,
    tenant: segment === -1 ? null : { segment },
  };
}

/** Whose tokens open routes, and what each must say. */
export function trustedIssuers({ gateway }: CompiledConfig): ReadonlyMap<string, TrustedIssuer> {
  return new Map(
    gateway.trustedIssuers.map(({ issuer, audience, clockSkewSeconds, keys }) => [
      issuer,
      { issuer, audience: audience ?? gateway.resource, clockSkewSeconds, isOwn: keys === "ring" },
    ]),
  );
}
