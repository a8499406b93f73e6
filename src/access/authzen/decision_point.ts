import type { ActionPolicy } from "../../policy/action_policy.ts";
import type { ContextFact } from "../../policy/context_fact.ts";
import type { AttributeValue } from "../../policy/decision_facts.ts";
import type { RoleBook } from "../../policy/role_book.ts";
import type { AccessCandidates } from "../../ports/access_candidates.ts";
import type { RevocationView } from "../../ports/edge_feed.ts";
import type { KnownSubjects } from "../../ports/known_subjects.ts";
import type { ExternalSay } from "../external_say.ts";
import type { Call } from "../gate.ts";
import type { RelationsOfCall, RouteMetadata } from "../route_action.ts";

/**
 * The decision point that others ask by AuthZEN. Owns which facts a question may bring along and which are ours alone, and how lists of
 * questions and searches are gone through; the decision itself is the policy's, the same as at the gate.
 */
export interface DecisionPoint {
  readonly types: ReadonlyMap<string, ResourceType>;
  /** Attributes of principals. */
  readonly principal: ReadonlyMap<string, AttributeReader>;
  readonly subjects: KnownSubjects;
  /** Who has a say beside the policy, by the action's id. */
  readonly external: ReadonlyMap<string, ExternalSay>;
  /** Null where no rule asks for relations. */
  readonly relations: RelationsOfCall | null;
  readonly candidates: AccessCandidates;
  /** The issuer whose subjects tuples name by their id alone. */
  readonly ownIssuer: string;
  /** What of a question's context is believed. */
  readonly believes: ReadonlySet<ContextFact>;
  /** What is settled for single callers, by their ids as tuples have them. */
  readonly callers: ReadonlyMap<string, CallerTerms>;
}

/** A value of JSON as an attribute of the type that is declared; null where it is none. */
export type AttributeReader = (value: unknown) => AttributeValue | null;

export interface ResourceType {
  /** Those that a caller may say of a resource: none that an origin is asked for. */
  readonly attributes: ReadonlyMap<string, AttributeReader>;
  /** The origin that is asked about such a resource, by the names of those actions whose decision may need its word. */
  readonly metadata: ReadonlyMap<string, RouteMetadata>;
  /** The attribute that names the tenant whose roles count; null for none. */
  readonly tenant: string | null;
  readonly actions: ReadonlyMap<string, ActionPolicy>;
}

/** What one caller may ask, and what it may say of subjects. */
export interface CallerTerms {
  /** Null for every type. */
  readonly resourceTypes: ReadonlySet<string> | null;
  /** Resources of these tenants alone; null for all. */
  readonly tenants: ReadonlySet<string> | null;
  /** Roles that it may say a subject has. */
  readonly roles: ReadonlySet<string>;
  /** Attributes of subjects that it may say, over what we know of them. */
  readonly attributes: ReadonlySet<string>;
}

/** The call by which a decision point is asked. */
export interface Asking {
  /** Who asks: the id of a client or an API key, or of a user, as tuples have it. */
  readonly callerId: string;
  readonly call: Pick<Call, "nowMs" | "defer"> & {
    /** Decision points that passed the question on to us; absent where somebody asks for themselves. */
    readonly askers?: readonly string[];
  };
  readonly view: RevocationView;
  /** What roles may do, as of the call. */
  readonly book: RoleBook;
  /** The least revision of the relations that answers must know of (a consistency token); 0 for none. */
  readonly atLeast: number;
  /** How long the call has been waiting for its answer. */
  readonly elapsedMs: () => number;
}

/** What came of one question. `because` and `rules` are for operators. */
export interface Evaluation {
  readonly decision: boolean;
  readonly because: EvaluationReason;
  readonly rules: readonly string[];
  /** The authentication that would do; null where none helps. */
  readonly stepUp: { readonly acrValues: readonly string[]; readonly maxAgeSeconds: number | null } | null;
}

export type EvaluationReason =
  | "allowed"
  | "permission_missing"
  | "rule_denied"
  | "rule_failed"
  | "step_up"
  | "no_rule_allows"
  /** A decision point of others does not permit it. */
  | "external_denied"
  /** Nobody of that kind and id is there, or may act. */
  | "subject_unknown"
  | "resource_unknown"
  /** Its origin has no such resource. */
  | "resource_absent"
  | "action_unknown"
  /** A fact that was brought along is not of the type that is declared for it. */
  | "subject_malformed"
  | "resource_malformed"
  | "context_malformed"
  /** The caller may not ask about that type, or that tenant. */
  | "out_of_reach";
