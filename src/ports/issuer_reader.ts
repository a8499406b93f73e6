import type { RelationCheck, ResourceRef } from "../policy/decision_facts.ts";
import type { ApiKeyRecord } from "../protocol/api_key.ts";
import type { HeldAttributes } from "../protocol/attribute_values.ts";
import type { Holdings, RoleAssignment } from "../protocol/holdings.ts";
import type { SessionId, UserId } from "../protocol/ids.ts";
import type { EdgeFeedReader } from "./edge_feed.ts";
import type { PublishedKeys } from "./key_ring.ts";
import type { RelationAnswer } from "./relation_facts.ts";
import type { PublishedRoles } from "./roles.ts";

/** All that the authorizer may ask of the issuer: reading, and no secret. Every method throws `Outage`. */
export interface IssuerReader extends EdgeFeedReader {
  /** The issuer's public keys. */
  published(): Promise<PublishedKeys>;
  /** The record of the API key whose string has the digest `hash`, or null. */
  findApiKey(hash: string): Promise<ApiKeyRecord | null>;
  /**
   * The browser session that `proof` is of, or null where it is over or never was. To be asked about is to be used: at most once a minute
   * that is written down, as when the issuer's own pages look.
   */
  findSession(proof: SessionProof): Promise<SessionStanding | null>;
  /** Those of `ids` (a hundred at most), in their order; null for one that is not there. */
  findSubjects(kind: SubjectKind, ids: readonly string[]): Promise<readonly (SubjectRecord | null)[]>;
  /** The role book that counts; version 0 where no role was ever defined. */
  roleBook(): Promise<PublishedRoles>;
  /** Answers about relations, as of one moment. */
  checkRelations(asked: AskedRelations): Promise<ToldRelations>;
  /** What tuples and roles connect, a part of it: for searches, which decide on each. */
  relatedIds(asked: AskedRelated): Promise<ToldRelated>;
}

export interface AskedRelated {
  /** The schema that the gate decides by, as its canonical text; null where tuples have no part in it. */
  readonly schema: string | null;
  /** Objects or principals of `type`, connected with `to`. */
  readonly sought: "objects" | "principals";
  readonly type: string;
  readonly to: ResourceRef;
  /** Ids up to here are known; null for none. */
  readonly after: string | null;
  readonly limit: number;
  /** Principals who have a role that gives `permission`, any role where that is null, are sought as well; nobody by a role where this is absent. */
  readonly holders?: { readonly permission: string | null } | undefined;
}

export interface ToldRelated {
  /** Sorted. */
  readonly ids: readonly string[];
  /** Whether there are none behind them. */
  readonly isLast: boolean;
  /** False where bounds cut the search off. */
  readonly isWhole: boolean;
}

export interface AskedRelations {
  /** The schema that the gate decides by, as its canonical text. */
  readonly schema: string;
  readonly checks: readonly RelationCheck[];
}

export interface ToldRelations {
  /** How many changes of relations there had been when it was read. */
  readonly revision: number;
  /** In the order of the checks. */
  readonly findings: readonly ToldFinding[];
}

export interface ToldFinding {
  readonly answer: RelationAnswer;
  /** Buckets of what the answer was made of; null for everything. */
  readonly reads: readonly number[] | null;
}

/** Who may be asked about. */
export type SubjectKind = "user" | "client" | "api_key";

/** A user, a client or an API key as decisions about it need it. */
export interface SubjectRecord extends Holdings {
  readonly id: string;
  /** Empty for a user, whose scopes are what was granted to a client. */
  readonly scopes: readonly string[];
  readonly disabled: boolean;
  /** When a key ends, in Unix milliseconds; null for never. */
  readonly expiresAtMs: number | null;
}

/** What shows that somebody holds a session's cookie, and is no cookie itself. */
export interface SessionProof {
  /** The locator as it stands in the cookie. */
  readonly sealed: string;
  /** SHA-256 of the cookie's secret, as base64url. */
  readonly secretHash: string;
}

/** Whose a live session is, and what of it the gate needs. Times in Unix milliseconds. */
export interface SessionStanding {
  readonly sessionId: SessionId;
  readonly userId: UserId;
  /** The account's epoch: the edge feed names the least that counts under the user's id. */
  readonly userEpoch: number;
  readonly roles: readonly string[];
  /** Absent where the user has none. */
  readonly assignments?: readonly RoleAssignment[] | undefined;
  /** Absent where the user has none. */
  readonly attributes?: HeldAttributes | undefined;
  /** When and how the user proved who they are. */
  readonly authTimeMs: number;
  readonly amr: readonly string[];
  readonly acr: string | null;
  /** When it ends unless it is used again. */
  readonly endsAtMs: number;
}
