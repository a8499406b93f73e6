import { err, ok, type Result } from "../kernel/result.ts";
import type { ActionPolicy, DecisionPhase } from "../policy/action_policy.ts";
import type { ActionDecision, ActionDenial, RuleFailure } from "../policy/decide_action.ts";
import { decideOnAll } from "../policy/decide_on_all.ts";
import { type DecisionFacts, NO_RELATIONS, type SubjectFacts } from "../policy/decision_facts.ts";
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

/** So often more relations are fetched because of those that were: a rule that needs more of them fails. */
const MAX_ROUNDS = 8;
const ENDLESS: ActionDecision = {
  kind: "decided",
  effect: "deny",
  because: "rule_failed",
  rules: [],
  missingPermissions: [],
  stepUp: null,
  failures: [{ rule: "*", message: "relations lead on to others without an end" }],
};
const NO_RESOURCE: readonly null[] = [null];

/**
 * Whether the holder of `credential` may do what `call` asks for, to each of the resources that it names. Gathers what the decision is made of, and leaves it
 * to the policy; waits for nothing that is in memory. Throws `Outage`, which denies.
 */
export async function decide(
  route: RightsRoute,
  action: RouteAction,
  credential: CredentialEntry,
  call: Call,
  gate: RightsGate,
  input: DecisionInput,
  trace: ActionTrace,
): Promise<Result<DecidedOn, Refusal>> {
  const acting = actingCaller(route, action, credential.principal, call, gate);
  const principal = acting instanceof Promise ? await acting : acting;
  if (principal === null) return err({ kind: "unavailable", reason: "role_book_unavailable" });
  // A body is not read, and nothing is asked of anybody, for whom permissions rule out anyway.
  const missing = action.policy.permissions.filter((permission) => !principal.permissions.has(permission));
  if (missing.length > 0) {
    trace.rules = ["permissions"];
    return err({ kind: "permission_missing", reason: "permission_missing", missing });
  }
  const named = namedOn(call, action, input);
  if (!named.ok) return err({ kind: "resource_unread", reason: named.error });
  if (named.value === "in_the_body") return ok(null);
  const relations =
    action.relations === null ? null : await relationsOn(call, action.relations, route, principal, gate);
  if (relations === "stale") return err({ kind: "unavailable", reason: "edge_feed_stale" });
  if (relations === "malformed") return err({ kind: "consistency_malformed", reason: "consistency_malformed" });
  const about = {
    principal,
    action: action.action,
    env: new CallEnvironment(call, credential.signIn),
    body: input.body,
    relations: relations ?? NO_RELATIONS,
  };
  const refuse = ({ because, rules, failures, stepUp }: ActionDenial): Result<never, Refusal> => {
    trace.rules = rules;
    if (failures.length > 0) trace.failures = failures;
    return because === "step_up" && stepUp !== null
      ? err(stepUpRefusal(stepUp, credential, route, gate))
      : denied(because, action);
  };
  const known = named.value === null ? NO_RESOURCE : knownResources(action, named.value, call);
  if (known === null && action.early !== null) {
    // No origin is asked on behalf of anybody for whom rules rule out anyway.
    const early = await settled(action.early, [{ ...about, resource: null }], input.phase, relations);
    if (early === "unreached") return UNREACHED;
    if (early !== "undecided" && early.effect === "deny" && isFinal(early)) return refuse(early);
  }
  const described = known ?? (await askedResources(action, named.value ?? [], call));
  if (described === "absent") return denied("resource_absent", action);
  const facts = described.map((resource) => ({ ...about, resource }));
  trace.explains?.(facts, input.phase);
  const step = await settled(action.policy, facts, input.phase, relations);
  if (step === "undecided") return ok(named.value);
  if (step === "unreached") return UNREACHED;
  if (step.effect === "deny") return refuse(step);
  trace.rules = joinedRules(trace.rules, step.rules);
  const isOurs = action.external === null || (await isPermittedOutside(action.external, facts, call));
  return isOurs ? ok(named.value) : denied("external_denied", action);
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
export async function relationsOn(
  call: Call,
  relationsOf: RelationsOfCall,
  { toleratedStalenessMs }: RightsRoute,
  principal: SubjectFacts,
  { revocations }: RightsGate,
): Promise<FetchedRelations | "stale" | "malformed"> {
  const { nowMs, defer } = call;
  const atLeast = demandedRevision(call);
  if (atLeast === null) return "malformed";
  const view = await revocations.view(nowMs, defer, toleratedStalenessMs);
  return view === null ? "stale" : relationsOf(principal, { nowMs, view, defer, atLeast });
}

/** The decision by `policy`, once the relations that it asks for are known; `unreached` where they cannot be, as of what the call demands. Throws `Outage`. */
export async function settled(
  policy: ActionPolicy,
  facts: readonly DecisionFacts[],
  phase: DecisionPhase,
  relations: FetchedRelations | null,
): Promise<ActionDecision | "undecided" | "unreached"> {
  for (let round = 0; ; round++) {
    const step = decideOnAll(policy, facts, phase);
    if (step.kind === "decided") return step;
    if (step.kind === "undecided") {
      if (phase !== "before_body") throw new Error("the body is here, and nothing was decided");
      return "undecided";
    }
    if (relations === null || round === MAX_ROUNDS) return ENDLESS;
    if ((await relations.resolve(step.checks)) === "unreached") return "unreached";
  }
}

function denied(reason: DenialReason, { hidesResources }: RouteAction): Result<never, Refusal> {
  return err({ kind: "denied", reason, isHidden: hidesResources });
}

/** The words for a route that demands nothing else say nothing where rules have spoken. */
function joinedRules(before: readonly string[], rules: readonly string[]): readonly string[] {
  return rules.length === 0 ? before : [...before.filter((rule) => rule !== "any_principal"), ...rules];
}
