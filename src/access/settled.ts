import type { ActionPolicy, DecisionPhase } from "../policy/action_policy.ts";
import type { ActionDecision, DecisionStep } from "../policy/decide_action.ts";
import { decideOnAll } from "../policy/decide_on_all.ts";
import type { DecisionFacts, RelationCheck } from "../policy/decision_facts.ts";
import type { FetchedRelations } from "./route_action.ts";

/** So often more relations are fetched because of those that were: a rule that needs more of them fails. */
const MAX_ROUNDS = 8;
const ENDLESS: ActionDecision = {
  kind: "decided",
  effect: "deny",
  because: "rule_failed",
  rules: [],
  missingPermissions: [],
  stepUp: null,
  failures: [{ rule: "*", message: "relations lead on to others without an end" }],
};

/** A decision; `unreached` where the relations that it asks for cannot be known as of what the call demands. */
type Settled = ActionDecision | "undecided" | "unreached";

/** The decision by `policy`: at once where the relations that it asks for are in memory. Rejects with `Outage`. */
export function settled(
  policy: ActionPolicy,
  facts: readonly DecisionFacts[],
  phase: DecisionPhase,
  relations: FetchedRelations | null,
): Settled | Promise<Settled> {
  const step = decideOnAll(policy, facts, phase);
  return step.kind === "wants" ? settledOnceFetched(step.checks, policy, facts, phase, relations) : ended(step, phase);
}

async function settledOnceFetched(
  missing: readonly RelationCheck[],
  policy: ActionPolicy,
  facts: readonly DecisionFacts[],
  phase: DecisionPhase,
  relations: FetchedRelations | null,
): Promise<Settled> {
  let checks = missing;
  for (let round = 0; ; round++) {
    if (relations === null || round === MAX_ROUNDS) return ENDLESS;
    if ((await relations.resolve(checks)) === "unreached") return "unreached";
    const step = decideOnAll(policy, facts, phase);
    if (step.kind !== "wants") return ended(step, phase);
    checks = step.checks;
  }
}

function ended(step: Exclude<DecisionStep, { kind: "wants" }>, phase: DecisionPhase): ActionDecision | "undecided" {
  if (step.kind === "decided") return step;
  if (phase !== "before_body") throw new Error("the body is here, and nothing was decided");
  return "undecided";
}
