import { describe, expect, it } from "vitest";
import type { PolicyRule, RuleOutcome } from "../../../src/policy/action_policy.ts";
import { type ActionDecision, type DecisionStep, decideAction } from "../../../src/policy/decide_action.ts";
import { traceAction } from "../../../src/policy/trace_action.ts";
import { actionPolicy, decisionFacts, NOW_MS, ruleOf } from "../../support/decisions.ts";

const TRUE: RuleOutcome = { kind: "true" };
const FALSE: RuleOutcome = { kind: "false" };
const ERROR: RuleOutcome = { kind: "error", message: "no such key: department" };
const VIEWER = { object: { type: "document", id: "1" }, relation: "viewer", subject: { type: "user", id: "usr_1" } };
const WANTS: RuleOutcome = { kind: "wants", checks: [VIEWER] };
const MFA = { acrValues: ["mfa"], maxAgeSeconds: null };
const FRESH = { acrValues: [], maxAgeSeconds: 300 };

const allow = (outcome: RuleOutcome, changes: Partial<PolicyRule> = {}) => ruleOf(outcome, { id: "allow", ...changes });
const deny = (outcome: RuleOutcome, changes: Partial<PolicyRule> = {}) =>
  ruleOf(outcome, { id: "deny", effect: "deny", ...changes });

const whole = (rules: readonly PolicyRule[], facts = decisionFacts()) =>
  decideAction(actionPolicy(rules), facts, "whole");

function brief(step: DecisionStep): string {
  if (step.kind !== "decided") return step.kind;
  return step.effect === "allow" ? "allow" : step.because;
}

/** Fails where `step` is no decision. */
function decided(step: DecisionStep): ActionDecision {
  if (step.kind !== "decided") throw new Error(step.kind);
  return step;
}

describe("deny overrides, no match denies, a rule that fails denies", () => {
  it.each<[string, readonly PolicyRule[], string]>([
    ["a rule that allows", [allow(TRUE)], "allow"],
    ["none that does", [allow(FALSE)], "no_rule_allows"],
    ["one that denies beside it", [allow(TRUE), deny(TRUE)], "rule_denied"],
    ["one that could have denied", [allow(TRUE), deny(FALSE)], "allow"],
    ["only one that did not deny", [deny(FALSE)], "no_rule_allows"],
    ["a deny that fails", [allow(TRUE), deny(ERROR)], "rule_failed"],
    ["an allow that fails beside one that holds", [allow(TRUE), allow(ERROR)], "rule_failed"],
    ["an allow that fails before one that holds", [allow(ERROR), allow(TRUE)], "rule_failed"],
    ["a deny that holds and one that fails", [deny(ERROR), deny(TRUE)], "rule_denied"],
    ["an allow in shadow", [allow(TRUE, { mode: "shadow" }), allow(FALSE)], "no_rule_allows"],
    ["a deny in shadow", [allow(TRUE), deny(TRUE, { mode: "shadow" })], "allow"],
    ["one in shadow that fails", [allow(TRUE), deny(ERROR, { mode: "shadow" })], "allow"],
    ["nothing but rules in shadow", [allow(TRUE, { mode: "shadow" })], "no_rule_allows"],
    ["no rule and no permission", [], "no_rule_allows"],
  ])("%s", (_, rules, expected) => {
    expect(brief(whole(rules))).toBe(expected);
  });

  it("tells which rules did it, and what those that failed said", () => {
    expect(decided(whole([allow(TRUE), deny(TRUE, { id: "z" }), deny(TRUE, { id: "a" })])).rules).toEqual(["a", "z"]);
    expect(whole([allow(TRUE), deny(ERROR)])).toMatchObject({
      rules: ["deny"],
      failures: [{ rule: "deny", message: "no such key: department" }],
    });
    expect(decided(whole([allow(FALSE, { id: "other" }), allow(TRUE)])).rules).toEqual(["allow"]);
  });

  it("fails a rule that names the resource where the call is about none", () => {
    const facts = decisionFacts({ resource: null });
    expect(brief(whole([allow(TRUE, { needsResource: true })], facts))).toBe("rule_failed");
    expect(brief(whole([allow(TRUE)], facts))).toBe("allow");
  });
});

describe("permissions", () => {
  const holding = (...permissions: string[]) =>
    decisionFacts({ principal: { ...decisionFacts().principal, permissions: new Set(permissions) } });

  it("are all needed, whatever rules allow", () => {
    const policy = actionPolicy([allow(TRUE)], ["document:read", "document:list"]);
    expect(decideAction(policy, holding("document:read"), "whole")).toMatchObject({
      because: "permission_missing",
      missingPermissions: ["document:list"],
    });
    expect(brief(decideAction(policy, holding("document:read", "document:list"), "whole"))).toBe("allow");
  });

  it("decide alone where there is no rule, and do not outdo one", () => {
    expect(brief(decideAction(actionPolicy([], ["document:read"]), holding("document:read"), "whole"))).toBe("allow");
    expect(brief(decideAction(actionPolicy([allow(FALSE)], ["p"]), holding("p"), "whole"))).toBe("no_rule_allows");
    expect(brief(decideAction(actionPolicy([allow(TRUE), deny(TRUE)], ["p"]), holding("p"), "whole"))).toBe(
      "rule_denied",
    );
  });
});

describe("relations that are not known yet", () => {
  it.each<[string, readonly PolicyRule[], string]>([
    ["are asked for", [allow(WANTS)], "wants"],
    ["are asked for by a deny although an allow holds", [allow(TRUE), deny(WANTS)], "wants"],
    ["are not fetched for what is denied anyway", [deny(TRUE), deny(WANTS, { id: "d2" }), allow(WANTS)], "rule_denied"],
    ["are not fetched for what fails anyway", [deny(ERROR), allow(WANTS)], "rule_failed"],
    [
      "are not fetched for an allow that cannot fail once another one holds",
      [allow(WANTS, { neverFails: true }), allow(TRUE)],
      "allow",
    ],
    ["are fetched for an allow that may fail", [allow(WANTS), allow(TRUE)], "wants"],
  ])("%s", (_, rules, expected) => {
    expect(brief(whole(rules))).toBe(expected);
    expect(brief(whole([...rules].reverse()))).toBe(expected);
  });

  it("come in one round for all rules", () => {
    const owner = { ...VIEWER, relation: "owner" };
    const step = whole([allow(WANTS), deny({ kind: "wants", checks: [owner] })]);
    expect(step).toEqual({ kind: "wants", checks: [VIEWER, owner] });
  });
});

describe("rules that name the body", () => {
  const phase = (rules: readonly PolicyRule[], at: "before_body" | "with_body" | "whole") =>
    brief(decideAction(actionPolicy(rules), decisionFacts({ body: {} }), at));
  const late = { needsBody: true };

  it.each<[string, readonly PolicyRule[], string, string]>([
    ["a deny waits for it", [allow(TRUE), deny(TRUE, late)], "undecided", "rule_denied"],
    ["an allow waits for it", [allow(TRUE, late)], "undecided", "allow"],
    ["a deny without it does not wait", [deny(TRUE), allow(TRUE, late)], "rule_denied", "no_rule_allows"],
    ["a failure without it does not wait", [allow(ERROR), allow(TRUE, late)], "rule_failed", "rule_failed"],
    [
      "nobody waits for an allow that cannot fail once another one holds",
      [allow(TRUE, { ...late, neverFails: true }), allow(TRUE)],
      "allow",
      "allow",
    ],
    ["an allow that may fail is waited for", [allow(ERROR, late), allow(TRUE)], "undecided", "rule_failed"],
    ["relations come before it", [allow(WANTS), deny(TRUE, late)], "wants", "rule_denied"],
    ["no rule at all names it", [allow(FALSE)], "no_rule_allows", "no_rule_allows"],
  ])("%s", (_, rules, before, afterwards) => {
    expect(phase(rules, "before_body")).toBe(before);
    if (before === "undecided") expect(phase(rules, "with_body")).toBe(afterwards);
    if (before !== "wants" && before !== "rule_denied") expect(phase(rules, "whole")).toBe(afterwards);
  });

  it("denies with the body are not evaluated again where they needed none", () => {
    const asked: string[] = [];
    const watched = (id: string, changes: Partial<PolicyRule>) =>
      deny(FALSE, {
        id,
        ...changes,
        expression: {
          evaluate: () => {
            asked.push(id);
            return FALSE;
          },
          failedCondition: () => null,
        },
      });
    const rules = [watched("early", {}), watched("late", late), allow(TRUE)];
    expect(phase(rules, "before_body")).toBe("undecided");
    expect(phase(rules, "with_body")).toBe("allow");
    expect(asked).toEqual(["early", "late"]);
  });
});

describe("RFC 9470: step-up", () => {
  const authenticated = (acr: string | null, ageSeconds: number | null) => {
    const facts = decisionFacts();
    const authTimeSeconds = ageSeconds === null ? null : NOW_MS / 1000 - ageSeconds;
    return decisionFacts({ env: { ...facts.env, acr, authTimeSeconds } });
  };

  it.each<[string, readonly PolicyRule[], string | null, number | null, string]>([
    ["an allow holds with the acr", [allow(TRUE, { stepUp: MFA })], "mfa", null, "allow"],
    ["another acr is not enough", [allow(TRUE, { stepUp: MFA })], "pwd", null, "step_up"],
    ["no acr is not enough", [allow(TRUE, { stepUp: MFA })], null, null, "step_up"],
    [
      "it is not asked for where the rule is false anyway",
      [allow(FALSE, { stepUp: MFA })],
      null,
      null,
      "no_rule_allows",
    ],
    ["another allow needs none", [allow(TRUE, { stepUp: MFA }), allow(TRUE)], null, null, "allow"],
    ["fresh enough", [allow(TRUE, { stepUp: FRESH })], null, 300, "allow"],
    ["a second too old", [allow(TRUE, { stepUp: FRESH })], null, 301, "step_up"],
    ["of unknown age", [allow(TRUE, { stepUp: FRESH })], null, null, "step_up"],
    ["a clock a little ahead of ours", [allow(TRUE, { stepUp: FRESH })], null, -60, "allow"],
    ["an age that lies in the future", [allow(TRUE, { stepUp: FRESH })], null, -61, "step_up"],
    ["a deny stands until it is met", [allow(TRUE), deny(TRUE, { stepUp: MFA })], "pwd", null, "step_up"],
    ["and falls once it is", [allow(TRUE), deny(TRUE, { stepUp: MFA })], "mfa", null, "allow"],
    [
      "nobody steps up for what is denied anyway",
      [deny(TRUE), deny(TRUE, { id: "d2", stepUp: MFA })],
      null,
      null,
      "rule_denied",
    ],
    ["nor for what fails anyway", [allow(ERROR), deny(TRUE, { stepUp: MFA })], null, null, "rule_failed"],
  ])("%s", (_, rules, acr, age, expected) => {
    expect(brief(whole(rules, authenticated(acr, age)))).toBe(expected);
  });

  it("asks once for what all denies ask, and for what one allow asks", () => {
    const both = whole([allow(TRUE), deny(TRUE, { stepUp: MFA }), deny(TRUE, { id: "d2", stepUp: FRESH })]);
    expect(both).toMatchObject({ rules: ["d2", "deny"], stepUp: { acrValues: ["mfa"], maxAgeSeconds: 300 } });
    const either = whole([allow(TRUE, { id: "b", stepUp: FRESH }), allow(TRUE, { id: "a", stepUp: MFA })]);
    expect(either).toMatchObject({ stepUp: MFA });
  });
});

describe("the trace", () => {
  it("holds every permission and rule, those in shadow and those that decided nothing", () => {
    const failed = { condition: "a == b", values: [{ name: "a", value: 1 }] };
    const rules = [
      allow(TRUE, { stepUp: MFA }),
      allow(FALSE, { id: "off", expression: { evaluate: () => FALSE, failedCondition: () => failed } }),
      deny(ERROR, { mode: "shadow" }),
      deny(TRUE, { id: "late", needsBody: true }),
    ];
    const policy = actionPolicy(rules, ["document:read"]);
    const trace = traceAction(policy, decisionFacts(), "before_body");
    expect(trace.permissions).toEqual([{ permission: "document:read", held: false }]);
    expect(
      trace.rules.map(({ id, value, steppedUp, error, failed: why }) => [id, value, steppedUp, error, why]),
    ).toEqual([
      ["allow", "true", false, null, null],
      ["off", "false", null, null, failed],
      ["deny", "error", null, "no such key: department", null],
      ["late", "not_now", null, null, null],
    ]);
  });
});
