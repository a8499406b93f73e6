import type { ActionPolicy } from "../../policy/action_policy.ts";
import type { DecisionFacts, EnvironmentFacts, ResourceFacts, SubjectFacts } from "../../policy/decision_facts.ts";
import { refText } from "../../policy/relations/terms.ts";
import type { KnownSubject } from "../../ports/known_subjects.ts";
import type { MetadataAnswer } from "../../ports/resource_metadata.ts";
import type { Question } from "../../protocol/authzen/question.ts";
import { answerOn } from "../resource_attributes.ts";
import type { RouteMetadata } from "../route_action.ts";
import { askedEnvironment } from "./asked_environment.ts";
import { askedResource, isInReach, tenantOfResource } from "./asked_resource.ts";
import { askedSubject, type SubjectKind, subjectKind } from "./asked_subject.ts";
import type { Asking, CallerTerms, DecisionPoint, EvaluationReason, ResourceType } from "./decision_point.ts";
import { inTurns } from "./in_turns.ts";

/** Nobody has a longer id: it is not looked for. In UTF-16 units. */
const MAX_ID = 256;

/** A question whose facts are there, but for relations. */
export interface Prepared {
  readonly policy: ActionPolicy;
  readonly facts: Omit<DecisionFacts, "relations">;
  readonly subject: KnownSubject;
}

export type DenialReason = Exclude<EvaluationReason, "allowed">;

/**
 * What each of `questions` is decided by, or why it is denied without a decision. Subjects are looked up together, each once; then the origins are asked about
 * resources, each once, and about none that is denied whatever they say. Throws `Outage`.
 */
export async function prepare(
  questions: readonly Question[],
  point: DecisionPoint,
  asking: Asking,
): Promise<readonly (Prepared | DenialReason)[]> {
  const known = await knownSubjects(questions, point);
  const drafts = questions.map((question) => draft(question, known, point, asking));
  const told = await toldByOrigins(drafts, asking);
  return drafts.map((one) =>
    typeof one === "string" ? one : completed(one, one.origin && told.get(refText(one.about)), point, asking),
  );
}

/** What a question says by itself. */
interface Draft {
  readonly question: Question;
  readonly terms: CallerTerms | null;
  readonly type: ResourceType;
  readonly policy: ActionPolicy;
  /** With the attributes that the caller may say. */
  readonly about: ResourceFacts;
  readonly env: EnvironmentFacts;
  readonly subject: KnownSubject;
  /** With the roles that count everywhere. */
  readonly principal: SubjectFacts;
  /** Who has to be asked about the resource; null for nobody. */
  readonly origin: RouteMetadata | null;
}

function draft(
  question: Question,
  known: Known,
  point: DecisionPoint,
  { callerId, call, book }: Asking,
): Draft | DenialReason {
  const { subject: asked, action, resource, context } = question;
  const terms = point.callers.get(callerId) ?? null;
  const type = point.types.get(resource.type);
  if (type === undefined) return "resource_unknown";
  const policy = type.actions.get(action.name);
  if (policy === undefined) return "action_unknown";
  const about = askedResource(resource, type);
  if (about === null) return "resource_malformed";
  if (terms?.resourceTypes?.has(resource.type) === false) return "out_of_reach";
  const env = askedEnvironment(context, point.believes, call.nowMs);
  if (env === null) return "context_malformed";
  const subject = known.get(refText(asked));
  if (subject === undefined) return "subject_unknown";
  const principal = askedSubject(subject, asked.properties, terms, null, book, point);
  if (principal === null) return "subject_malformed";
  const isRuledOut =
    type.tenant === null && !policy.permissions.every((permission) => principal.permissions.has(permission));
  const origin = isRuledOut ? null : (type.metadata.get(action.name) ?? null);
  return { question, terms, type, policy, about, env, subject, principal, origin };
}

/** What the origins of the resources that `drafts` are about tell of them, by type and id. */
async function toldByOrigins(
  drafts: readonly (Draft | DenialReason)[],
  asking: Asking,
): Promise<ReadonlyMap<string, MetadataAnswer>> {
  const asked = new Map<string, { readonly id: string; readonly origin: RouteMetadata }>();
  for (const one of drafts) {
    if (typeof one === "string" || one.origin === null) continue;
    asked.set(refText(one.about), { id: one.about.id, origin: one.origin });
  }
  const told = await inTurns(
    [...asked],
    asking,
    async ([name, { id, origin }]) => [name, await answerOn(id, origin, asking.call)] as const,
  );
  return new Map(told);
}

function completed(
  { question, terms, type, policy, about, env, subject, principal }: Draft,
  told: MetadataAnswer | null | undefined,
  point: DecisionPoint,
  { book }: Asking,
): Prepared | DenialReason {
  const { action } = question;
  // What the origin tells is no attribute that the caller may say: neither ever stands in for the other.
  const resource =
    told?.kind === "found" ? { ...about, attributes: { ...about.attributes, ...told.attributes } } : about;
  const tenant = tenantOfResource(resource, type);
  // Whoever is kept to tenants is not told what there is of others.
  if (!isInReach(terms, about.type, tenant)) return "out_of_reach";
  if (told?.kind === "absent") return "resource_absent";
  const acting =
    tenant === null ? principal : askedSubject(subject, question.subject.properties, terms, tenant, book, point);
  if (acting === null) return "subject_malformed";
  const id = `${about.type}:${action.name}`;
  return {
    policy,
    subject,
    // What a call of the gate has in its body stands among an action's properties here: what is to be done, in detail.
    facts: {
      principal: acting,
      resource,
      action: { type: about.type, name: action.name, id },
      env,
      body: action.properties,
    },
  };
}

type Known = ReadonlyMap<string, KnownSubject>;

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
        if (subject?.kind === kind && subject.id === id) known.set(refText({ type: kind, id }), subject);
      }
    }),
  );
  return known;
}
