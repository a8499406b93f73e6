import type { ActionPolicy, DecisionPhase, PolicyRule } from "./action_policy.ts";
import type { DecisionFacts } from "./decision_facts.ts";
import type { DecisionTrace, RuleTrace } from "./decision_trace.ts";
import { outcomeOf } from "./rule_outcome.ts";
import { isSteppedUp } from "./step_up.ts";

/**
 * What each permission and each rule of `policy` comes to, those in shadow too, whatever the decision was made of. For whoever explains: a gate
 * carries no part of it.
 */
export function traceAction(policy: ActionPolicy, facts: DecisionFacts, phase: DecisionPhase): DecisionTrace {
  const held = facts.principal.permissions;
  return {
    permissions: policy.permissions.map((permission) => ({ permission, held: held.has(permission) })),
    rules: policy.rules.map((rule) => traceRule(rule, facts, phase)),
  };
}

function traceRule(rule: PolicyRule, facts: DecisionFacts, phase: DecisionPhase): RuleTrace {
  const { id, effect, mode, source, stepUp } = rule;
  const outcome = rule.needsBody && phase === "before_body" ? null : outcomeOf(rule, facts);
  return {
    id,
    effect,
    mode,
    source,
    value: outcome?.kind ?? "not_now",
    error: outcome?.kind === "error" ? outcome.message : null,
    steppedUp: stepUp === null ? null : isSteppedUp(stepUp, facts.env),
    failed: outcome?.kind === "false" ? rule.expression.failedCondition(facts) : null,
  };
}
