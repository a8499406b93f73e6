import type { Asking, AttributeReader, DecisionPoint, ResourceType } from "../../src/access/authzen/decision_point.ts";
import { CallRelations } from "../../src/access/call_relations.ts";
import type { RelationsOfCall } from "../../src/access/route_action.ts";
import type { PolicyRule, RuleOutcome } from "../../src/policy/action_policy.ts";
import type { DecisionFacts, RelationCheck } from "../../src/policy/decision_facts.ts";
import { tupleText } from "../../src/policy/relations/terms.ts";
import { RoleBook } from "../../src/policy/role_book.ts";
import type { KnownSubject } from "../../src/ports/known_subjects.ts";
import type { RelationFacts } from "../../src/ports/relation_facts.ts";
import type { Question } from "../../src/protocol/authzen/question.ts";
import { actionPolicy, NOW_MS, ruleOf } from "./decisions.ts";

export const OWN_ISSUER = "https://issuer.test";
export const NO_REVOCATIONS: Asking["view"] = { leastEpoch: () => 0 };

export const text: AttributeReader = (value) => (typeof value === "string" ? value : null);

/** A rule whose condition is a function of the facts; what it throws is a rule that fails. */
export function ruleBy(
  id: string,
  effect: PolicyRule["effect"],
  when: (facts: DecisionFacts) => boolean | readonly RelationCheck[],
): PolicyRule {
  const evaluate = (facts: DecisionFacts): RuleOutcome => {
    try {
      const value = when(facts);
      if (typeof value !== "boolean") return { kind: "wants", checks: value };
      return { kind: value ? "true" : "false" };
    } catch (error) {
      return { kind: "error", message: String(error) };
    }
  };
  return { ...ruleOf({ kind: "true" }, { id, effect }), expression: { evaluate, failedCondition: () => null } };
}

/** Holds where the subject has `relation` to the resource. */
export function hasRelation(relation: string): (facts: DecisionFacts) => boolean | readonly RelationCheck[] {
  return ({ resource, principal, relations }) => {
    if (resource === null) throw new Error("no resource");
    const object = { type: resource.type, id: resource.id };
    const check = { object, relation, subject: { type: principal.kind, id: principal.id } };
    return relations.known(check) ?? [check];
  };
}

export function typeOf(
  actions: Readonly<Record<string, readonly PolicyRule[]>>,
  attributes: Readonly<Record<string, AttributeReader>> = {},
  tenant: string | null = null,
  metadata: ResourceType["metadata"] = new Map(),
): ResourceType {
  return {
    attributes: new Map(Object.entries(attributes)),
    metadata,
    tenant,
    actions: new Map(Object.entries(actions).map(([name, rules]) => [name, actionPolicy(rules)])),
  };
}

/** Relations that have to be fetched, each time anew; `calls` counts the questions. */
export class FetchedRelations implements RelationFacts {
  readonly #tuples: ReadonlySet<string>;
  readonly of: RelationsOfCall = (principal, call) => new CallRelations(this, call, principal, OWN_ISSUER);
  calls = 0;

  constructor(tuples: readonly string[]) {
    this.#tuples = new Set(tuples);
  }

  known(): undefined {
    return undefined;
  }

  async resolve(checks: readonly RelationCheck[]): Promise<readonly boolean[]> {
    this.calls += 1;
    return checks.map((check) => this.#tuples.has(tupleText(check)));
  }
}

export function knownUser(id: string, changes: Partial<KnownSubject> = {}): KnownSubject {
  return { kind: "user", id, scopes: [], roles: [], attributes: {}, ...changes };
}

const NOBODY = { ids: [], isLast: true, isWhole: true };

/** A decision point with `types` that knows `people`. */
export function decisionPoint(
  types: Readonly<Record<string, ResourceType>>,
  people: readonly KnownSubject[],
  changes: Partial<DecisionPoint> = {},
): DecisionPoint & { readonly lookups: string[][] } {
  const lookups: string[][] = [];
  return {
    types: new Map(Object.entries(types)),
    principal: new Map([["department", text]]),
    subjects: {
      find: async (kind, ids) => {
        lookups.push([kind, ...ids]);
        return ids.map((id) => people.find((one) => one.kind === kind && one.id === id) ?? null);
      },
    },
    external: new Map(),
    relations: null,
    candidates: { resources: async () => NOBODY, subjects: async () => NOBODY },
    ownIssuer: OWN_ISSUER,
    believes: new Set(["address"]),
    callers: new Map(),
    lookups,
    ...changes,
  };
}

export function asking(changes: Partial<Asking> = {}): Asking {
  const book = new RoleBook(1, [
    { id: "viewer", permissions: ["record:read"], includes: [] },
    { id: "admin", permissions: ["record:*"], includes: ["viewer"] },
  ]);
  return {
    callerId: "cli_pep",
    call: { nowMs: NOW_MS, defer: () => undefined },
    view: NO_REVOCATIONS,
    book,
    atLeast: 0,
    elapsedMs: () => 0,
    ...changes,
  };
}

/** A question in few words: `alice read record:1`. */
export function ask(words: string, changes: Partial<Question> = {}): Question {
  const [subject = "", name = "", resource = ""] = words.split(" ");
  const [type = "", id = ""] = resource.split(":");
  return {
    subject: { type: "user", id: subject, properties: {} },
    action: { name, properties: {} },
    resource: { type, id, properties: {} },
    context: {},
    ...changes,
  };
}
