import { err, ok, type Result } from "../kernel/result.ts";
import { evaluate } from "../policy/evaluate.ts";
import type { ProvenPrincipal } from "./credential_entry.ts";
import type { GateRoute } from "./gate.ts";
import type { Refusal } from "./refusal.ts";

/** What the decision came to know of the rules on its way: for the log. */
export interface RuleTrace {
  rules: readonly string[];
}

/** Whether the route's rule lets `principal` in. */
export function authorize(route: GateRoute, principal: ProvenPrincipal, trace: RuleTrace): Result<null, Refusal> {
  const decision = evaluate(route.rule, principal);
  trace.rules = decision.rules;
  if (decision.effect === "allow") return ok(null);
  return decision.missing === "role"
    ? err({ kind: "forbidden", reason: "role_missing", route })
    : err({ kind: "insufficient_scope", reason: "scope_missing", route });
}
