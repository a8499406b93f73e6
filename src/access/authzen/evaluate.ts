import type { ActionPolicy } from "../../policy/action_policy.ts";
import { type ActionDecision, decideAction } from "../../policy/decide_action.ts";
import { type DecisionFacts, NO_RELATIONS, type RelationCheck } from "../../policy/decision_facts.ts";
import type { KnownSubject } from "../../ports/known_subjects.ts";
import type { Entity, Question } from "../../protocol/authzen/question.ts";
import { isPermittedOutside } from "../external_say.ts";
import type { FetchedRelations } from "../route_action.ts";
import { askedEnvironment } from "./asked_environment.ts";
import { askedResource, isInReach, tenantOfResource } from "./asked_resource.ts";
import { askedSubject, type SubjectKind, subjectKind } from "./asked_subject.ts";
import type { Asking, DecisionPoint, Evaluation, EvaluationReason } from "./decision_point.ts";

/** So often more relations are fetched because of those that were: a question that needs more of them is denied. */
const MAX_ROUNDS = 8;
/** Nobody has a longer id: it is not looked for. In UTF-16 units. */
const MAX_ID = 256;
/** As many connections as a Worker has beside each other. */
const ASKED_AT_ONCE = 6;

/**
 * The answers to `questions`, in their order, all as of one moment. What several of them need is fetched together. Throws `Outage`: what cannot
 * be known is never answered.
 */
export async function evaluate(
  questions: readonly Question[],
  point: DecisionPoint,
  asking: Asking,
): Promise<readonly Evaluation[]> {
  const known = await knownSubjects(questions, point);
  const { nowMs, defer } = asking.call;
  const relationCall = { nowMs, defer, view: asking.view, atLeast: 0 };
  const relations = new Map<KnownSubject, FetchedRelations>();
  const pending = questions.map((question): Evaluation | Pending => {
    const ready = prepare(question, known, point, asking);
    if (typeof ready === "string") return refused(ready);
    const { principal } = ready.facts;
    const asked = relations.get(ready.subject) ?? point.relations?.(principal, relationCall) ?? null;
    if (asked !== null) relations.set(ready.subject, asked);
    const facts = { ...ready.facts, relations: asked ?? NO_RELATIONS };
    return { policy: ready.policy, facts, relations: asked };
  });
  return asOthersSay(await settle(pending), pending, point, asking);
}

/** What our policy allows, where others have a say in the action: a few are asked beside each other, so that none waits for its turn within its deadline. */
async function asOthersSay(
  evaluations: readonly Evaluation[],
  pending: readonly (Evaluation | Pending)[],
  { external }: DecisionPoint,
  { call }: Asking,
): Promise<readonly Evaluation[]> {
  const said: Evaluation[] = [];
  const join = async (evaluation: Evaluation, asked: Evaluation | Pending | undefined): Promise<Evaluation> => {
    if (!evaluation.decision || asked === undefined || !isPending(asked)) return evaluation;
    const say = external.get(asked.facts.action.id);
    if (say === undefined || (await isPermittedOutside(say, [asked.facts], call))) return evaluation;
    return { ...evaluation, decision: false, because: "external_denied" };
  };
  if (external.size === 0) return evaluations;
  for (let from = 0; from < evaluations.length; from += ASKED_AT_ONCE) {
    const some = evaluations.slice(from, from + ASKED_AT_ONCE);
    said.push(...(await Promise.all(some.map((evaluation, at) => join(evaluation, pending[from + at])))));
  }
  return said;
}

/** A question whose facts are there. */
interface Pending {
  readonly policy: ActionPolicy;
  readonly facts: DecisionFacts;
  /** Null where there are none. */
  readonly relations: FetchedRelations | null;
}

type Known = ReadonlyMap<string, KnownSubject>;
type DenialReason = Exclude<EvaluationReason, "allowed">;

/** What a question cannot be decided without, or why it is not. */
function prepare(
  { subject, action, resource, context }: Question,
  known: Known,
  point: DecisionPoint,
  { callerId, call, book }: Asking,
):
  | { readonly policy: ActionPolicy; readonly facts: Omit<DecisionFacts, "relations">; readonly subject: KnownSubject }
  | DenialReason {
  const terms = point.callers.get(callerId) ?? null;
  const type = point.types.get(resource.type);
  if (type === undefined) return "resource_unknown";
  const policy = type.actions.get(action.name);
  if (policy === undefined) return "action_unknown";
  const about = askedResource(resource, type);
  if (about === null) return "resource_malformed";
  const tenant = tenantOfResource(about, type);
  if (!isInReach(terms, resource.type, tenant)) return "out_of_reach";
  const env = askedEnvironment(context, point.believes, call.nowMs);
  if (env === null) return "context_malformed";
  const somebody = known.get(nameOf(subject));
  if (somebody === undefined) return "subject_unknown";
  const principal = askedSubject(somebody, subject.properties, terms, tenant, book, point);
  if (principal === null) return "subject_malformed";
  const id = `${resource.type}:${action.name}`;
  return {
    policy,
    subject: somebody,
    // What a call of the gate has in its body stands among an action's properties here: what is to be done, in detail.
    facts: {
      principal,
      resource: about,
      action: { type: resource.type, name: action.name, id },
      env,
      body: action.properties,
    },
  };
}

/** Each of the subjects that are asked about, looked up once. */
async function knownSubjects(questions: readonly Question[], { subjects }: DecisionPoint): Promise<Known> {
  const asked = new Map<SubjectKind, Set<string>>();
  for (const { subject } of questions) {
    const kind = subjectKind(subject.type);
    if (kind !== null && subject.id.length <= MAX_ID) asked.set(kind, (asked.get(kind) ?? new Set()).add(subject.id));
  }
  const known = new Map<string, KnownSubject>();
  await Promise.all(
    [...asked].map(async ([kind, ids]) => {
      const names = [...ids];
      const found = await subjects.find(kind, names);
      for (const [at, id] of names.entries()) {
        const subject = found[at] ?? null;
        // Whoever answers for another than was asked about answers for nobody.
        if (subject?.kind === kind && subject.id === id) known.set(nameOf({ type: kind, id }), subject);
      }
    }),
  );
  return known;
}

function nameOf({ type, id }: Pick<Entity, "type" | "id">): string {
  return `${type}:${id}`;
}

/** Decides on all of them, round by round: what they lack of relations is fetched together, one question for each subject. */
async function settle(pending: readonly (Evaluation | Pending)[]): Promise<readonly Evaluation[]> {
  let all = pending;
  for (let round = 0; ; round++) {
    const wanted = new Map<FetchedRelations, RelationCheck[]>();
    all = all.map((one) => (isPending(one) ? step(one, round < MAX_ROUNDS, wanted) : one));
    if (wanted.size === 0) return all.flatMap((one) => (isPending(one) ? [] : [one]));
    await Promise.all([...wanted].map(([relations, checks]) => relations.resolve(checks)));
  }
}

function isPending(one: Evaluation | Pending): one is Pending {
  return "policy" in one;
}

function step(
  pending: Pending,
  mayFetch: boolean,
  wanted: Map<FetchedRelations, RelationCheck[]>,
): Evaluation | Pending {
  const { policy, facts, relations } = pending;
  const decided = decideAction(policy, facts, "whole");
  switch (decided.kind) {
    case "decided":
      return evaluated(decided);
    case "undecided":
      throw new Error("a decision on the whole is left undecided");
    case "wants":
      if (relations === null || !mayFetch) return refused("rule_failed");
      wanted.set(relations, [...(wanted.get(relations) ?? []), ...decided.checks]);
      return pending;
  }
}

function evaluated(decided: ActionDecision): Evaluation {
  if (decided.effect === "allow") return { decision: true, because: "allowed", rules: decided.rules, stepUp: null };
  return { decision: false, because: decided.because, rules: decided.rules, stepUp: decided.stepUp };
}

/** A question that no rule was asked about. */
export function refused(because: DenialReason): Evaluation {
  return { decision: false, because, rules: [], stepUp: null };
}
