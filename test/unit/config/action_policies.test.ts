import { describe, expect, it } from "vitest";
import { actionPolicies } from "../../../src/compose/policy.ts";
import { compileConfig } from "../../../src/config/compile.ts";
import { bodyRules } from "../../../src/config/policy_rules.ts";
import { type DecisionStep, decideAction } from "../../../src/policy/decide_action.ts";
import type { DecisionFacts } from "../../../src/policy/decision_facts.ts";
import { traceAction } from "../../../src/policy/trace_action.ts";
import { changed } from "../../support/changed_config.ts";
import { decisionFacts } from "../../support/decisions.ts";

/* The examples of docs/decisions.md, from the configuration to the verdict. */

const POLICY = {
  principal: { department: "string" },
  resources: {
    order: {
      attributes: { department: "string", amount: "int" },
      actions: { approve: { permissions: ["order:approve"] }, list: {} },
    },
    document: { attributes: { owner: "string", folder: "string" }, actions: { read: {}, update: {} } },
  },
  relations: { folder: { viewer: "[user]" }, document: { viewer: "[user]" } },
  rules: [
    {
      id: "managers-in-office-hours",
      effect: "allow",
      when: '"manager" in principal.roles && principal.department == resource.department && env.time.getDayOfWeek("Europe/Berlin") in [1, 2, 3, 4, 5] && env.time.getHours("Europe/Berlin") >= 9 && env.time.getHours("Europe/Berlin") < 17',
      on: ["order:approve"],
    },
    {
      id: "large-orders",
      effect: "deny",
      when: "resource.amount > 10000",
      on: ["order:approve"],
      stepUp: { acrValues: ["mfa"], maxAgeSeconds: 300 },
    },
    { id: "owners", effect: "allow", when: "resource.owner == principal.id", on: ["document:*"] },
    {
      id: "viewers",
      effect: "allow",
      when: 'can(principal, "viewer", resource) || can(principal, "viewer", object("folder", resource.folder))',
      on: ["document:read"],
    },
    { id: "no-long-titles", effect: "deny", when: "request.body.title.size() > 10", on: ["document:update"] },
    {
      id: "trial",
      effect: "deny",
      when: "true",
      on: ["document:read"],
      stepUp: { acrValues: ["mfa"] },
      mode: "shadow",
    },
  ],
};

function policies() {
  const compiled = compileConfig(changed((config) => Object.assign(config, { policy: POLICY })));
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  return { all: actionPolicies(compiled.value), config: compiled.value };
}

const { all, config } = policies();

function decide(action: string, facts: DecisionFacts): DecisionStep {
  const policy = all.get(action);
  if (policy === undefined) throw new Error(action);
  return decideAction(policy, facts, "whole");
}

const MANAGER = {
  ...decisionFacts().principal,
  roles: ["manager"],
  permissions: new Set(["order:approve"]),
  attributes: { department: "sales" },
};
const ORDER = { type: "order", id: "1", attributes: { department: "sales", amount: 10 } };
/** A Tuesday, half past ten in Berlin. */
const { env: TUESDAY } = decisionFacts();

describe("a manager approves orders of their own department in office hours", () => {
  const approve = (changes: Partial<DecisionFacts>) =>
    decide("order:approve", decisionFacts({ principal: MANAGER, resource: ORDER, ...changes }));
  const at = (text: string) => ({ env: { ...TUESDAY, nowMs: Date.parse(text) } });

  it.each<[string, Partial<DecisionFacts>, object]>([
    ["so it is", {}, { effect: "allow", rules: ["managers-in-office-hours"] }],
    [
      "another department",
      { resource: { ...ORDER, attributes: { department: "it", amount: 1 } } },
      { because: "no_rule_allows" },
    ],
    ["no manager", { principal: { ...MANAGER, roles: [] } }, { because: "no_rule_allows" }],
    [
      "nobody knows the department",
      { principal: { ...MANAGER, attributes: {} } },
      { because: "rule_failed", rules: ["managers-in-office-hours"] },
    ],
    ["nobody knows the order", { resource: { ...ORDER, attributes: {} } }, { because: "rule_failed" }],
    ["about no order", { resource: null }, { because: "rule_failed" }],
    [
      "without the permission",
      { principal: { ...MANAGER, permissions: new Set() } },
      { because: "permission_missing", missingPermissions: ["order:approve"] },
    ],
    ["on a Sunday", at("2026-03-01T10:00:00Z"), { because: "no_rule_allows" }],
    ["a minute early", at("2026-03-03T07:59:59Z"), { because: "no_rule_allows" }],
    ["at nine", at("2026-03-03T08:00:00Z"), { effect: "allow" }],
    ["at five", at("2026-03-03T16:00:00Z"), { because: "no_rule_allows" }],
    ["in summer an hour earlier", at("2026-07-07T07:00:00Z"), { effect: "allow" }],
    [
      "a large order",
      { resource: { ...ORDER, attributes: { department: "sales", amount: 10_001 } } },
      { because: "step_up", rules: ["large-orders"], stepUp: { acrValues: ["mfa"], maxAgeSeconds: 300 } },
    ],
    [
      "a large order, freshly authenticated",
      {
        resource: { ...ORDER, attributes: { department: "sales", amount: 10_001 } },
        env: { ...TUESDAY, acr: "mfa", authTimeSeconds: TUESDAY.nowMs / 1000 - 10 },
      },
      { effect: "allow" },
    ],
  ])("%s", (_, changes, expected) => {
    expect(approve(changes)).toMatchObject({ kind: "decided", ...expected });
  });
});

describe("documents", () => {
  const person = { ...decisionFacts().principal, issuer: config.issuer.url };
  const document = (changes: Partial<DecisionFacts> = {}) =>
    decisionFacts({
      principal: person,
      resource: { type: "document", id: "1", attributes: { owner: "usr_2", folder: "7" } },
      ...changes,
    });

  it("are read by their owner and by those whom a relation names", () => {
    const own = document({
      resource: { type: "document", id: "1", attributes: { owner: "usr_1", folder: "7" } },
      relations: { known: () => false },
    });
    expect(decide("document:read", own)).toMatchObject({ effect: "allow", rules: ["owners"] });
    expect(
      decide("document:read", document({ relations: { known: ({ object }) => object.type === "folder" } })),
    ).toMatchObject({ effect: "allow", rules: ["viewers"] });
    expect(decide("document:read", document({ relations: { known: () => false } }))).toMatchObject({
      because: "no_rule_allows",
    });
  });

  it("are not read by somebody of another issuer who is called as their owner is", () => {
    const resource = { type: "document", id: "1", attributes: { owner: "usr_1", folder: "7" } };
    const principal = { ...person, issuer: "https://other.test" };
    const step = decide("document:read", document({ resource, principal, relations: { known: () => false } }));
    expect(step).toMatchObject({ because: "no_rule_allows" });
  });

  it("ask for relations that are not in memory, all at once", () => {
    const step = decide("document:read", document());
    expect(step.kind === "wants" && step.checks.map(({ object }) => object.type)).toEqual(["document", "folder"]);
  });

  it("wait for the body where a rule names it", () => {
    expect(bodyRules(config, "document:update")).toEqual(["no-long-titles"]);
    expect(bodyRules(config, "document:read")).toEqual([]);
    const policy = all.get("document:update");
    if (policy === undefined) throw new Error("no policy");
    const own = { resource: { type: "document", id: "1", attributes: { owner: "usr_1", folder: "7" } } };
    expect(decideAction(policy, document(own), "before_body")).toEqual({ kind: "undecided" });
    expect(decideAction(policy, document({ ...own, body: { title: "short" } }), "with_body")).toMatchObject({
      effect: "allow",
    });
    expect(decideAction(policy, document({ ...own, body: { title: "rather a long one" } }), "with_body")).toMatchObject(
      { because: "rule_denied" },
    );
  });

  it("the trace says what each rule came to, and why it was false", () => {
    const policy = all.get("document:read");
    if (policy === undefined) throw new Error("no policy");
    const trace = traceAction(policy, document({ relations: { known: () => false } }), "whole");
    expect(trace.rules).toMatchObject([
      {
        id: "owners",
        value: "false",
        failed: {
          condition: "resource.owner == principal.id",
          values: [
            { name: "resource.owner", value: "usr_2" },
            { name: "principal.id", value: "usr_1" },
          ],
        },
      },
      { id: "viewers", value: "false", failed: { values: [{ name: "resource.folder", value: "7" }] } },
      { id: "trial", value: "true", mode: "shadow", steppedUp: false },
    ]);
  });
});

it("an action without rules is decided by its permissions, and one without either by whoever asks", () => {
  expect(decide("order:list", decisionFacts())).toMatchObject({ because: "no_rule_allows" });
  expect(all.get("order:list")).toEqual({ id: "order:list", permissions: [], rules: [] });
});
