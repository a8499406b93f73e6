import type { ActionPolicy, PolicyRule, RuleOutcome } from "../../src/policy/action_policy.ts";
import { type DecisionFacts, NO_RELATIONS } from "../../src/policy/decision_facts.ts";

export const NOW_MS = Date.UTC(2026, 2, 3, 9, 30);

/** A call of a person about a document, whom nothing is known of but that. */
export function decisionFacts(changes: Partial<DecisionFacts> = {}): DecisionFacts {
  return {
    principal: {
      kind: "user",
      id: "usr_1",
      issuer: "https://id.test",
      clientId: "cli_1",
      scopes: [],
      roles: [],
      permissions: new Set(),
      tenant: null,
      attributes: {},
    },
    resource: { type: "document", id: "1", attributes: {} },
    action: { type: "document", name: "read", id: "document:read" },
    env: {
      nowMs: NOW_MS,
      address: null,
      country: null,
      asn: null,
      tlsVersion: null,
      deviceType: null,
      clientType: null,
      authTimeSeconds: null,
      acr: null,
      amr: [],
    },
    body: undefined,
    relations: NO_RELATIONS,
    ...changes,
  };
}

/** A rule whose condition comes to `outcome`, whatever the facts. */
export function ruleOf(outcome: RuleOutcome, changes: Partial<PolicyRule> = {}): PolicyRule {
  return {
    id: "rule",
    effect: "allow",
    mode: "live",
    stepUp: null,
    needsBody: false,
    needsResource: false,
    neverFails: false,
    expression: { evaluate: () => outcome, failedCondition: () => null },
    source: outcome.kind,
    ...changes,
  };
}

export function actionPolicy(rules: readonly PolicyRule[], permissions: readonly string[] = []): ActionPolicy {
  return { id: "document:read", permissions, rules };
}
