import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { PolicyRule, RuleOutcome } from "../../../src/policy/action_policy.ts";
import { type DecisionStep, decideAction } from "../../../src/policy/decide_action.ts";
import { outcomeOf } from "../../../src/policy/rule_outcome.ts";
import { traceAction } from "../../../src/policy/trace_action.ts";
import { actionPolicy, decisionFacts, ruleOf } from "../../support/decisions.ts";

const check = { object: { type: "document", id: "1" }, relation: "viewer", subject: { type: "user", id: "usr_1" } };
const outcome = fc.constantFrom<RuleOutcome>(
  { kind: "true" },
  { kind: "true" },
  { kind: "false" },
  { kind: "error", message: "failed" },
  { kind: "wants", checks: [check] },
);
const stepUp = fc.constantFrom(
  null,
  null,
  { acrValues: ["mfa"], maxAgeSeconds: null },
  { acrValues: ["hwk", "mfa"], maxAgeSeconds: 60 },
  { acrValues: ["pwd"], maxAgeSeconds: null },
);
const rule = (effect: fc.Arbitrary<"allow" | "deny">) =>
  fc
    .record({
      outcome,
      stepUp,
      effect,
      mode: fc.constantFrom("live", "live", "shadow"),
      needsBody: fc.boolean(),
      needsResource: fc.boolean(),
      neverFails: fc.boolean(),
    })
    .map(({ outcome: result, ...changes }) =>
      // What cannot fail does not.
      ruleOf(result, {
        ...changes,
        neverFails: changes.neverFails && !changes.needsResource && result.kind !== "error",
      } as Partial<PolicyRule>),
    );
const rules = fc
  .array(rule(fc.constantFrom("allow", "deny")), { maxLength: 8 })
  .map((list) => list.map((one, index) => ({ ...one, id: `r${index}` })));
const phase = fc.constantFrom("before_body" as const, "with_body" as const, "whole" as const);
const facts = fc.tuple(fc.constantFrom("pwd", "mfa", null), fc.boolean()).map(([acr, hasResource]) => {
  const { env, resource } = decisionFacts();
  return decisionFacts({ env: { ...env, acr }, body: {}, resource: hasResource ? resource : null });
});

const SHUFFLED = rules.chain((list) =>
  fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length, maxLength: list.length })),
);

/** All of a step but the choice of one allow rule among several, and the order of questions. */
function verdict(step: DecisionStep): unknown {
  if (step.kind === "wants") return { wants: new Set(step.checks) };
  return step.kind === "decided" && step.effect === "allow" ? "allow" : step;
}

const isAllowed = (step: DecisionStep) => step.kind === "decided" && step.effect === "allow";

it("the order of the rules never changes a verdict", () => {
  fc.assert(
    fc.property(SHUFFLED, facts, phase, ([list, shuffled], at, when) => {
      const first = decideAction(actionPolicy(list), at, when);
      expect(verdict(decideAction(actionPolicy(shuffled), at, when))).toEqual(verdict(first));
    }),
    { numRuns: 1_000 },
  );
});

it("a deny always wins", () => {
  const always = ruleOf({ kind: "true" }, { id: "deny", effect: "deny" });
  fc.assert(
    fc.property(rules, facts, fc.nat(8), (list, at, index) => {
      const step = decideAction(actionPolicy(list.toSpliced(index, 0, always)), at, "whole");
      expect(step).toMatchObject({ kind: "decided", effect: "deny", because: "rule_denied" });
    }),
  );
});

it("adding an allow that does not fail never removes access", () => {
  const added = rule(fc.constant("allow" as const));
  fc.assert(
    fc.property(rules, added, facts, fc.nat(8), (list, more, at, index) => {
      // Where permissions alone let the call pass, the first rule takes over from them: that is said in docs/decisions.md.
      fc.pre(list.some(({ mode }) => mode === "live"));
      fc.pre(["true", "false"].includes(outcomeOf(more, at).kind));
      if (!isAllowed(decideAction(actionPolicy(list), at, "whole"))) return;
      const larger = list.toSpliced(index, 0, { ...more, id: "added" });
      expect(isAllowed(decideAction(actionPolicy(larger), at, "whole"))).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});

it("a live rule that fails always denies, if it has a say", () => {
  fc.assert(
    fc.property(
      rules,
      facts,
      fc.constantFrom("allow" as const, "deny" as const),
      fc.nat(8),
      (list, at, effect, index) => {
        const failing = ruleOf({ kind: "error", message: "failed" }, { id: "failing", effect });
        const step = decideAction(actionPolicy(list.toSpliced(index, 0, failing)), at, "whole");
        expect(step).toMatchObject({ kind: "decided", effect: "deny" });
      },
    ),
  );
});

it("two phases come to the same as one, and a trace changes nothing", () => {
  fc.assert(
    fc.property(rules, facts, (list, at) => {
      const policy = actionPolicy(list);
      const whole = decideAction(policy, at, "whole");
      const before = decideAction(policy, at, "before_body");
      const phased = before.kind === "undecided" ? decideAction(policy, at, "with_body") : before;
      // What denies early may be another rule than the one that the body would have brought up; whether it denies is the same.
      if (phased.kind !== "wants") expect(isAllowed(phased)).toBe(isAllowed(whole));
      traceAction(policy, at, "whole");
      expect(decideAction(policy, at, "whole")).toEqual(whole);
    }),
    { numRuns: 1_000 },
  );
});
