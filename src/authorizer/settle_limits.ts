import type { Admitted, JudgedLimits } from "../access/admit.ts";
import type { Gate, GateRoute } from "../access/gate.ts";
import { afterCharging, chargeOwed, ORIGIN_COST_FIELD, owed, parseOriginCost } from "../access/origin_cost.ts";
import { logFault } from "../http/log.ts";
import { faultText } from "../kernel/fault_text.ts";
import type { Exchange } from "./exchange.ts";
import type { Forwarded } from "./forward.ts";

/**
 * The limits once the origin has answered: waits for what the limits on trial say, and charges behind the response what
 * the origin says that the call has cost. Returns what the caller is told; null where nothing was counted.
 */
export async function settleLimits(
  forwarded: Forwarded,
  admitted: Admitted,
  route: GateRoute,
  exchange: Exchange,
  gate: Gate,
): Promise<JudgedLimits | null> {
  if (admitted.trial !== null) await admitted.trial;
  const { limits, charges } = admitted;
  if (!route.limits?.hearsOrigin || !forwarded.ok) return limits;
  const cost = parseOriginCost(forwarded.value.headers.get(ORIGIN_COST_FIELD));
  const log = { request_id: exchange.requestId, route: route.id };
  if (!cost.ok) {
    logFault("origin_cost_refused", { ...log, reason: cost.error });
    return limits;
  }
  const debts = owed(charges, cost.value ?? 0);
  if (debts.length === 0) return limits;
  const charged = chargeOwed(debts, Date.now(), gate).catch((error: unknown) => {
    logFault("origin_cost_lost", { ...log, error: faultText(error) });
  });
  exchange.call.defer(charged);
  return limits === null ? null : afterCharging(limits, debts);
}
