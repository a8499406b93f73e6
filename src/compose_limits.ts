import type { RouteLimit } from "./access/gate.ts";
import { DeploymentFault } from "./bindings.ts";
import { keyParts } from "./config/limit_faults.ts";
import { KEY_PARAMETER } from "./config/limit_schema.ts";
import type { CompiledRoute } from "./config/route_faults.ts";
import type { Config } from "./config/schema.ts";
import type { KeyPart } from "./policy/limit_subject.ts";
import type { RoutePattern } from "./policy/route_pattern.ts";

/*
 * The limits of a route, from the configuration's names to plain data.
 */

/** The limits that `route` names. Throws `DeploymentFault` for a name that a compiled configuration cannot hold. */
export function routeLimits(route: CompiledRoute, limits: Config["limits"]): RouteLimit[] {
  return route.limits.map((name) => {
    const limit = limits[name];
    if (limit === undefined) throw new DeploymentFault(`route ${route.id} has no limit ${name}`);
    const { key, onUnavailable, ...numbers } = limit;
    const parts = keyParts(limit).map((part) => keyPart(part, route.pattern));
    return { policy: { name, ...numbers }, key: parts, onUnavailable };
  });
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
