import { Outage } from "../kernel/outage.ts";
import type { LimitDemand, LimitPolicy, LimitVerdict } from "../limits/limit.ts";
import { limitSubject } from "../policy/limit_subject.ts";
import type { Principal } from "../policy/principal.ts";
import type { Limiter } from "../ports/limiter.ts";
import type { Call, Gate, GateRoute, RouteLimit } from "./gate.ts";

/** A verdict with the policies that it is about, in the same order. */
export interface JudgedLimits {
  readonly verdict: LimitVerdict;
  readonly policies: readonly LimitPolicy[];
}

/** What the limits said: null where none was counted, `unavailable` where one that must be known could not be. */
export type Admission = JudgedLimits | null | "unavailable";

/**
 * Takes one unit of every limit of the route, all or none. When the shared counters cannot be reached each limit does what
 * its configuration says: `deny` refuses the call, `local` counts in this isolate, `allow` lets it pass uncounted.
 */
export async function admit(route: GateRoute, principal: Principal, call: Call, gate: Gate): Promise<Admission> {
  const { limits } = route;
  if (limits.length === 0) return null;
  const judge = async (limiter: Limiter, some: readonly RouteLimit[]): Promise<JudgedLimits> => ({
    verdict: await limiter.take(
      some.map((limit) => demand(limit, route, principal, call)),
      call.nowMs,
    ),
    policies: some.map((limit) => limit.policy),
  });
  try {
    return await judge(gate.limiter, limits);
  } catch (error) {
    if (!(error instanceof Outage)) throw error;
    if (limits.some((limit) => limit.onUnavailable === "deny")) return "unavailable";
    const local = limits.filter((limit) => limit.onUnavailable === "local");
    return local.length === 0 ? null : judge(gate.localLimiter, local);
  }
}

function demand({ policy, key }: RouteLimit, route: GateRoute, principal: Principal, call: Call): LimitDemand {
  return { subject: limitSubject(key, route.id, principal, call), policy, cost: 1 };
}
