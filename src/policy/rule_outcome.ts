import type { PolicyRule, RuleOutcome } from "./action_policy.ts";
import type { DecisionFacts } from "./decision_facts.ts";

const NO_RESOURCE: RuleOutcome = { kind: "error", message: "the call is about no resource" };

/** What `rule` comes to. One that names the resource fails where there is none. */
export function outcomeOf(rule: PolicyRule, facts: DecisionFacts): RuleOutcome {
  return rule.needsResource && facts.resource === null ? NO_RESOURCE : rule.expression.evaluate(facts);
}
