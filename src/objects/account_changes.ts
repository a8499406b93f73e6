import type { EndReason, SessionOpening } from "../ports/accounts.ts";
import type { GrantRefusal } from "../protocol/grant_requests.ts";
import {
  type GrantState,
  grantEntry,
  hasGiven,
  rememberUntilMs,
  revoke,
  subjectEntry,
} from "../protocol/grant_state.ts";
import { outlivesSession } from "../protocol/grant_terms.ts";
import type { Holdings } from "../protocol/holdings.ts";
import type { ClientId, GrantId, SessionId, UserId } from "../protocol/ids.ts";
import { keepHoldings } from "../protocol/roles_copy.ts";
import { SESSION_ANSWER_MS, sessionEntry } from "../protocol/session_state.ts";
import type { AccountStore, StoredGrant } from "./account_store.ts";
import type { DueEnd } from "./due_ends.ts";
import type { SessionClient } from "./session_clients.ts";

/** A user's browsers; more than that is no person. */
const MOST_SESSIONS = 50;
/** How many grants one client may hold of a user, and all clients together. */
interface Room {
  readonly ofClient: number;
  readonly ofUser: number;
}

/** What clients act by. More than this are installations that nobody uses any more. */
const GRANTS: Room = { ofClient: 100, ofUser: 1_000 };
/** Codes that wait. Counted apart: pages that make a browser ask for codes must not push out the apps of its user. */
const CODES: Room = { ofClient: 50, ofUser: 200 };
/** Sign-ins at clients, a client of a session being one: what all sessions together are remembered by. */
const MOST_CLIENTS = 500;

/** What a change ended. */
export interface Ended {
  readonly sessions: number;
  readonly grants: number;
}

/** The grant whose reuse ends everything. */
export interface ReusedGrant {
  readonly id: GrantId;
  readonly state: GrantState;
}

/**
 * The changes of one account that touch more than one row, each to be run inside a transaction: what ends is written
 * together with the outbox rows that tell the gate and everybody else.
 */
export class AccountChanges {
  readonly #store: AccountStore;
  readonly #user: UserId;
  readonly #nowMs: number;

  constructor(store: AccountStore, user: UserId, nowMs: number) {
    this.#store = store;
    this.#user = user;
    this.#nowMs = nowMs;
  }

  /**
   * Opens a session. The one that it replaces ends and hands on its grants, its clients and the root of its `sid`s: signing in
   * again ends no app, and what a client knows of the session goes on being right.
   */
  openSession(opening: SessionOpening): void {
    const { id, replaces } = opening;
    const root = replaces === null ? null : this.#store.removeSession(replaces);
    this.#store.addSession({ ...opening, root: root ?? opening.root }, this.#nowMs);
    if (replaces !== null && root !== null) {
      this.#handOver(replaces, id);
      this.#store.addEntry(sessionEntry(replaces, this.#nowMs));
    }
    for (const { record } of this.#store.sessions().slice(MOST_SESSIONS)) this.endSession(record.id);
  }

  /**
   * Takes in a grant that was just added or redeemed. Where it gives, the client is noted for the end of the session. Where there are
   * too many, those used longest ago end, and clients that have to go from the notes are told, for nobody could tell them later.
   */
  takeIn(id: GrantId, state: GrantState): void {
    const isGiving = hasGiven(state);
    const { sessionId, clientId, subject, sid } = state.terms;
    if (isGiving && sessionId !== null && sid !== null) {
      const client = { clientId, subject, sid };
      const isNoted = this.#store.clients.note(sessionId, client, this.#nowMs, rememberUntilMs(state));
      if (isNoted) this.#tellSignedOut(this.#store.clients.takeSurplus(sessionId, clientId, MOST_CLIENTS));
    }
    this.#makeRoom(id, clientId, isGiving);
  }

  /**
   * A client with too many grants loses those of its own that were used longest ago, so that no client pushes another out. Where all
   * together have too many, whichever holds the most gives way: a client with few keeps them, whatever others do.
   */
  #makeRoom(id: GrantId, clientId: ClientId, isGiving: boolean): void {
    const { ofClient, ofUser } = isGiving ? GRANTS : CODES;
    const most = this.#store.counts.countIn(isGiving, clientId);
    if (most.own <= ofClient && most.all <= ofUser) return;
    const holders = this.#store.counts.holders(isGiving);
    const own = holders.find(({ client }) => client === clientId)?.grants ?? 0;
    const all = holders.reduce((sum, { grants }) => sum + grants, 0);
    const [largest] = holders;
    if (own > ofClient) this.endGrants(this.#store.oldestGrants(isGiving, clientId, own - ofClient, id));
    else if (all > ofUser && largest !== undefined) {
      this.endGrants(this.#store.oldestGrants(isGiving, largest.client, all - ofUser, id));
    }
  }

  /**
   * Ends one session, the grants that do not outlive it, and tells its clients (also those whose grant goes on). A code that waits
   * ends whatever it is for: redeemed afterwards, it would sign in at a client that hears of no end any more.
   */
  endSession(id: SessionId): Ended {
    const sessions = this.#store.removeSession(id) === null ? 0 : 1;
    if (sessions > 0) this.#store.addEntry(sessionEntry(id, this.#nowMs));
    const grants = this.#store.unrevokedGrants({ session: id });
    this.#tellSignedOut(this.#store.clients.takeOf(id));
    const ends = grants.filter(({ state }) => !hasGiven(state) || !outlivesSession(state.terms));
    return { sessions, grants: this.endGrants(ends) };
  }

  /** Revokes `grants`; how many of them had given anything. A code that nobody redeemed has nothing to announce. */
  endGrants(grants: readonly StoredGrant[]): number {
    for (const { id, state } of grants) {
      this.#store.putGrant(id, revoke(state, this.#nowMs));
      if (hasGiven(state)) this.#store.addEntry(grantEntry(id, state, this.#nowMs));
    }
    return grants.filter(({ state }) => hasGiven(state)).length;
  }

  /** Ends one grant because of what was presented. `state` is already revoked. */
  endSuspectedGrant(id: GrantId, state: GrantState, reason: GrantRefusal): void {
    if (!hasGiven(state)) return;
    this.#store.addEntry(grantEntry(id, state, this.#nowMs));
    this.#store.addEvent({
      ...this.#event(),
      kind: "grant_ended",
      reason,
      grantId: id,
      clientId: state.terms.clientId,
    });
  }

  /**
   * A new epoch: every session but `except` ends, and every grant. Each subject under which tokens are about is announced
   * once: the gate knows users by the `sub` that it sees.
   */
  endEverything(reason: EndReason, except: SessionId | null, reused: ReusedGrant | null): Ended {
    const head = this.#store.head();
    const epoch = head.epoch + 1;
    this.#store.putHead({ ...head, epoch });
    const grants = this.#store.unrevokedGrants();
    const given = [...grants, ...(reused === null ? [] : [reused])].filter(({ state }) => hasGiven(state));
    const accessMsOf = new Map<string, number>();
    for (const { state } of given) {
      const { subject } = state.terms;
      accessMsOf.set(subject, Math.max(accessMsOf.get(subject) ?? 0, state.accessMs));
    }
    const gone = this.#store.sessions().filter(({ record }) => record.id !== except);
    // Gates know sessions by their user's id: one entry for any number of them. One that goes on is looked at anew.
    if (gone.length > 0) accessMsOf.set(this.#user, Math.max(accessMsOf.get(this.#user) ?? 0, SESSION_ANSWER_MS));
    for (const [subject, accessMs] of accessMsOf) {
      this.#store.addEntry(subjectEntry(subject, this.#store.epochs.advance(subject, epoch), accessMs, this.#nowMs));
    }
    for (const { id, state } of grants) this.#store.putGrant(id, revoke(state, this.#nowMs));
    for (const { record } of gone) this.#store.removeSession(record.id);
    this.#tellSignedOut(this.#store.clients.takeAllBut(except));
    this.#store.addEvent({
      ...this.#event(),
      kind: "everything_ended",
      reason,
      epoch,
      grantId: reused?.id ?? null,
      clientId: reused?.state.terms.clientId ?? null,
    });
    return { sessions: gone.length, grants: given.length };
  }

  /** One end for all of `owed`: a session goes on that each of them spares. */
  endAllOwed([first, ...others]: readonly DueEnd[]): Ended {
    if (first === undefined) return { sessions: 0, grants: 0 };
    const except = others.every((other) => other.except === first.except) ? first.except : null;
    return this.endEverything(first.reason, except, null);
  }

  /** Keeps a copy of what the directory said, where that is worth a write. */
  keepHoldings(holdings: Holdings): void {
    const head = this.#store.head();
    const kept = keepHoldings(head.roles, holdings, head.epoch, this.#nowMs);
    if (kept !== head.roles) this.#store.putHead({ ...head, roles: kept });
  }

  #handOver(from: SessionId, to: SessionId): void {
    this.#store.clients.handOver(from, to);
    for (const { id, state } of this.#store.unrevokedGrants({ session: from })) {
      this.#store.putGrant(id, { ...state, terms: { ...state.terms, sessionId: to } });
    }
  }

  /** What was noted is told once: it was taken out in this very transaction. */
  #tellSignedOut(clients: readonly SessionClient[]): void {
    for (const client of clients) this.#store.addNotice({ id: crypto.randomUUID(), ...client });
  }

  #event() {
    return { id: crypto.randomUUID(), userId: this.#user, atMs: this.#nowMs };
  }
}
