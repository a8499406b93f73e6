import type { SessionRoot } from "../protocol/client_sid.ts";
import type {
  CodeIssue,
  CodeRedemption,
  GrantLifetimes,
  GrantRefusal,
  GrantStart,
  RefreshPresentation,
} from "../protocol/grant_requests.ts";
import type { GrantTerms } from "../protocol/grant_terms.ts";
import type { Holdings } from "../protocol/holdings.ts";
import type { ClientId, GrantId, SessionId, UserId } from "../protocol/ids.ts";

export type { CodeIssue, CodeRedemption, GrantLifetimes, GrantRefusal, GrantStart, RefreshPresentation };

/** How a session began, and how long it may last. Times in Unix milliseconds, lengths in milliseconds. */
export interface SessionOpening {
  readonly id: SessionId;
  /** For a session that takes the place of none; another one hands its own root on. */
  readonly root: SessionRoot;
  /** SHA-256 of the cookie's secret, as base64url. */
  readonly secretHash: string;
  readonly amr: readonly string[];
  readonly acr: string | null;
  /** For the user's own list: what kind of browser, from where. Bounded and free of secrets. */
  readonly label: string;
  readonly idleMs: number;
  readonly absoluteMs: number;
  /** The session of this user that the new one takes the place of: it ends, its grants, its clients and its root go over. */
  readonly replaces: SessionId | null;
  /** The epoch under which the proof was good: nothing opens once it has moved. Null or absent where nothing can have come between. */
  readonly provenAtEpoch?: number | null;
}

export interface SessionRecord {
  readonly id: SessionId;
  /** What clients' `sid`s are made of. No answer to anybody has it. */
  readonly root: SessionRoot;
  readonly amr: readonly string[];
  readonly acr: string | null;
  readonly label: string;
  readonly createdAtMs: number;
  /** When the user proved who they are. */
  readonly authTimeMs: number;
  /** Kept to the minute: a look at a session is not a write each time. */
  readonly lastSeenAtMs: number;
  readonly endsAtMs: number;
}

/** A session that was just found alive. */
export interface LiveSession extends SessionRecord {
  /** The account's epoch at that look: what was agreed or begun under another one does not count for it. */
  readonly accountEpoch: number;
  /** The number of the account's last withdrawal at that look: what is given on it is not given once the client's access was withdrawn. */
  readonly withdrawals: number;
}

/** What a living grant is, for minting. */
export interface LiveGrant {
  readonly grantId: GrantId;
  readonly terms: GrantTerms;
  /** The epoch of the terms' subject: access tokens carry it. Another number for each pairwise subject. */
  readonly userEpoch: number;
  readonly startedAtMs: number;
  /** The longest that an access token of the grant may live: what ends the grant is announced for as long, and no longer. */
  readonly accessMs: number;
  /** When the last refresh token of the grant dies at the latest, in Unix milliseconds. */
  readonly endsAtMs: number;
}

export type GrantOutcome =
  | {
      readonly kind: "granted";
      readonly grant: LiveGrant;
      /** The user's roles and attributes, for the token that is minted now. */
      readonly holdings: Holdings;
      readonly retried: boolean;
    }
  | {
      readonly kind: "refused";
      readonly reason: GrantRefusal;
      /** What the refusal ended: nothing, this grant, or everything of the user. */
      readonly ended: "nothing" | "grant" | "user";
    };

/** Everything is right, and nothing was changed: the account does not know the user's roles. The same, once more, with them. */
export interface RolesWanted {
  readonly kind: "roles_wanted";
}

/** What came of a code that was to be issued. */
export type CodeIssued = "issued" | "blocked" | "session_over" | "withdrawn";

export interface GrantSummary {
  readonly grantId: GrantId;
  readonly clientId: ClientId;
  readonly scopes: readonly string[];
  readonly resource: string | null;
  readonly startedAtMs: number;
  readonly lastUsedAtMs: number;
  readonly endsAtMs: number;
}

/** Why everything of a user ends: kept as a security event. */
export type EndReason =
  | "refresh_reuse"
  | "password_changed"
  | "password_reset"
  | "email_change_undone"
  | "disabled"
  | "deleted"
  | "admin"
  | "sign_out_everywhere";

/** What a change of the directory ends, and when it begins. */
export type ChangeBegin = readonly [reason: EndReason, except: SessionId | null, nowMs: number];

/** A change of the directory that was begun. */
export interface OpenChange {
  readonly reason: EndReason;
  readonly except: SessionId | null;
  /** Tells it from every other change of the account. */
  readonly mark: number;
}

/**
 * The sessions and grants of one user, in one place: each call is one transaction of that user's account. What a change
 * ends is announced to the edge feed by the account itself, from an outbox written in the same transaction.
 * `pending` on an answer: the feed has not acknowledged yet; an alarm delivers the rest. Throws `Outage`.
 */
export interface Accounts {
  /** The account's epoch now: what is proven after this look can be told apart from what everything ended for. */
  epochOf(user: UserId, nowMs: number): Promise<number>;
  /** `superseded`: everything has ended since `provenAtEpoch`, and the proof with it. */
  openSession(user: UserId, opening: SessionOpening, nowMs: number): Promise<"opened" | "blocked" | "superseded">;
  /** The live session with this secret, or null. */
  findSession(user: UserId, secretHash: string, nowMs: number): Promise<LiveSession | null>;
  listSessions(user: UserId, nowMs: number): Promise<readonly SessionRecord[]>;
  /** Ends one session and the grants given in it, but those that outlive it. */
  endSession(user: UserId, session: SessionId, nowMs: number): Promise<EndOutcome>;
  /** Ends every session but `except`, and every grant: a new epoch. */
  endEverything(user: UserId, reason: EndReason, except: SessionId | null, nowMs: number): Promise<EndOutcome>;
  /**
   * Ends everything as `endEverything` does, because the directory is about to replace a password or take something away. The account ends
   * everything once more by itself, within a minute or so, unless `finishChange` comes before: what the old state opens or gives
   * meanwhile must not outlive it, whatever becomes of the caller. Changes may overlap.
   */
  beginChange(user: UserId, ...change: ChangeBegin): Promise<OpenChange>;
  /**
   * Begins a change that its user asks for by a proof that was good under `provenAtEpoch`. `superseded`, and nothing ended, where anything has
   * ended everything since: of two changes on one proof the second one neither ends what the first one opened nor is made.
   */
  beginProvenChange(user: UserId, provenAtEpoch: number, ...change: ChangeBegin): Promise<OpenChange | "superseded">;
  /** Makes the second end of `change`, now that it is made. Only for one that cannot be made any later. */
  finishChange(user: UserId, change: OpenChange, nowMs: number): Promise<EndOutcome>;
  /**
   * Ends everything now where a change was begun and not finished; null where none was. Each stays as it is: whoever asks does not know
   * whether it is made yet.
   */
  endOwed(user: UserId, nowMs: number): Promise<EndOutcome | null>;
  /** `blocked`: nothing is opened or given until unblocked; blocking ends everything. */
  setBlocked(user: UserId, blocked: boolean, reason: EndReason, nowMs: number): Promise<EndOutcome>;
  /** The directory is about to change the user's roles or attributes: the account's copy goes, and none is kept until that has settled. */
  forgetRoles(user: UserId, nowMs: number): Promise<void>;

  /**
   * `session_over`: the session that was to give it, or everything of the user, ended since it was looked at. `withdrawn`: it began
   * before the user withdrew the client's access.
   */
  issueCode(user: UserId, issue: CodeIssue, lifetimes: GrantLifetimes, nowMs: number): Promise<CodeIssued>;
  redeemCode(user: UserId, redemption: CodeRedemption, nowMs: number): Promise<GrantOutcome | RolesWanted>;
  startGrant(user: UserId, start: GrantStart, lifetimes: GrantLifetimes, nowMs: number): Promise<GrantOutcome>;
  refresh(user: UserId, presentation: RefreshPresentation, nowMs: number): Promise<GrantOutcome | RolesWanted>;
  /** The grant behind a refresh token that would work now, or null; changes nothing (introspection). */
  readRefresh(user: UserId, grant: GrantId, presentedHash: string, nowMs: number): Promise<LiveGrant | null>;
  /** Ends the grant of a refresh token that was really issued to `client` (RFC 7009 §2.1). */
  revokeRefresh(
    user: UserId,
    token: { readonly grantId: GrantId; readonly presentedHash: string; readonly clientId: ClientId },
    nowMs: number,
  ): Promise<EndOutcome | "of_another_client">;
  listGrants(user: UserId, nowMs: number): Promise<readonly GrantSummary[]>;
  endGrant(user: UserId, grant: GrantId, nowMs: number): Promise<EndOutcome>;
  /** Withdraws all that the user granted to `client`, and what is under way: no code is issued for what began before. */
  endGrantsOf(user: UserId, client: ClientId, nowMs: number): Promise<EndOutcome>;
}

/** `pending`: what ended is recorded, and the feed will be told by an alarm. */
export interface EndOutcome {
  readonly delivered: "delivered" | "pending";
  /** How many sessions and grants ended. */
  readonly sessions: number;
  readonly grants: number;
}
