/**
 * What a decision on one action is made from: plain data, read once per call. Owns the vocabulary that the gate, AuthZEN, explanations and
 * decision tables share; refuses to know where any of it came from.
 */
export interface DecisionFacts {
  readonly principal: SubjectFacts;
  /** Null where the call is about no single resource. */
  readonly resource: ResourceFacts | null;
  readonly action: ActionRef;
  readonly env: EnvironmentFacts;
  /** The body as it was read; undefined where none was. */
  readonly body: unknown;
  readonly relations: KnownRelations;
}

/** One resource by its type, as `policy.resources` declares it, and its id within the type. */
export interface ResourceRef {
  readonly type: string;
  readonly id: string;
}

/** Timestamps are RFC 3339 texts here; rules read them as timestamps where the attribute is declared as one. */
export type AttributeValue = string | number | boolean | readonly (string | number | boolean)[];

/** Those that are known. A rule that names one that is missing fails, and denies. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

export interface ResourceFacts extends ResourceRef {
  readonly attributes: Attributes;
}

/** What is to be done: `read` of `document`, whose id is `document:read`. */
export interface ActionRef {
  readonly type: string;
  readonly name: string;
  readonly id: string;
}

/** Who asks. */
export interface SubjectFacts {
  readonly kind: "user" | "client" | "api_key";
  readonly id: string;
  /** Who vouches for the id; null for an API key. */
  readonly issuer: string | null;
  /** The OAuth client that is used; null for an API key. */
  readonly clientId: string | null;
  readonly scopes: readonly string[];
  /** Those of the call's tenant among them. */
  readonly roles: readonly string[];
  readonly permissions: ReadonlySet<string>;
  /** The tenant that the call is for; null for none. */
  readonly tenant: string | null;
  readonly attributes: Attributes;
}

/** Where, when and how it is asked. Null is what nobody knows: a rule that names it fails, and denies. */
export interface EnvironmentFacts {
  /** Unix milliseconds, one reading for the whole call. */
  readonly nowMs: number;
  /** The caller's address with all its bits. */
  readonly address: string | null;
  /** ISO 3166-1 alpha-2, or `T1` for Tor. */
  readonly country: string | null;
  /** Number of the autonomous system. */
  readonly asn: number | null;
  /** `1.2`, `1.3`, or `older`. */
  readonly tlsVersion: string | null;
  readonly deviceType: string | null;
  readonly clientType: string | null;
  /** When the person proved who they are (`auth_time`), Unix seconds. */
  readonly authTimeSeconds: number | null;
  /** How (`acr`). */
  readonly acr: string | null;
  /** With what (`amr`, RFC 8176). */
  readonly amr: readonly string[];
}

/** The question whether `subject` has `relation` to `object`. */
export interface RelationCheck {
  readonly object: ResourceRef;
  readonly relation: string;
  /** With a relation: all that have it to that object, such as the members of a group. */
  readonly subject: ResourceRef & { readonly relation?: string };
}

/** Relations as far as they are in memory. */
export interface KnownRelations {
  /** The answer, or undefined where it has to be fetched. */
  known(check: RelationCheck): boolean | undefined;
}

/** For decisions in which nobody asks for relations: knows none. */
export const NO_RELATIONS: KnownRelations = { known: () => undefined };
