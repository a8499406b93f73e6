import type { Result } from "../../kernel/result.ts";
import type { ActionPolicy, DecisionPhase } from "../../policy/action_policy.ts";
import { decideAction } from "../../policy/decide_action.ts";
import type { DecisionFacts, EnvironmentFacts } from "../../policy/decision_facts.ts";
import { subjectFacts } from "../../policy/subject_facts.ts";
import { traceAction } from "../../policy/trace_action.ts";
import type { Defer } from "../../ports/edge_feed.ts";
import type {
  ExplainedCaller,
  ExplainedDecision,
  ExplainedPermission,
  ExplainFault,
  Explanation,
} from "../../ports/explaining.ts";
import type { RightsGate } from "../gate.ts";
import type { ToldCaller } from "./asked_caller.ts";
import type { ExplainParts } from "./explain_parts.ts";
import type { RecordedRelations } from "./recorded_relations.ts";

/** What one configuration explains. */
export type Explained = Omit<Explanation, "shadow" | "snapshot">;
export type Outcome<T = Explained> = Result<T, ExplainFault>;

/** Everything that one explanation is made with. */
export interface Explaining {
  readonly parts: ExplainParts;
  readonly env: EnvironmentFacts;
  readonly tenant: string | null;
  readonly caller: ToldCaller | null;
  readonly relations: RecordedRelations | null;
  readonly gate: RightsGate;
  readonly defer: Defer;
}

/** An explanation of which nothing is known yet. */
export function denied(reason: string): Explained {
  return {
    effect: "deny",
    reason,
    rules: [],
    route: null,
    caller: null,
    scopes: [],
    roles: [],
    permissions: [],
    action: null,
    decisions: [],
    relations: [],
    notes: [],
  };
}

/** Who asks, as it counts for `tenant`. */
export function explainedCaller({ credential, known }: ToldCaller, tenant: string | null): ExplainedCaller {
  const { kind, id, scopes, roles, attributes } = subjectFacts(credential.principal, null, tenant);
  return { kind, id, known, scopes, roles, tenant, attributes };
}

/** `demanded` with the roles that give them. */
export function explainedPermissions(
  demanded: readonly string[],
  roles: readonly string[],
  { book }: ExplainParts,
): readonly ExplainedPermission[] {
  const held = book.permissionsOf(roles);
  return [...new Set(demanded)].map((permission) => {
    const giver = book.giverOf(permission, roles);
    return { permission, held: held.has(permission), role: giver?.role ?? null, through: giver?.through ?? null };
  });
}

/** Each resource by itself, with all its rules: what was decided on, asked once more, and what each rule says of it. */
export function explainedDecisions(
  policy: ActionPolicy,
  facts: readonly DecisionFacts[],
  phase: DecisionPhase,
): readonly ExplainedDecision[] {
  return facts.map((one) => {
    const step = decideAction(policy, one, phase);
    const denial = step.kind === "decided" && step.effect === "deny" ? step : null;
    return {
      resource: one.resource,
      effect: step.kind === "decided" ? step.effect : "undecided",
      because: denial?.because ?? null,
      rules: traceAction(policy, one, phase).rules,
      stepUp: denial?.stepUp ?? null,
    };
  });
}
