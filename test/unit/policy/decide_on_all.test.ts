import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { ActionPolicy, PolicyRule, RuleOutcome } from "../../../src/policy/action_policy.ts";
import { decideAction } from "../../../src/policy/decide_action.ts";
import { decideOnAll } from "../../../src/policy/decide_on_all.ts";
import type { DecisionFacts } from "../../../src/policy/decision_facts.ts";
import { decisionFacts, ruleOf } from "../../support/decisions.ts";

type Word = "allow" | "deny" | "fail" | "wants" | "later" | "step_up" | "nothing";
const CHECK = { object: { type: "t", id: "1" }, relation: "r", subject: { type: "user", id: "u" } };
const TRUE: RuleOutcome = { kind: "true" };
const FALSE: RuleOutcome = { kind: "false" };

function rule(id: Word, effect: "allow" | "deny", outcome: RuleOutcome, more: Partial<PolicyRule> = {}): PolicyRule {
  const evaluate = (facts: DecisionFacts) => (facts.resource?.id === id ? outcome : FALSE);
  const expression = { evaluate, failedCondition: () => null };
  return ruleOf(FALSE, { id, effect, needsResource: true, expression, ...more });
}

const POLICY: ActionPolicy = {
  id: "t:a",
  permissions: [],
  rules: [
    rule("allow", "allow", TRUE),
    rule("deny", "deny", TRUE),
    rule("fail", "allow", { kind: "error", message: "x" }),
    rule("wants", "allow", { kind: "wants", checks: [CHECK] }),
    rule("later", "allow", TRUE, { needsBody: true, neverFails: true }),
    rule("step_up", "allow", TRUE, { stepUp: { acrValues: [], maxAgeSeconds: 60 } }),
  ],
};

function on(id: Word): DecisionFacts {
  return decisionFacts({
    resource: { type: "t", id, attributes: {} },
    action: { type: "t", name: "a", id: "t:a" },
  });
}

const word = fc.constantFrom<Word>("allow", "deny", "fail", "wants", "step_up", "nothing");
const verdict = (words: readonly Word[]) => {
  const step = decideOnAll(POLICY, words.map(on), "whole");
  return step.kind === "decided" ? (step.effect === "allow" ? "allow" : step.because) : step.kind;
};

it("several are allowed where each of them is, in whatever order", () => {
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 6 }), fc.nat(), (words, turn) => {
      const each = words.map((one) => decideAction(POLICY, on(one), "whole"));
      const all = each.every((step) => step.kind === "decided" && step.effect === "allow");
      expect(verdict(words) === "allow").toBe(all);
      const turned = words.map((_, at) => words[(at + turn) % words.length] ?? "nothing");
      expect(verdict(turned) === "allow").toBe(all);
    }),
  );
});

it.each<[readonly Word[], string]>([
  [["allow", "deny"], "rule_denied"],
  [["allow", "nothing"], "no_rule_allows"],
  [["wants", "deny"], "rule_denied"],
  [["step_up", "deny"], "rule_denied"],
  [["step_up", "wants"], "wants"],
  [["allow", "step_up"], "step_up"],
])("%j: what denies for good comes before what is fetched, and that before a sign-in", (words, expected) => {
  expect(verdict(words)).toBe(expected);
  expect(verdict(words.toReversed())).toBe(expected);
});

it.each<readonly [readonly Word[]]>([[["allow", "later"]], [["later", "allow", "later"]]])(
  "%j before the body: one that waits for it holds all up, and none is allowed without it",
  (words) => {
    expect(decideOnAll(POLICY, words.map(on), "before_body")).toEqual({ kind: "undecided" });
    expect(decideOnAll(POLICY, words.map(on), "whole")).toMatchObject({ effect: "allow" });
  },
);

it("a decision on nothing is a fault of ours, and no yes", () => {
  expect(() => decideOnAll(POLICY, [], "whole")).toThrow();
});
