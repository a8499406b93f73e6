import type { Result } from "../kernel/result.ts";
import type { ActionDenial } from "../policy/decide_action.ts";
import type { ResourceFacts } from "../policy/decision_facts.ts";
import type { PermissionTrace, RuleTrace } from "../policy/decision_trace.ts";
import type { JsonObject } from "../protocol/authzen/question.ts";
import type { Defer } from "./edge_feed.ts";

/** What would be decided, and why: asked by operators, who may say of everybody whatever they like. */
export interface ExplainQuestion {
  readonly caller: AskedCaller;
  readonly about: AskedRequest | AskedAct;
  /** Where, when and how it is asked, by the names that rules have for it under `env`; and `tenant`. */
  readonly context: JsonObject;
}

export type AskedCaller =
  /** By type and id, with what `properties` say beyond what is known of it. */
  | { readonly kind: "subject"; readonly type: string; readonly id: string; readonly properties: JsonObject }
  /** Whoever holds a token with these claims. */
  | { readonly kind: "claims"; readonly claims: JsonObject }
  | { readonly kind: "nobody" };

/** A call of the gateway. */
export interface AskedRequest {
  readonly kind: "request";
  readonly method: string;
  /** A path with its query, or a whole URL. */
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** As JSON; undefined where none is told. */
  readonly body: unknown;
  /** What an origin would say of resources that the call names; of all that it names where `id` is null. */
  readonly told: readonly { readonly id: string | null; readonly properties: JsonObject }[];
}

/** An action on a resource, without a call. */
export interface AskedAct {
  readonly kind: "act";
  /** `document:read`. */
  readonly action: string;
  /** What would stand in the body. */
  readonly properties: JsonObject;
  /** Null where it is about none. */
  readonly resource: { readonly type: string; readonly id: string; readonly properties: JsonObject } | null;
}

/** What is wrong with a question: where, in words of ours. */
export interface ExplainFault {
  readonly field: string;
  readonly reason: string;
}

export interface Explanation {
  /** The hash of the configuration that it was decided by. */
  readonly snapshot: string;
  readonly effect: "allow" | "deny";
  /** Why not, in the log's word; null where it is allowed. */
  readonly reason: string | null;
  /** The rules that made it so, as the log has them. */
  readonly rules: readonly string[];
  /** Null where no request was asked about, or none of the routes takes it. */
  readonly route: ExplainedRoute | null;
  /** Null where nobody was proven. */
  readonly caller: ExplainedCaller | null;
  /** All of them are demanded. */
  readonly scopes: readonly { readonly scope: string; readonly held: boolean }[];
  /** One of them is demanded, where there are any. */
  readonly roles: readonly { readonly role: string; readonly held: boolean }[];
  /** All of them are demanded. */
  readonly permissions: readonly ExplainedPermission[];
  /** Null where no action is asked for. */
  readonly action: string | null;
  /** What was decided on the action, for each resource. Empty where something before it ended it. */
  readonly decisions: readonly ExplainedDecision[];
  /** What was asked of relations on the way. */
  readonly relations: readonly ExplainedRelation[];
  /** What is not looked at here, or was not told. */
  readonly notes: readonly string[];
  /** What is in shadow would decide; nothing where nothing is. */
  readonly shadow: readonly ExplainedShadow[];
}

export interface ExplainedRoute {
  readonly id: string;
  readonly path: string;
  readonly methods: readonly string[];
  readonly isPublic: boolean;
}

export interface ExplainedCaller {
  readonly kind: string;
  readonly id: string;
  /** Whether it was found where subjects are true, and may act. Null where nobody looked. */
  readonly known: boolean | null;
  readonly scopes: readonly string[];
  /** Those that count here. */
  readonly roles: readonly string[];
  readonly tenant: string | null;
  readonly attributes: ResourceFacts["attributes"];
}

export interface ExplainedPermission extends PermissionTrace {
  /** The role of the caller that gives it; null where none does. */
  readonly role: string | null;
  /** The role that has it, which that one is or inherits from. */
  readonly through: string | null;
}

export interface ExplainedDecision {
  readonly resource: ResourceFacts | null;
  /** What is decided on this resource alone. */
  readonly effect: "allow" | "deny" | "undecided";
  readonly because: ActionDenial["because"] | null;
  readonly rules: readonly RuleTrace[];
  /** The authentication that would do; null where none helps. */
  readonly stepUp: ActionDenial["stepUp"];
}

export interface ExplainedRelation {
  /** `document:1#viewer@user:usr_1`. */
  readonly check: string;
  readonly answer: boolean | "undecided";
  /** The tuples that together grant it, from the object to the subject. */
  readonly path: readonly string[];
  /** What was looked at where it is not granted: each object's relation with those that it was found to have. */
  readonly looked: readonly string[];
}

export interface ExplainedShadow {
  /** A snapshot's hash, or `rules`. */
  readonly tried: string;
  readonly effect: "allow" | "deny";
  readonly reason: string | null;
  readonly rules: readonly string[];
  readonly differs: boolean;
}

/** Explains by one configuration, the same code and the same facts as the gate. Throws `Outage`. */
export interface Explainer {
  explain(
    question: ExplainQuestion,
    nowMs: number,
    defer: Defer,
  ): Promise<Result<Explanation, readonly ExplainFault[]>>;
}
