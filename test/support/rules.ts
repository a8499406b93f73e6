import type { RuleOutcome } from "../../src/policy/action_policy.ts";
import type { AttributeValue, DecisionFacts } from "../../src/policy/decision_facts.ts";
import { type CompiledRule, RuleCompiler } from "../../src/rules/compile_rule.ts";
import type { RuleSchema } from "../../src/rules/rule_schema.ts";
import { decisionFacts } from "./decisions.ts";

export const OWN_ISSUER = "https://id.test";

export const RULE_SCHEMA: RuleSchema = {
  principal: {
    department: "string",
    clearance: "int",
    share: "double",
    active: "bool",
    since: "timestamp",
    groups: "list<string>",
    levels: "list<int>",
  },
  resources: new Map([
    ["document", { owner: "string", department: "string", level: "int", tags: "list<string>", folder: "string" }],
    ["folder", {}],
  ]),
  declaredRelations: (type) => new Set({ document: ["owner", "viewer"], folder: ["viewer"] }[type] ?? []),
  permissions: new Set(["document:read", "document:approve"]),
  ownIssuer: OWN_ISSUER,
};

/** The condition `source` about documents. Fails the test where it does not compile. */
export function compiled(source: string): CompiledRule {
  const result = new RuleCompiler(RULE_SCHEMA).compile(source, "document");
  if (!result.ok) throw new Error(result.error.join("; "));
  return result.value;
}

/** All that is wrong with `source`; nothing where it compiles. */
export function ruleFaults(source: string, type = "document"): readonly string[] {
  const result = new RuleCompiler(RULE_SCHEMA).compile(source, type);
  return result.ok ? [] : result.error;
}

export function outcome(source: string, facts: DecisionFacts): RuleOutcome {
  return compiled(source).expression.evaluate(facts);
}

type Attributes = Readonly<Record<string, AttributeValue>>;

/** Facts of a person's call about document 1. */
export function factsOf(
  principal: Attributes,
  resource: Attributes = {},
  changes: Partial<DecisionFacts> = {},
): DecisionFacts {
  const base = decisionFacts(changes);
  return {
    ...base,
    principal: { ...base.principal, attributes: principal },
    resource: base.resource === null ? null : { ...base.resource, attributes: resource },
  };
}
