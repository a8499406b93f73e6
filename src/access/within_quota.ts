import { Outage } from "../kernel/outage.ts";
import { err, type Result } from "../kernel/result.ts";
import type { Call, Gate, GateRoute, RouteLimit, RouteLimits } from "./gate.ts";
import type { KeyQuota, OwnLimit } from "./key_terms.ts";
import type { Refusal } from "./refusal.ts";

/** Whose counter a key's own limit hits. */
const OWN = [{ kind: "api_key" }] as const;

/**
 * Takes what a call costs of a key's credits, and then lets `admit` take what it costs of the limits, the route's and the key's together:
 * all of it, or none. Credits come first, because they can be given back: a call that a limit denies costs none. While they are
 * given back another call may be denied by credits that are about to return; nothing is ever granted twice. What a call took that passes can
 * still be brought back by its trace.
 */
export async function withinQuota<T>(
  { key, limits, credits }: KeyQuota,
  route: GateRoute,
  call: Call,
  gate: Gate,
  trace: { spent: (() => Promise<void>) | null },
  admit: (limits: RouteLimits | null) => Promise<Result<T, Refusal>>,
): Promise<Result<T, Refusal>> {
  const all = limits.length === 0 ? route.limits : joined(route.limits ?? gate.noLimits, limits);
  if (credits === null || route.creditCost === 0) return admit(all);
  const spent = await gate.credits.spend(key, credits, route.creditCost).catch((error: unknown) => {
    if (error instanceof Outage) return null;
    throw error;
  });
  if (spent === null) return err({ kind: "unavailable", reason: "credits_unavailable" });
  if (!spent.granted) {
    const refillInMs = spent.nextRefillMs === null ? null : spent.nextRefillMs - call.nowMs;
    return err({ kind: "credits_exhausted", reason: "credits_exhausted", refillInMs });
  }
  let passes = false;
  try {
    const admitted = await admit(all);
    passes = admitted.ok;
    if (passes) trace.spent = spent.giveBack;
    return admitted;
  } finally {
    if (!passes) call.defer(spent.giveBack());
  }
}

/** A key's own limits deny while they cannot be counted, and no origin has a say in what they cost. */
function joined(route: RouteLimits, own: readonly OwnLimit[]): RouteLimits {
  const limits = own.map(
    (limit): RouteLimit => ({ ...limit, key: OWN, onUnavailable: "deny", cost: 1, maxOriginCost: null }),
  );
  return { ...route, enforced: [...route.enforced, ...limits] };
}
