import type { EndReason, SessionOpening } from "../ports/accounts.ts";
import type { GrantRefusal } from "../protocol/grant_requests.ts";
import { type GrantState, grantEntry, hasGiven, revoke, subjectEntry } from "../protocol/grant_state.ts";
import { outlivesSession } from "../protocol/grant_terms.ts";
import type { GrantId, SessionId, UserId } from "../protocol/ids.ts";
import type { AccountStore, StoredGrant } from "./account_store.ts";

/** A user's browsers; more than that is no person. */
const MOST_SESSIONS = 50;
/** A user's connected apps. */
const MOST_GRANTS = 500;
/** Codes that wait. Counted apart: pages that make a browser ask for codes must not push out the apps of its user. */
const MOST_CODES = 100;

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

  /** Opens a session. The one that it replaces ends and hands its grants over, so that signing in again ends no app. */
  openSession(opening: SessionOpening): void {
    if (opening.replaces !== null) this.#handOver(opening.replaces, opening.id);
    this.#store.addSession(opening, this.#nowMs);
    for (const { record } of this.#store.sessions().slice(MOST_SESSIONS)) this.endSession(record.id);
  }

  /** Makes room for a grant that was just added or redeemed: where there are too many, those used longest ago end. */
  makeRoom(id: GrantId, state: GrantState): void {
    const isGiving = hasGiven(state);
    this.endGrants(this.#store.surplusGrants(isGiving, isGiving ? MOST_GRANTS : MOST_CODES, id));
  }

  /** Ends one session, the grants that do not outlive it, and tells its clients (also those whose grant goes on). */
  endSession(id: SessionId): Ended {
    const sessions = this.#store.removeSession(id) ? 1 : 0;
    const given = this.#store.unrevokedGrants({ session: id });
    this.#tellSignedOut(given);
    return { sessions, grants: this.endGrants(given.filter(({ state }) => !outlivesSession(state.terms))) };
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
    for (const [subject, accessMs] of accessMsOf) {
      this.#store.addEntry(subjectEntry(subject, this.#store.epochs.advance(subject, epoch), accessMs, this.#nowMs));
    }
    for (const { id, state } of grants) this.#store.putGrant(id, revoke(state, this.#nowMs));
    const gone = this.#store.sessions().filter(({ record }) => record.id !== except);
    for (const { record } of gone) this.#store.removeSession(record.id);
    this.#tellSignedOut(given.filter(({ state }) => state.terms.sessionId !== except));
    this.#store.addEvent({
      ...this.#event(),
      kind: "everything_ended",
      reason,
      grantId: reused?.id ?? null,
      clientId: reused?.state.terms.clientId ?? null,
    });
    return { sessions: gone.length, grants: given.length };
  }

  #handOver(from: SessionId, to: SessionId): void {
    if (!this.#store.removeSession(from)) return;
    for (const { id, state } of this.#store.unrevokedGrants({ session: from })) {
      this.#store.putGrant(id, { ...state, terms: { ...state.terms, sessionId: to } });
    }
  }

  /** Each client once per session that it knows. */
  #tellSignedOut(grants: readonly StoredGrant[]): void {
    const told = new Set<string>();
    for (const { state } of grants) {
      const { clientId, subject, sid } = state.terms;
      if (sid === null || !hasGiven(state) || told.has(`${clientId} ${sid}`)) continue;
      told.add(`${clientId} ${sid}`);
      this.#store.addNotice({ id: crypto.randomUUID(), clientId, subject, sid });
    }
  }

  #event() {
    return { id: crypto.randomUUID(), userId: this.#user, atMs: this.#nowMs };
  }
}
