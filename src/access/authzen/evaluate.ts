import type { ActionPolicy } from "../../policy/action_policy.ts";
import { type ActionDecision, decideAction } from "../../policy/decide_action.ts";
import { type DecisionFacts, NO_RELATIONS, type RelationCheck } from "../../policy/decision_facts.ts";
import type { KnownSubject } from "../../ports/known_subjects.ts";
import type { Question } from "../../protocol/authzen/question.ts";
import { isPermittedOutside } from "../external_say.ts";
import type { FetchedRelations } from "../route_action.ts";
import type { Asking, DecisionPoint, Evaluation } from "./decision_point.ts";
import { inTurns, notLate } from "./in_turns.ts";
import { type DenialReason, prepare } from "./prepare.ts";

/** So often more relations are fetched because of those that were: a question that needs more of them is denied. */
const MAX_ROUNDS = 8;

/**
 * The answers to `questions`, in their order, all as of one moment. What several of them need is fetched together. `unreached` where relations
 * cannot be had as of what the asker demands. Throws `Outage`: what cannot be known is never answered, nor what takes too long.
 */
export async function evaluate(
  questions: readonly Question[],
  point: DecisionPoint,
  asking: Asking,
): Promise<readonly Evaluation[] | "unreached"> {
  notLate(asking);
  const { nowMs, defer } = asking.call;
  const relationCall = { nowMs, defer, view: asking.view, atLeast: asking.atLeast };
  const relations = new Map<KnownSubject, FetchedRelations>();
  const pending = (await prepare(questions, point, asking)).map((ready): Evaluation | Pending => {
    if (typeof ready === "string") return refused(ready);
    const asked = relations.get(ready.subject) ?? point.relations?.(ready.facts.principal, relationCall) ?? null;
    if (asked !== null) relations.set(ready.subject, asked);
    const facts = { ...ready.facts, relations: asked ?? NO_RELATIONS };
    return { policy: ready.policy, facts, relations: asked };
  });
  const settled = await settle(pending, asking);
  return settled === "unreached" ? settled : asOthersSay(settled, pending, point, asking);
}

/** What our policy allows, where others have a say in the action. */
async function asOthersSay(
  evaluations: readonly Evaluation[],
  pending: readonly (Evaluation | Pending)[],
  { external }: DecisionPoint,
  asking: Asking,
): Promise<readonly Evaluation[]> {
  if (external.size === 0) return evaluations;
  return inTurns([...evaluations.entries()], asking, async ([at, evaluation]) => {
    const asked = pending[at];
    if (!evaluation.decision || asked === undefined || !isPending(asked)) return evaluation;
    const say = external.get(asked.facts.action.id);
    if (say === undefined || (await isPermittedOutside(say, [asked.facts], asking.call))) return evaluation;
    return { ...evaluation, decision: false, because: "external_denied" };
  });
}

/** A question whose facts are there. */
interface Pending {
  readonly policy: ActionPolicy;
  readonly facts: DecisionFacts;
  /** Null where there are none. */
  readonly relations: FetchedRelations | null;
}

/** Decides on all of them, round by round: what they lack of relations is fetched together, one question for each subject. */
async function settle(
  pending: readonly (Evaluation | Pending)[],
  asking: Asking,
): Promise<readonly Evaluation[] | "unreached"> {
  let all = pending;
  for (let round = 0; ; round++) {
    notLate(asking);
    const wanted = new Map<FetchedRelations, RelationCheck[]>();
    all = all.map((one) => (isPending(one) ? step(one, round < MAX_ROUNDS, wanted) : one));
    if (wanted.size === 0) return all.flatMap((one) => (isPending(one) ? [] : [one]));
    const fetched = await Promise.all([...wanted].map(([relations, checks]) => relations.resolve(checks)));
    if (fetched.includes("unreached")) return "unreached";
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
