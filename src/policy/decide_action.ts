import {
  type ActionPolicy,
  type DecisionPhase,
  decidesNothing,
  type PolicyRule,
  type RuleOutcome,
} from "./action_policy.ts";
import type { DecisionFacts, RelationCheck } from "./decision_facts.ts";
import { outcomeOf } from "./rule_outcome.ts";
import { bothDemands, isSteppedUp, type StepUp } from "./step_up.ts";

/**
 * The decision on one action: permissions first, then rules. A rule that denies outdoes whatever allows, no rule that allows denies, and
 * a rule that fails denies, whichever way it would have gone. The order of the rules has no part in it. Refuses to fetch
 * anything: what it lacks it names, and is asked again.
 */
export type DecisionStep =
  | ActionDecision
  /** Not before these are known. */
  | { readonly kind: "wants"; readonly checks: readonly RelationCheck[] }
  /** Nothing denies so far, and rules that name the body have to be asked: before the body is read alone. */
  | { readonly kind: "undecided" };

export type ActionDecision =
  /** `rules`: one that allows, or more where several had to be asked; none where permissions alone decide. */
  { readonly kind: "decided"; readonly effect: "allow"; readonly rules: readonly string[] } | ActionDenial;

export interface ActionDenial {
  readonly kind: "decided";
  readonly effect: "deny";
  readonly because: "permission_missing" | "rule_denied" | "rule_failed" | "step_up" | "no_rule_allows";
  /** The rules that made it so, by id. */
  readonly rules: readonly string[];
  readonly missingPermissions: readonly string[];
  /** The authentication that would do; null where none helps. */
  readonly stepUp: StepUp | null;
  /** What rules that failed say of it: for operators. */
  readonly failures: readonly RuleFailure[];
}

export interface RuleFailure {
  readonly rule: string;
  readonly message: string;
}

/**
 * Decides on `policy` by `facts`; asked again after a `wants`, with more relations known. An action on which nothing decides is denied: whoever has other demands to let a call pass by does not ask.
 */
export function decideAction(policy: ActionPolicy, facts: DecisionFacts, phase: DecisionPhase): DecisionStep {
  const { permissions } = facts.principal;
  if (!policy.permissions.every((permission) => permissions.has(permission))) {
    const missingPermissions = policy.permissions.filter((permission) => !permissions.has(permission));
    return { ...NO_RULE_ALLOWS, because: "permission_missing", missingPermissions };
  }
  if (policy.rules.some(({ mode }) => mode === "live")) return weigh(evaluateRules(policy.rules, facts, phase));
  return decidesNothing(policy) ? NO_RULE_ALLOWS : ALLOWED_BY_PERMISSIONS;
}

const NONE: readonly never[] = [];
const UNDECIDED: DecisionStep = { kind: "undecided" };
const ALLOWED_BY_PERMISSIONS: ActionDecision = { kind: "decided", effect: "allow", rules: NONE };
const NO_RULE_ALLOWS: ActionDenial = {
  kind: "decided",
  effect: "deny",
  because: "no_rule_allows",
  rules: NONE,
  missingPermissions: NONE,
  stepUp: null,
  failures: NONE,
};

/** What came of the rules, in whatever order they stood. A list is there once it has something to tell. */
class Findings {
  denies: PolicyRule[] | null = null;
  allows: PolicyRule[] | null = null;
  failures: RuleFailure[] | null = null;
  /** Those that hold, but for the call's authentication. */
  deniesUntilSteppedUp: PolicyRule[] | null = null;
  allowsOnceSteppedUp: PolicyRule[] | null = null;
  wants: RelationCheck[] | null = null;
  /** Of rules that need not be asked once another one allows. */
  idleWants: RelationCheck[] | null = null;
  /** Rules that the body has a say in. */
  needsBody = false;
  idlyNeedsBody = false;
}

function evaluateRules(rules: readonly PolicyRule[], facts: DecisionFacts, phase: DecisionPhase): Findings {
  const found = new Findings();
  for (const rule of rules) {
    if (rule.mode === "shadow") continue;
    const isIdle = rule.effect === "allow" && rule.neverFails;
    if (isIdle && found.allows !== null) continue;
    if (rule.needsBody && phase === "before_body") {
      if (isIdle) found.idlyNeedsBody = true;
      else found.needsBody = true;
      continue;
    }
    if (phase === "with_body" && hasLetPass(rule)) continue;
    note(found, rule, outcomeOf(rule, facts), isIdle, facts);
  }
  return found;
}

/** Whether `rule` would have denied before the body was read. A demand for a better authentication waited for what denies whoever asks. */
function hasLetPass(rule: PolicyRule): boolean {
  return rule.effect === "deny" && !rule.needsBody && rule.stepUp === null;
}

function note(found: Findings, rule: PolicyRule, outcome: RuleOutcome, isIdle: boolean, facts: DecisionFacts): void {
  switch (outcome.kind) {
    case "false":
      return;
    case "error":
      found.failures = added(found.failures, { rule: rule.id, message: outcome.message });
      return;
    case "wants":
      if (isIdle) found.idleWants = [...(found.idleWants ?? NONE), ...outcome.checks];
      else found.wants = [...(found.wants ?? NONE), ...outcome.checks];
      return;
    case "true":
      noteHolding(found, rule, facts);
  }
}

function noteHolding(found: Findings, rule: PolicyRule, { env }: DecisionFacts): void {
  const isMet = rule.stepUp === null || isSteppedUp(rule.stepUp, env);
  if (rule.effect === "allow") {
    if (isMet) found.allows = added(found.allows, rule);
    else found.allowsOnceSteppedUp = added(found.allowsOnceSteppedUp, rule);
  } else if (rule.stepUp === null) found.denies = added(found.denies, rule);
  else if (!isMet) found.deniesUntilSteppedUp = added(found.deniesUntilSteppedUp, rule);
}

/** `list` with `item`, in place where there is one. */
function added<T>(list: T[] | null, item: T): T[] {
  if (list === null) return [item];
  list.push(item);
  return list;
}

/**
 * What stands against the call comes first: nobody is asked to authenticate for what is denied anyway, and nothing is fetched for it.
 */
function weigh(found: Findings): DecisionStep {
  if (found.denies !== null) return { ...NO_RULE_ALLOWS, because: "rule_denied", rules: idsOf(found.denies) };
  if (found.failures !== null) {
    const failures = found.failures.sort((a, b) => compareText(a.rule, b.rule));
    return { ...NO_RULE_ALLOWS, because: "rule_failed", rules: failures.map(({ rule }) => rule), failures };
  }
  const isAllowed = found.allows !== null;
  const idleWants = isAllowed ? null : found.idleWants;
  if (found.wants !== null || idleWants !== null) {
    return { kind: "wants", checks: [...(found.wants ?? NONE), ...(idleWants ?? NONE)] };
  }
  if (found.needsBody || (found.idlyNeedsBody && !isAllowed)) return UNDECIDED;
  if (found.deniesUntilSteppedUp !== null) return stepUpBy(found.deniesUntilSteppedUp, bothDemands);
  if (found.allows !== null) return { kind: "decided", effect: "allow", rules: found.allows.map(({ id }) => id) };
  // Any of them would do: the one whose id comes first is asked for.
  return found.allowsOnceSteppedUp === null ? NO_RULE_ALLOWS : stepUpBy(found.allowsOnceSteppedUp, (first) => first);
}

function stepUpBy(rules: readonly PolicyRule[], join: (first: StepUp, second: StepUp) => StepUp): ActionDenial {
  const inOrder = [...rules].sort((a, b) => compareText(a.id, b.id));
  const [first, ...rest] = inOrder.flatMap(({ stepUp }) => stepUp ?? []);
  const stepUp = first === undefined ? null : rest.reduce(join, first);
  return { ...NO_RULE_ALLOWS, because: "step_up", rules: inOrder.map(({ id }) => id), stepUp };
}

function idsOf(rules: readonly PolicyRule[]): readonly string[] {
  return rules.map(({ id }) => id).sort(compareText);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
