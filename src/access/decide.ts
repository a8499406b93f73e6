import { onceThere } from "../kernel/once_there.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { DecisionPhase } from "../policy/action_policy.ts";
import type { ActionDenial, RuleFailure } from "../policy/decide_action.ts";
import { type DecisionFacts, NO_RELATIONS, type ResourceFacts, type SubjectFacts } from "../policy/decision_facts.ts";
import { parseConsistencyToken } from "../policy/relations/revision.ts";
import { type NamedResource, type ReadingFault, readResources } from "../policy/resource_reading.ts";
import { actingCaller } from "./acting_caller.ts";
import { CallEnvironment } from "./call_environment.ts";
import type { CredentialEntry } from "./credential_entry.ts";
import { isPermittedOutside } from "./external_say.ts";
import type { Call, RightsGate, RightsRoute } from "./gate.ts";
import type { DenialReason, Refusal } from "./refusal.ts";
import { askedResources, knownResources } from "./resource_attributes.ts";
import type { FetchedRelations, RelationsOfCall, RouteAction } from "./route_action.ts";
import { settled } from "./settled.ts";
import { stepUpRefusal } from "./step_up_refusal.ts";

/** What the decision came to know of the rules on its way: for the log. */
export interface ActionTrace {
  rules: readonly string[];
  /** What rules that failed say of it; null where none did. */
  failures: readonly RuleFailure[] | null;
  /** Hears what the decision is made of, for whoever explains it; absent where nobody does. */
  readonly explains?: (facts: readonly DecisionFacts[], phase: DecisionPhase) => void;
}

/** What is known of a call beside what stands before its body. */
export interface DecisionInput {
  /** `before_body` also where the body is gone again: then what depends on it is left as it was. */
  readonly phase: DecisionPhase;
  /** The body as it was read; undefined where it was not. */
  readonly body: unknown;
  /** The resources that were decided on before, for a second look; null for a first one. */
  readonly resources: readonly NamedResource[] | null;
}

/** What an allowed call is about; null where it names nothing, or does so in its body, which is still to come. */
export type DecidedOn = readonly NamedResource[] | null;

const NO_RESOURCE: readonly null[] = [null];

/** What a decision says; the resources that it is about where it allows. */
type Decided = Result<DecidedOn, Refusal>;

/** What is asked, and by which call. */
interface Question {
  readonly route: RightsRoute;
  readonly action: RouteAction;
  readonly credential: CredentialEntry;
  readonly call: Call;
  readonly gate: RightsGate;
  readonly input: DecisionInput;
  readonly trace: ActionTrace;
}

/** What it is decided by, but for the resource. */
type About = Omit<DecisionFacts, "resource">;

/**
 * Whether the holder of `credential` may do what `call` asks for, to each of the resources that it names. Gathers what the decision is made of, and leaves it
 * to the policy: at once, unless something of it is not in memory. Throws `Outage`, or rejects with it, which denies.
 */
export function decide(
  route: RightsRoute,
  action: RouteAction,
  credential: CredentialEntry,
  call: Call,
  gate: RightsGate,
  input: DecisionInput,
  trace: ActionTrace,
): Decided | Promise<Decided> {
  const question = { route, action, credential, call, gate, input, trace };
  return onceThere(actingCaller(route, action, credential.principal, call, gate), (principal) =>
    decideAs(principal, question),
  );
}

function decideAs(principal: SubjectFacts | null, question: Question): Decided | Promise<Decided> {
  const { route, action, call, gate, input, trace } = question;
  if (principal === null) return err({ kind: "unavailable", reason: "role_book_unavailable" });
  // A body is not read, and nothing is asked of anybody, for whom permissions rule out anyway.
  const missing = action.policy.permissions.filter((permission) => !principal.permissions.has(permission));
  if (missing.length > 0) {
    trace.rules = ["permissions"];
    return err({ kind: "permission_missing", reason: "permission_missing", missing });
  }
  const named = namedOn(call, action, input);
  if (!named.ok) return err({ kind: "resource_unread", reason: named.error });
  const resources = named.value;
  if (resources === "in_the_body") return ok(null);
  if (action.relations === null) return decideOn(resources, principal, null, question);
  return onceThere(relationsOn(call, action.relations, route, principal, gate), (relations) => {
    if (relations === "stale") return err({ kind: "unavailable", reason: "edge_feed_stale" });
    if (relations === "malformed") return err({ kind: "consistency_malformed", reason: "consistency_malformed" });
    return decideOn(resources, principal, relations, question);
  });
}

function decideOn(
  named: DecidedOn,
  principal: SubjectFacts,
  relations: FetchedRelations | null,
  question: Question,
): Decided | Promise<Decided> {
  const { action, credential, call, input } = question;
  const about = {
    principal,
    action: action.action,
    env: new CallEnvironment(call, credential.signIn),
    body: input.body,
    relations: relations ?? NO_RELATIONS,
  };
  const known = named === null ? NO_RESOURCE : knownResources(action, named, call);
  if (known !== null) return decideKnowing(known, about, named, relations, question);
  return decideAsking(about, named, relations, question);
}

/** The same where an origin has to be asked about the resources. */
async function decideAsking(
  about: About,
  named: DecidedOn,
  relations: FetchedRelations | null,
  question: Question,
): Promise<Decided> {
  const { action, call, input } = question;
  if (action.early !== null) {
    // No origin is asked on behalf of anybody for whom rules rule out anyway.
    const early = await settled(action.early, [{ ...about, resource: null }], input.phase, relations);
    if (early === "unreached") return UNREACHED;
    if (early !== "undecided" && early.effect === "deny" && isFinal(early)) return refused(early, question);
  }
  const described = await askedResources(action, named ?? [], call);
  return decideKnowing(described, about, named, relations, question);
}

function decideKnowing(
  described: readonly (ResourceFacts | null)[] | "absent",
  { principal, action, env, body, relations }: About,
  named: DecidedOn,
  fetched: FetchedRelations | null,
  question: Question,
): Decided | Promise<Decided> {
  if (described === "absent") return denied("resource_absent", question.action);
  const { phase } = question.input;
  const facts = described.map((resource) => ({ principal, resource, action, env, body, relations }));
  question.trace.explains?.(facts, phase);
  return onceThere(settled(question.action.policy, facts, phase, fetched), (step) => {
    if (step === "undecided") return ok(named);
    if (step === "unreached") return UNREACHED;
    if (step.effect === "deny") return refused(step, question);
    return allowed(step.rules, facts, named, question);
  });
}

/** What our policy allows, unless others have a say in it who do not. */
function allowed(
  rules: readonly string[],
  facts: readonly DecisionFacts[],
  named: DecidedOn,
  { action, call, trace }: Question,
): Decided | Promise<Decided> {
  trace.rules = joinedRules(trace.rules, rules);
  if (action.external === null) return ok(named);
  return onceThere(isPermittedOutside(action.external, facts, call), (isPermitted) =>
    isPermitted ? ok(named) : denied("external_denied", action),
  );
}

function refused(
  { because, rules, failures, stepUp }: ActionDenial,
  { route, action, credential, gate, trace }: Question,
): Result<never, Refusal> {
  trace.rules = rules;
  if (failures.length > 0) trace.failures = failures;
  return because === "step_up" && stepUp !== null
    ? err(stepUpRefusal(stepUp, credential, route, gate))
    : denied(because, action);
}

const UNREACHED: Result<never, Refusal> = err({ kind: "consistency_unreached", reason: "consistency_unreached" });

/** Whether no other rule could turn it: one that denies, or fails, does so beside any. */
function isFinal({ because }: ActionDenial): boolean {
  return because === "rule_denied" || because === "rule_failed";
}

/** Who has just changed relations demands answers that know of it. It only ever demands more. */
const CONSISTENCY_HEADER = "sallyport-consistency";

/** The resources that `call` names; null where its action is about none. */
function namedOn(
  call: Call,
  { resource }: RouteAction,
  { phase, body, resources }: DecisionInput,
): Result<readonly NamedResource[] | null | "in_the_body", ReadingFault> {
  if (resource === null || resources !== null) return ok(resources);
  if (resource.readsBody && phase === "before_body") return ok("in_the_body");
  return readResources(resource, { segments: call.segments, search: call.search, body });
}

/** The least revision of relations that `call` says it has to know of, 0 for none; null where what it says is no consistency token. */
export function demandedRevision({ header }: Pick<Call, "header">): number | null {
  const token = header(CONSISTENCY_HEADER);
  return token === null ? 0 : parseConsistencyToken(token);
}

/** What `call` may ask about relations: as of what it says that it has to know of. */
export function relationsOn(
  call: Call,
  relationsOf: RelationsOfCall,
  { toleratedStalenessMs }: RightsRoute,
  principal: SubjectFacts,
  { revocations }: RightsGate,
): RelationsOn | Promise<RelationsOn> {
  const { nowMs, defer } = call;
  const atLeast = demandedRevision(call);
  if (atLeast === null) return "malformed";
  return onceThere(revocations.view(nowMs, defer, toleratedStalenessMs), (view) =>
    view === null ? "stale" : relationsOf(principal, { nowMs, view, defer, atLeast }),
  );
}

type RelationsOn = FetchedRelations | "stale" | "malformed";

function denied(reason: DenialReason, { hidesResources }: RouteAction): Result<never, Refusal> {
  return err({ kind: "denied", reason, isHidden: hidesResources });
}

/** The words for a route that demands nothing else say nothing where rules have spoken. */
function joinedRules(before: readonly string[], rules: readonly string[]): readonly string[] {
  return rules.length === 0 ? before : [...before.filter((rule) => rule !== "any_principal"), ...rules];
}
