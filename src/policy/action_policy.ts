import type { DecisionFacts, RelationCheck } from "./decision_facts.ts";
import type { FailedCondition } from "./decision_trace.ts";
import type { StepUp } from "./step_up.ts";

/** All that decides on one action, found by its id. */
export interface ActionPolicy {
  /** `document:read`. */
  readonly id: string;
  /** All of these. */
  readonly permissions: readonly string[];
  /** Those whose `on` names the action. */
  readonly rules: readonly PolicyRule[];
}

export interface PolicyRule {
  readonly id: string;
  readonly effect: "allow" | "deny";
  /** What is in shadow is evaluated where somebody asks for it, and decides nothing. */
  readonly mode: "live" | "shadow";
  /** An `allow` holds only with it; a `deny` holds only without it. Null where the rule asks for none. */
  readonly stepUp: StepUp | null;
  /** It names the request's body, which is read late. */
  readonly needsBody: boolean;
  /** It names the resource: without one it fails. */
  readonly needsResource: boolean;
  /** It has a value for whatever facts there are, without a resource too. Only such an `allow` may be left out once another one holds. */
  readonly neverFails: boolean;
  readonly expression: RuleExpression;
  /** The condition as it was written. */
  readonly source: string;
}

/** A compiled condition. Synchronous and bounded: what it cannot learn from memory it says. */
export interface RuleExpression {
  evaluate(facts: DecisionFacts): RuleOutcome;
  /** Why it is false: the first of the conditions joined by `&&` that is, and what it saw. For whoever explains, not for decisions. */
  failedCondition(facts: DecisionFacts): FailedCondition | null;
}

export type RuleOutcome =
  | { readonly kind: "true" }
  | { readonly kind: "false" }
  /** `message` names what failed, never a value of the call. */
  | { readonly kind: "error"; readonly message: string }
  /** It has to be evaluated again when these are known. At least one. */
  | { readonly kind: "wants"; readonly checks: readonly RelationCheck[] };

/** Whether nothing at all decides on the action: where no route demands anything either, it has to be denied. */
export function decidesNothing({ permissions, rules }: ActionPolicy): boolean {
  return permissions.length === 0 && !rules.some(({ mode }) => mode === "live");
}

/**
 * `before_body` leaves rules that name the body for later; `with_body` goes on from its `undecided`, with the same facts and the body;
 * `whole` is both at once.
 */
export type DecisionPhase = "before_body" | "with_body" | "whole";
