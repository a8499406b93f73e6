import { err, ok, type Result } from "../kernel/result.ts";
import { evaluate } from "../policy/evaluate.ts";
import type { CredentialEntry } from "./credential_entry.ts";
import { type ActionTrace, type DecidedOn, decide } from "./decide.ts";
import type { Call, RightsGate, RightsRoute } from "./gate.ts";
import { permit, rolesOnCall } from "./permit.ts";
import type { Refusal } from "./refusal.ts";

type Authorized = Result<DecidedOn, Refusal>;

const NOTHING: Authorized = ok(null);

/**
 * Whether the route's rule lets the holder of `credential` in, then its permissions, and then the policy of its action as far as that needs no body: at once,
 * unless something has to be fetched. `decidedOn` are the resources that were decided on before, for a second look. Throws `Outage`.
 */
export function authorize(
  route: RightsRoute,
  credential: CredentialEntry,
  call: Call,
  gate: RightsGate,
  decidedOn: DecidedOn,
  trace: ActionTrace,
): Authorized | Promise<Authorized> {
  const roles = rolesOnCall(route, credential.principal, call);
  const decision = evaluate(route.rule, credential.principal, roles);
  trace.rules = decision.rules;
  if (decision.effect === "deny") {
    return decision.missing === "role"
      ? err({ kind: "forbidden", reason: "role_missing", route })
      : err({ kind: "insufficient_scope", reason: "scope_missing", route });
  }
  if (route.permissions === null) return onAction(route, credential, call, gate, decidedOn, trace);
  const judged = permit(route.permissions, roles, route, call, gate);
  const told = (refusal: Refusal | null) => {
    const named = decision.rules.filter((rule) => rule !== "any_principal");
    trace.rules = refusal === null ? [...named, "permissions"] : ["permissions"];
    return refusal === null ? onAction(route, credential, call, gate, decidedOn, trace) : err(refusal);
  };
  return judged instanceof Promise ? judged.then(told) : told(judged);
}

function onAction(
  route: RightsRoute,
  credential: CredentialEntry,
  call: Call,
  gate: RightsGate,
  decidedOn: DecidedOn,
  trace: ActionTrace,
): Authorized | Promise<Authorized> {
  const { action } = route;
  if (action === null) return NOTHING;
  const phase = action.bodyDepth === null ? "whole" : "before_body";
  return decide(route, action, credential, call, gate, { phase, body: undefined, resources: decidedOn }, trace);
}
