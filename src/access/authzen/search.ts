import type { ActionPolicy } from "../../policy/action_policy.ts";
import { isRelationId } from "../../policy/relations/terms.ts";
import type { CandidatePage } from "../../ports/access_candidates.ts";
import type { Question } from "../../protocol/authzen/question.ts";
import type { SearchRequest } from "../../protocol/authzen/search_request.ts";
import { subjectKind } from "./asked_subject.ts";
import type { Asking, DecisionPoint } from "./decision_point.ts";
import { evaluate } from "./evaluate.ts";

/** Candidates that are decided on at once. */
const AT_ONCE = 50;
/** So long a search looks at more: what it found by then is its answer, and whoever wants more goes on from there. */
const ENOUGH_MS = 5_000;

/** Which part of a search is asked for. */
export interface SearchPart {
  /** The candidate that was looked at last; null for none yet. */
  readonly after: string | null;
  readonly limit: number;
  /** Candidates that are looked at for one answer: whoever wants more asks again. */
  readonly maxCandidates: number;
}

export interface Found {
  /** Ids, or names of actions. */
  readonly names: readonly string[];
  /** The candidate behind which the search goes on; undefined where it has ended. */
  readonly next: string | null | undefined;
  readonly looked: number;
  /** False where there may be others that no page has. */
  readonly isWhole: boolean;
}

const NOTHING: Found = { names: [], next: undefined, looked: 0, isWhole: true };

/** Where candidates come from, and what is asked of each. */
interface Search {
  readonly candidates: (after: string | null, limit: number) => Promise<CandidatePage>;
  readonly question: (candidate: string) => Question;
}

/**
 * Who, what, or which actions `search` is about that would be permitted (AuthZEN 1.0 §8): each candidate is decided on as a question of its own. A kind,
 * type or name that nobody knows finds nothing. An answer may hold fewer than `limit` although the search goes on. `unreached` as `evaluate`. Throws `Outage`.
 */
export async function search(
  asked: SearchRequest,
  part: SearchPart,
  point: DecisionPoint,
  asking: Asking,
): Promise<Found | "unreached"> {
  const prepared = prepare(asked, point);
  const reached = point.callers.get(asking.callerId)?.resourceTypes ?? null;
  if (prepared === null || reached?.has(typeSearched(asked)) === false) return NOTHING;
  if (part.limit === 0) return { ...NOTHING, next: part.after };
  const page = await prepared.candidates(part.after, part.maxCandidates);
  const names: string[] = [];
  let { after } = part;
  let looked = 0;
  while (looked < page.ids.length && names.length < part.limit && (looked === 0 || asking.elapsedMs() < ENOUGH_MS)) {
    const some = page.ids.slice(looked, looked + AT_ONCE);
    const evaluations = await evaluate(some.map(prepared.question), point, asking);
    if (evaluations === "unreached") return evaluations;
    // All are asked about one resource: whoever may not ask about it is not told how many there are either, by pages without anybody.
    if (asked.kind !== "resource" && evaluations.some(({ because }) => because === "out_of_reach")) return NOTHING;
    for (const [at, id] of some.entries()) {
      if (names.length === part.limit) break;
      looked += 1;
      after = id;
      if (evaluations[at]?.decision === true) names.push(id);
    }
  }
  const isOver = looked === page.ids.length && (page.isLast || looked === 0);
  return { names, next: isOver ? undefined : after, looked, isWhole: page.isWhole };
}

function typeSearched(asked: SearchRequest): string {
  return asked.kind === "resource" ? asked.type : asked.resource.type;
}

function prepare(asked: SearchRequest, point: DecisionPoint): Search | null {
  const { context } = asked;
  if (asked.kind === "action") {
    const { subject, resource } = asked;
    const names = [...(point.types.get(resource.type)?.actions.keys() ?? [])].sort();
    const question = (name: string) => ({ subject, action: { name, properties: {} }, resource, context });
    return { candidates: async (after, limit) => pageOf(names, after, limit), question };
  }
  const { candidates } = point;
  const { action, type } = asked;
  if (asked.kind === "subject") {
    const { resource } = asked;
    const kind = subjectKind(type);
    const policy = policyOn(resource.type, action.name, point);
    if (kind === null || policy === undefined) return null;
    return {
      candidates: (after, limit) => candidates.subjects(kind, resource, policy, after, limit),
      question: (id) => ({ subject: { type: kind, id, properties: {} }, action, resource, context }),
    };
  }
  const { subject } = asked;
  const isKnown = subjectKind(subject.type) !== null && policyOn(type, action.name, point) !== undefined;
  if (!isKnown || !isRelationId(subject.id)) return null;
  return {
    candidates: (after, limit) => candidates.resources(type, subject, after, limit),
    // What is said of the resource that is searched for would be said of each of them alike.
    question: (id) => ({ subject, action, resource: { type, id, properties: {} }, context }),
  };
}

function policyOn(type: string, action: string, { types }: DecisionPoint): ActionPolicy | undefined {
  return types.get(type)?.actions.get(action);
}

function pageOf(names: readonly string[], after: string | null, limit: number): CandidatePage {
  const behind = after === null ? names : names.filter((name) => name > after);
  return { ids: behind.slice(0, limit), isLast: behind.length <= limit, isWhole: true };
}
