import { err, ok, type Result } from "../kernel/result.ts";
import { evaluate } from "../policy/evaluate.ts";
import type { ProvenPrincipal } from "./credential_entry.ts";
import type { Call, Gate, GateRoute } from "./gate.ts";
import { permit, rolesOnCall } from "./permit.ts";
import type { Refusal } from "./refusal.ts";

/** What the decision came to know of the rules on its way: for the log. */
export interface RuleTrace {
  rules: readonly string[];
}

/** Whether the route's rule lets `principal` in, and then its permissions: at once, unless the book of roles has to be fetched. */
export function authorize(
  route: GateRoute,
  principal: ProvenPrincipal,
  call: Call,
  gate: Gate,
  trace: RuleTrace,
): Result<null, Refusal> | Promise<Result<null, Refusal>> {
  const roles = rolesOnCall(route, principal, call);
  const decision = evaluate(route.rule, principal, roles);
  trace.rules = decision.rules;
  if (decision.effect === "deny") {
    return decision.missing === "role"
      ? err({ kind: "forbidden", reason: "role_missing", route })
      : err({ kind: "insufficient_scope", reason: "scope_missing", route });
  }
  if (route.permissions === null) return ok(null);
  const named = decision.rules.filter((rule) => rule !== "any_principal");
  const judged = permit(route.permissions, roles, route, call, gate);
  return judged instanceof Promise ? judged.then((late) => told(late, named, trace)) : told(judged, named, trace);
}

function told(refusal: Refusal | null, named: readonly string[], trace: RuleTrace): Result<null, Refusal> {
  trace.rules = refusal === null ? [...named, "permissions"] : ["permissions"];
  return refusal === null ? ok(null) : err(refusal);
}
