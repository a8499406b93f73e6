import type { ActionPolicy, DecisionPhase } from "./action_policy.ts";
import { type ActionDenial, type DecisionStep, decideAction } from "./decide_action.ts";
import type { DecisionFacts, RelationCheck } from "./decision_facts.ts";
import { bothDemands } from "./step_up.ts";

/**
 * The decision on one action for several resources at once, each with its facts: each has to be allowed, and what denies one denies all. As
 * `decideAction` for one of them.
 */
export function decideOnAll(policy: ActionPolicy, all: readonly DecisionFacts[], phase: DecisionPhase): DecisionStep {
  const [only] = all;
  if (only !== undefined && all.length === 1) return decideAction(policy, only, phase);
  let wants: readonly RelationCheck[] = [];
  let isUndecided = false;
  let later: ActionDenial | null = null;
  const rules = new Set<string>();
  for (const facts of all) {
    const step = decideAction(policy, facts, phase);
    if (step.kind === "wants") wants = [...wants, ...step.checks];
    else if (step.kind === "undecided") isUndecided = true;
    else if (step.effect === "allow") for (const rule of step.rules) rules.add(rule);
    else if (step.because !== "step_up") return step;
    else later = later === null ? step : joined(later, step);
  }
  if (wants.length > 0) return { kind: "wants", checks: wants };
  if (isUndecided) return { kind: "undecided" };
  if (later !== null) return later;
  if (all.length === 0) throw new Error("a decision on nothing");
  return { kind: "decided", effect: "allow", rules: [...rules] };
}

/** One demand for all of them. */
function joined(first: ActionDenial, second: ActionDenial): ActionDenial {
  const stepUp = first.stepUp && second.stepUp && bothDemands(first.stepUp, second.stepUp);
  return { ...first, stepUp, rules: [...new Set([...first.rules, ...second.rules])] };
}
