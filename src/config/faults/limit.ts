import { leaseLifeMs, sharedQuota } from "../../limits/lease.ts";
import { quota, twentieth } from "../../limits/quota.ts";
import type { RoutePattern } from "../../policy/route_pattern.ts";
import type { ConfigFault } from "../fault.ts";
import type { Config, LimitConfig, RouteConfig } from "../schema.ts";
import { KEY_PARAMETER } from "../schemas/limit.ts";

/** A limit as a route uses it, its shorter spelling filled in. */
export function limitUse(written: RouteConfig["limits"][number]): Exclude<typeof written, string> {
  return typeof written === "string" ? { name: written, cost: 1 } : written;
}

/** The parts of a limit's key, one or several. */
export function keyParts({ key }: LimitConfig): readonly string[] {
  return typeof key === "string" ? [key] : key;
}

/** What is wrong with the limits in themselves. */
export function limitFaults({ limits }: Config): ConfigFault[] {
  return Object.entries(limits).flatMap(([name, limit]) => [
    ...keyFaults(limit, `limits.${name}.key`),
    ...leaseFaults(limit, name, `limits.${name}.precision`),
  ]);
}

/** Units that are held for less than a call to the shared counters may take are lost as often as not. */
const SHORTEST_LEASE_MS = 250;

function leaseFaults(limit: LimitConfig, name: string, path: string): ConfigFault[] {
  if (limit.precision === "exact") return [];
  const policy = { name, ...limit };
  if (twentieth(policy) === 0) {
    return [{ path, reason: "a lease is a twentieth of the limit: there is none below 20" }];
  }
  return leaseLifeMs(policy) >= SHORTEST_LEASE_MS
    ? []
    : [{ path, reason: "a twentieth of `burst` refills in less than 250 ms, too soon to be held: raise `burst`" }];
}

function keyFaults(limit: LimitConfig, path: string): ConfigFault[] {
  const parts = keyParts(limit);
  const faults: ConfigFault[] = [];
  if (new Set(parts).size < parts.length) faults.push({ path, reason: "names a part twice" });
  if (parts.includes("route") && parts.includes("operation")) {
    faults.push({ path, reason: "`operation` is a route and a method: `route` beside it says nothing" });
  }
  return faults;
}

/** What is wrong with the limits that `route` names. */
export function limitUseFaults(
  { limits }: Config,
  route: RouteConfig,
  pattern: RoutePattern,
  path: string,
): ConfigFault[] {
  const uses = route.limits.map(limitUse);
  return uses.flatMap((use, index) => {
    const { name } = use;
    const at = `${path}.limits[${index}]`;
    const limit = Object.hasOwn(limits, name) ? limits[name] : undefined;
    if (limit === undefined) return [{ path: at, reason: `\`${name}\` is not among limits` }];
    const reasons = [
      ...keyParts(limit).flatMap((part) => partFault(part, route, pattern) ?? []),
      ...costFaults(use, limit),
    ];
    if (uses.findIndex((other) => other.name === name) !== index) reasons.push(`\`${name}\` is named twice`);
    return reasons.map((reason) => ({ path: at, reason }));
  });
}

function costFaults({ name, cost, maxOriginCost }: ReturnType<typeof limitUse>, limit: LimitConfig): string[] {
  const policy = { name, ...limit };
  const most = limit.precision === "leased" ? sharedQuota(policy) : quota(policy);
  const faults: string[] = [];
  if (cost > most) faults.push(`a call costs ${cost}, and \`${name}\` never grants more than ${most}`);
  if (maxOriginCost === undefined) return faults;
  if (maxOriginCost <= cost) faults.push(`\`maxOriginCost\` must be above \`cost\`, which is taken already`);
  if (maxOriginCost > most) faults.push(`\`maxOriginCost\` is more than all that \`${name}\` has: ${most}`);
  return faults;
}

/** Why `part` cannot tell the callers of `route` apart; null where it can. */
function partFault(part: string, route: RouteConfig, pattern: RoutePattern): string | null {
  const parameter = KEY_PARAMETER.exec(part)?.[1];
  if (parameter !== undefined) {
    const there = pattern.some((segment) => segment.kind === "parameter" && segment.name === parameter);
    return there ? null : `the path has no parameter \`:${parameter}\`, which this limit counts by`;
  }
  const counts = `which this limit counts by`;
  if (part === "client" && (route.public || !route.credentials.includes("bearer"))) {
    return `no token opens this route, so it knows no client, ${counts}`;
  }
  if (part === "api_key" && (route.public || !route.credentials.some((one) => one !== "bearer"))) {
    return `no API key opens this route, ${counts}`;
  }
  return null;
}
