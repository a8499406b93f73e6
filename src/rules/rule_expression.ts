import type { RuleExpression, RuleOutcome } from "../policy/action_policy.ts";
import type { DecisionFacts } from "../policy/decision_facts.ts";
import type { FailedCondition } from "../policy/decision_trace.ts";
import { type CelRule, failureOf } from "./cel.ts";
import { type Condition, firstFalse } from "./conditions.ts";
import type { DirectCondition } from "./direct_condition.ts";
import { RuleInputError } from "./rule_input.ts";
import { type RuleClasses, RuleVariables } from "./variables.ts";

const TRUE: RuleOutcome = { kind: "true" };
const FALSE: RuleOutcome = { kind: "false" };
const NOT_BOOL: RuleOutcome = { kind: "error", message: "the condition is neither true nor false" };

/**
 * Makes variables of facts, once for all rules of one language that are asked about one call. One call is remembered, since a decision is
 * made without a pause: a weak map would cost more than a rule does.
 */
export class VariablesOfCall {
  readonly #classes: RuleClasses;
  readonly #ownIssuer: string;
  #last: RuleVariables | null = null;

  constructor(classes: RuleClasses, ownIssuer: string) {
    this.#classes = classes;
    this.#ownIssuer = ownIssuer;
  }

  of(facts: DecisionFacts): RuleVariables {
    if (this.#last?.facts === facts) return this.#last;
    this.#last = new RuleVariables(facts, this.#classes, this.#ownIssuer);
    return this.#last;
  }
}

/** A condition that passed every check, ready to be asked. */
export class CelExpression implements RuleExpression {
  readonly #rule: CelRule;
  readonly #source: string;
  readonly #direct: DirectCondition | null;
  readonly #variables: VariablesOfCall;
  readonly #conditions: () => readonly Condition[];

  /** `direct` is the same condition, where it has a shorter way to its value. */
  constructor(
    rule: CelRule,
    source: string,
    direct: DirectCondition | null,
    variables: VariablesOfCall,
    conditions: () => readonly Condition[],
  ) {
    this.#rule = rule;
    this.#source = source;
    this.#direct = direct;
    this.#variables = variables;
    this.#conditions = conditions;
  }

  evaluate(facts: DecisionFacts): RuleOutcome {
    const variables = this.#variables.of(facts);
    const value = this.#direct === null ? undefined : directValue(this.#direct, variables);
    if (value === undefined) return outcomeOf(this.#rule, this.#source, variables);
    return value ? TRUE : FALSE;
  }

  failedCondition(facts: DecisionFacts): FailedCondition | null {
    return firstFalse(this.#conditions(), this.#variables.of(facts));
  }
}

/** What `direct` comes to; undefined where the library has to say it. */
function directValue(direct: DirectCondition, variables: RuleVariables): boolean | undefined {
  try {
    const value = direct(variables);
    return typeof value === "boolean" ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What `rule` comes to. Only `true` itself is true: a promise, a number or a text is no answer. A failure that the language absorbs, as in
 * `false && failure`, is none: the value is the same whatever had failed.
 */
export function outcomeOf(rule: CelRule, source: string, variables: RuleVariables): RuleOutcome {
  variables.wanted = null;
  try {
    const value = rule.run(variables);
    if (value === true) return TRUE;
    return value === false ? FALSE : NOT_BOOL;
  } catch (error) {
    const { wanted } = variables;
    if (wanted !== null) return { kind: "wants", checks: wanted };
    return { kind: "error", message: error instanceof RuleInputError ? error.message : failureOf(error, source) };
  }
}
