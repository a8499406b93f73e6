import { Outage } from "../kernel/outage.ts";
import type { LimitDemand, LimitPolicy, LimitVerdict } from "../limits/limit.ts";
import type { FieldStyle } from "../limits/rate_limit_fields.ts";
import { limitSubject } from "../policy/limit_subject.ts";
import type { Principal } from "../policy/principal.ts";
import type { Call, Gate, GateRoute, RouteLimit, RouteLimits } from "./gate.ts";

/** A verdict with the policies that it is about, in the same order. */
export interface JudgedLimits {
  readonly verdict: LimitVerdict;
  readonly policies: readonly LimitPolicy[];
  /** What of it the caller is told in fields. */
  readonly fields: FieldStyle;
}

/** What the log says of the limits, by their names. */
export interface LimitTrace {
  /** Whose verdict was no. */
  denied: readonly string[];
  /** Not counted, because the shared counters could not be reached: the call passed (`allow`), or was refused (`deny`). */
  skipped: readonly string[];
  /** Counted in this isolate alone, for the same reason. */
  local: readonly string[];
  /** On trial: these would have denied. */
  wouldDeny: readonly string[];
}

/** A limit of the route, and what it wants of whose counter. */
export interface LimitCharge {
  readonly limit: RouteLimit;
  readonly demand: LimitDemand;
}

/** A call that its limits let in. */
export interface Admitted {
  readonly kind: "admitted";
  /** Null where nothing was counted. */
  readonly limits: JudgedLimits | null;
  readonly charges: readonly LimitCharge[];
  /** What the limits on trial say, once they have said it in the trace; never rejects. Null where there are none. */
  readonly trial: Promise<void> | null;
}

/** What the limits said; `unavailable` where one that must be known could not be. */
export type Admission =
  | Admitted
  | { readonly kind: "denied"; readonly limits: JudgedLimits }
  | { readonly kind: "unavailable" };

/** The subject of the limits of a call. */
export interface Caller {
  readonly principal: Principal;
  readonly call: Call;
}

/**
 * Takes what the call costs from every limit of the route, all or none. When the shared counters cannot be reached each
 * limit does what its configuration says: `deny` refuses the call, `local` counts in this isolate, `allow` lets it pass
 * uncounted. Limits on trial are asked only of a call that the others let in, while it is on its way to the origin.
 */
export async function admit(
  limits: RouteLimits,
  route: GateRoute,
  { principal, call }: Caller,
  gate: Gate,
  trace: LimitTrace,
): Promise<Admission> {
  const charge = (limit: RouteLimit): LimitCharge => {
    const { policy, cost, leased } = limit;
    return { limit, demand: { subject: limitSubject(limit.key, route.id, principal, call), policy, cost, leased } };
  };
  const enforced = limits.enforced.map(charge);
  const judged = await judge(enforced, limits.fields, call.nowMs, gate, trace);
  if (judged === "unavailable") return { kind: "unavailable" };
  if (judged !== null && !judged.verdict.granted) {
    trace.denied = namesOf(judged.verdict);
    return { kind: "denied", limits: judged };
  }
  const onTrial = limits.onTrial.map(charge);
  const trial = onTrial.length === 0 ? null : tryOut(onTrial, call.nowMs, gate, trace);
  return { kind: "admitted", limits: judged, charges: [...enforced, ...onTrial], trial };
}

async function judge(
  charges: readonly LimitCharge[],
  fields: FieldStyle,
  nowMs: number,
  gate: Gate,
  trace: LimitTrace,
): Promise<JudgedLimits | null | "unavailable"> {
  if (charges.length === 0) return null;
  try {
    return judged(await gate.limiter.take(demandsOf(charges), nowMs), charges, fields);
  } catch (error) {
    if (!(error instanceof Outage)) throw error;
    const local = charges.filter(({ limit }) => limit.onUnavailable === "local");
    trace.skipped = charges.flatMap(({ limit }) => (limit.onUnavailable === "local" ? [] : [limit.policy.name]));
    if (charges.some(({ limit }) => limit.onUnavailable === "deny")) return "unavailable";
    trace.local = local.map(({ limit }) => limit.policy.name);
    if (local.length === 0) return null;
    return judged(await gate.localLimiter.take(demandsOf(local), nowMs), local, fields);
  }
}

function demandsOf(charges: readonly LimitCharge[]): readonly LimitDemand[] {
  return charges.map(({ demand }) => demand);
}

function judged(verdict: LimitVerdict, charges: readonly LimitCharge[], fields: FieldStyle): JudgedLimits {
  return { verdict, policies: charges.map(({ limit }) => limit.policy), fields };
}

/** Each by itself: one that would deny must not keep the others from counting. */
async function tryOut(charges: readonly LimitCharge[], nowMs: number, gate: Gate, trace: LimitTrace): Promise<void> {
  const verdicts = await Promise.allSettled(charges.map(({ demand }) => gate.limiter.take([demand], nowMs)));
  trace.wouldDeny = verdicts.flatMap((one) => (one.status === "fulfilled" ? namesOf(one.value) : []));
  const failed = charges.filter((_, index) => verdicts[index]?.status === "rejected");
  trace.skipped = [...trace.skipped, ...failed.map(({ limit }) => limit.policy.name)];
}

/** The policies that denied. */
function namesOf({ limits }: LimitVerdict): string[] {
  return limits.filter(({ granted }) => !granted).map(({ policy }) => policy);
}
