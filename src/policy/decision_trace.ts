import type { AttributeValue } from "./decision_facts.ts";

/** What a decision came to on its way, for whoever asks why. Holds values of the call: for operators alone. */
export interface DecisionTrace {
  readonly permissions: readonly PermissionTrace[];
  /** Every rule of the action, those in shadow too. */
  readonly rules: readonly RuleTrace[];
}

export interface PermissionTrace {
  readonly permission: string;
  readonly held: boolean;
}

export interface RuleTrace {
  readonly id: string;
  readonly effect: "allow" | "deny";
  readonly mode: "live" | "shadow";
  readonly source: string;
  /** `wants`: relations have to be fetched first. `not_now`: it names what was not there yet. */
  readonly value: "true" | "false" | "error" | "wants" | "not_now";
  /** Why it failed; null where it did not. */
  readonly error: string | null;
  /** Null where the rule asks for none. */
  readonly steppedUp: boolean | null;
  /** Null where it is not false. */
  readonly failed: FailedCondition | null;
}

/** A condition that is false, and what its names stand for. */
export interface FailedCondition {
  readonly condition: string;
  readonly values: readonly NamedValue[];
}

export interface NamedValue {
  /** `principal.department`. */
  readonly name: string;
  /** Null where there is none. */
  readonly value: AttributeValue | null;
}
