import type { RouteLimits } from "../access/gate.ts";
import { DeploymentFault } from "../bindings.ts";
import type { CompiledConfig } from "../config/compile.ts";
import { keyParts, limitUse } from "../config/faults/limit.ts";
import type { CompiledRoute } from "../config/faults/route.ts";
import { KEY_PARAMETER } from "../config/schemas/limit.ts";
import type { KeyPart } from "../policy/limit_subject.ts";
import type { RoutePattern } from "../policy/route_pattern.ts";

/*
 * The limits of a route, from the configuration's names to plain data.
 */

/** The limits that `route` names, null for none. Throws `DeploymentFault` for a name that a compiled configuration cannot hold. */
export function routeLimits(
  route: CompiledRoute,
  { limits, gateway }: Pick<CompiledConfig, "limits" | "gateway">,
): RouteLimits | null {
  const uses = route.limits.map((written) => {
    const { name, cost, maxOriginCost } = limitUse(written);
    const limit = limits[name];
    if (limit === undefined) throw new DeploymentFault(`route ${route.id} has no limit ${name}`);
    const { key: _, onUnavailable, dryRun, precision, ...numbers } = limit;
    const use = {
      policy: { name, ...numbers },
      key: keyParts(limit).map((part) => keyPart(part, route.pattern)),
      onUnavailable,
      leased: precision === "leased",
      cost,
      maxOriginCost: maxOriginCost ?? null,
    };
    return { use, dryRun };
  });
  if (uses.length === 0) return null;
  return {
    enforced: uses.filter(({ dryRun }) => !dryRun).map(({ use }) => use),
    onTrial: uses.filter(({ dryRun }) => dryRun).map(({ use }) => use),
    fields: gateway.rateLimitFields,
    hearsOrigin: uses.some(({ use }) => use.maxOriginCost !== null),
  };
}

function keyPart(part: string, pattern: RoutePattern): KeyPart {
  switch (part) {
    case "principal":
    case "client":
    case "api_key":
    case "address":
    case "route":
    case "operation":
      return { kind: part };
  }
  const name = KEY_PARAMETER.exec(part)?.[1] ?? part;
  const index = pattern.findIndex((segment) => segment.kind === "parameter" && segment.name === name);
  if (index < 0) throw new DeploymentFault(`no path parameter ${name}`);
  return { kind: "parameter", name, index };
}
