import { describe, expect, it } from "vitest";
import { changed, faultsOf } from "../../support/changed_config.ts";

const RESOURCES = {
  document: {
    attributes: { owner: "string", department: "string" },
    actions: { read: {}, update: { permissions: ["document:update"] } },
  },
  folder: { attributes: { owner: "string" }, actions: { read: { permissions: ["folder:read"] } } },
};
const RULE = { id: "owners", effect: "allow", when: "resource.owner == principal.id", on: ["document:read"] };

type Json = Record<string, unknown>;

/** The faults of an installation with `policy`. */
function withPolicy(policy: Json): readonly string[] {
  return faultsOf(
    changed((config) => {
      config.policy = { principal: { department: "string", clearance: "int" }, resources: RESOURCES, ...policy };
    }),
  );
}

const withRule = (rule: Json, ...others: Json[]) => withPolicy({ rules: [{ ...RULE, ...rule }, ...others] });

describe("rules", () => {
  it.each<[string, Json]>([
    ["on one action", {}],
    ["on all of a type", { on: ["document:*"] }],
    ["on all", { on: ["*"], when: "resource.owner == principal.id" }],
    ["with a step-up", { stepUp: { acrValues: ["mfa"], maxAgeSeconds: 300 } }],
    ["that say `true`", { when: "true" }],
  ])("%s are right", (_, rule) => {
    expect(withRule(rule)).toEqual([]);
  });

  it("that deny until somebody steps up are right", () => {
    const stepUp = {
      id: "strong",
      effect: "deny",
      when: "true",
      on: ["document:read"],
      stepUp: { acrValues: ["mfa"] },
    };
    expect(withRule({}, stepUp)).toEqual([]);
  });

  it.each<[Json, string]>([
    [
      { when: 'principal.departmnt == "x"' },
      "policy.rules[0].when: `principal` has no `departmnt`; did you mean `department`?",
    ],
    [
      { on: ["document:raed"] },
      "policy.rules[0].on[0]: names nothing: there is no action `document:raed`; did you mean `document:read`?",
    ],
    [
      { on: ["documnt:*"] },
      "policy.rules[0].on[0]: names nothing: `documnt` is not among policy.resources; did you mean `document`?",
    ],
    [
      { on: ["document:*", "document:read"] },
      "policy.rules[0].on[1]: `document:read` is named by another entry already",
    ],
    [
      { on: ["document:read", "document:read"] },
      "policy.rules[0].on[1]: `document:read` is named by another entry already",
    ],
    [{ on: ["document:read", "*"] }, "policy.rules[0].on[0]: `document:read` is named by another entry already"],
    [{ stepUp: {} }, "policy.rules[0].stepUp: asks for nothing: name `acrValues` or `maxAgeSeconds`"],
    [{ when: "1 == 1" }, "policy.rules[0].when: is true for every call: write `true` if that is meant"],
    [
      { when: "principal.clearance > 1 && 1 > 2" },
      "policy.rules[0].when: is false for every call: the rule decides nothing",
    ],
    [{ when: "1 / 0 == 1" }, "policy.rules[0].when: has no value for any call: it always fails, and so denies"],
    [
      { on: ["*"], when: 'resource.department == "x"' },
      "policy.rules[0].when: for `folder`: `resource` of type `folder` has no `department`",
    ],
    [
      { on: ["*"], when: "resource.ownr == principal.id" },
      "policy.rules[0].when: for `document`: `resource` of type `document` has no `ownr`; did you mean `owner`?",
    ],
    [{ when: 'can(principal, "viewer", resource)' }, "policy.rules[0].when: `document` has no relation `viewer`"],
    [
      { when: 'permitted(principal, "document:updat")' },
      "policy.rules[0].when: there is no permission `document:updat`; did you mean `document:update`?",
    ],
  ])("%j", (rule, fault) => {
    expect(withRule(rule)).toContain(fault);
  });

  it.each<[string, Json, Json, string]>([
    ["two of one name", {}, { ...RULE, on: ["folder:read"] }, "policy.rules[1].id: two rules are called `owners`"],
    [
      "one that denies everybody",
      {},
      { ...RULE, id: "no", effect: "deny", when: "true" },
      "policy.rules[1].when: denies every call: leave the action out instead",
    ],
    [
      "an action that nobody gets to",
      {},
      { ...RULE, id: "no", effect: "deny", on: ["document:update"] },
      "policy.resources.document.actions.update: nobody gets to `document:update`: `no` may deny it, and no live rule allows it",
    ],
    [
      "an action that rules in shadow alone allow",
      { mode: "shadow" },
      { ...RULE, id: "no", effect: "deny" },
      "policy.resources.document.actions.read: nobody gets to `document:read`: `no` may deny it, and no live rule allows it",
    ],
  ])("%s", (_, first, second, fault) => {
    expect(withRule(first, second)).toEqual([fault]);
  });

  it("all faults are told at once, each with its place", () => {
    const faults = withPolicy({
      principal: { id: "string", constructor: "string", department: "string" },
      resources: { document: { attributes: { type: "string" }, actions: { read: { permissions: ["a:b", "a:b"] } } } },
      relations: { document: { viewer: "[usr]" } },
      rules: [
        { ...RULE, when: "principal.nothing == env.nowhere" },
        { ...RULE, when: "principal.id ==" },
      ],
    });
    expect(faults.map((fault) => fault.slice(0, fault.indexOf(": ")))).toEqual([
      "policy.principal.id",
      "policy.principal.constructor",
      "policy.resources.document.attributes.type",
      "policy.rules[0].when",
      "policy.rules[0].when",
      "policy.rules[1].when",
      "policy.rules[1].id",
      "policy.relations.document.viewer",
      "policy.resources.document.actions.read.permissions[1]",
    ]);
  });

  it("relations that are declared can be asked for", () => {
    const rules = [{ ...RULE, when: 'can(principal, "viewer", resource)' }];
    expect(withPolicy({ relations: { document: { viewer: "[user]" } }, rules })).toEqual([]);
  });

  it.each<[string, Json]>([
    ["a type that no attribute has", { principal: { a: "map" } }],
    ["an unknown member", { rules: [{ ...RULE, if: "true" }] }],
    ["a pattern of actions", { rules: [{ ...RULE, on: ["doc*"] }] }],
    ["no action", { rules: [{ ...RULE, on: [] }] }],
    ["too many rules", { rules: Array.from({ length: 501 }, (_, at) => ({ ...RULE, id: `r${at}` })) }],
    ["an `acr` that a challenge cannot say", { rules: [{ ...RULE, stepUp: { acrValues: ['a"b'] } }] }],
  ])("%s is no policy", (_, policy) => {
    expect(withPolicy(policy)).not.toEqual([]);
  });
});
