// Long because each call is one transaction of one object, and all of them share its storage and its alarm.
import { DurableObject } from "cloudflare:workers";
import { faultText } from "../kernel/fault_text.ts";
import type {
  Accounts,
  ChangeBegin,
  CodeIssue,
  CodeIssued,
  CodeRedemption,
  EndOutcome,
  EndReason,
  GrantLifetimes,
  GrantOutcome,
  GrantStart,
  GrantSummary,
  LiveGrant,
  LiveSession,
  OpenChange,
  RefreshPresentation,
  RolesWanted,
  SessionOpening,
  SessionRecord,
} from "../ports/accounts.ts";
import type { ClientNotifier } from "../ports/client_notices.ts";
import { redeemCode } from "../protocol/grant_code.ts";
import { generationOf, refreshGrant } from "../protocol/grant_refresh.ts";
import {
  type GrantState,
  type GrantTransition,
  isLive,
  issueCode,
  rememberUntilMs,
  startGrant,
} from "../protocol/grant_state.ts";
import type { ClientId, GrantId, SessionId, UserId } from "../protocol/ids.ts";
import { type KnownHoldings, unsettledRoles } from "../protocol/roles_copy.ts";
import { isSeenAnew } from "../protocol/session_state.ts";
import { AccountAlarm } from "./account_alarm.ts";
import { AccountChanges, type Ended } from "./account_changes.ts";
import { closedFor, endOf } from "./account_end.ts";
import { AccountNotices } from "./account_notices.ts";
import { AccountOutbox, type OutboxTargets } from "./account_outbox.ts";
import { liveGrant, type Presentation, presentSecret, refusal } from "./account_presentation.ts";
import { hasSchema } from "./account_schema.ts";
import { AccountStore } from "./account_store.ts";

/** What an account needs; the composition gives it. */
export interface AccountWiring extends OutboxTargets {
  /** Tells clients that a session is over. */
  readonly clients: ClientNotifier;
  /** The longest an access token may live, in milliseconds. */
  readonly longestTokenMs: number;
  /** Whether there is a record of this user. Throws `Outage`. */
  readonly isUser: (user: UserId) => Promise<boolean>;
  /** Sees to it that no change of the user's record is made any more that rests on what it was until now. False while that cannot be done. */
  readonly fenceUser: (user: UserId) => Promise<boolean>;
}

const SOON_MS = 2_000;
const LONGEST_RETRY_MS = 60_000;
/** What has ended need not be swept at once. */
const SWEEP_MS = 10 * 60_000;
/** After what time all ends again where nobody said that a change is over: by then its caller, whose calls have deadlines, has read the record. */
const CHANGE_MS = 60_000;
/** After what time an account that was just made, or a client's access taken from, is looked at, to forget what is over. */
const LOOK_MS = 24 * 60 * 60_000;

/**
 * One user's sessions and grants. Owns their storage, announcements and sweeping; the rules are `protocol/grant_*`. Knows no secret, token or other user.
 *
 * Each change reads, decides and writes without a pause, and the runtime holds the answer back until the write is
 * durable: of any number of callers one wins, and what was answered is never forgotten. The outbox rows and the alarm
 * that will carry them are written in the same turn as the change, so they are durable with it or not at all.
 * The one answer that a crash can lose is on its way to the caller: a refresh may be repeated, a code is spent.
 */
export abstract class AccountObject<Env> extends DurableObject<Env> implements Accounts {
  /** Null before they are needed, and once the account is forgotten. */
  #opened: { store: AccountStore; outbox: AccountOutbox; notices: AccountNotices } | null = null;
  #wiring: AccountWiring | undefined;
  readonly #alarm: AccountAlarm;
  #failures = 0;

  protected abstract wire(): AccountWiring;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#alarm = new AccountAlarm(ctx.storage);
    void ctx.blockConcurrencyWhile(() => this.#alarm.recall());
  }

  async epochOf(): Promise<number> {
    return this.#store.head().epoch;
  }

  async openSession(
    user: UserId,
    opening: SessionOpening,
    nowMs: number,
  ): Promise<"opened" | "blocked" | "superseded"> {
    if (this.#store.head().blocked) return "blocked";
    if (this.#isSuperseded(opening)) return "superseded";
    this.#change(user, nowMs, (changes) => changes.openSession(opening));
    this.#alarm.wakeBy(nowMs + opening.absoluteMs, SWEEP_MS);
    await this.#outbox.deliver();
    return "opened";
  }

  async findSession(_user: UserId, secretHash: string, nowMs: number): Promise<LiveSession | null> {
    const session = this.#store.findSession(secretHash);
    if (session === null || session.record.endsAtMs <= nowMs) return null;
    if (isSeenAnew(session.times, nowMs)) this.#store.markSeen(session.record.id, nowMs);
    return { ...session.record, accountEpoch: this.#store.head().epoch, withdrawals: this.#store.withdrawals.mark() };
  }

  async listSessions(_user: UserId, nowMs: number): Promise<readonly SessionRecord[]> {
    const records = this.#store.sessions().map(({ record }) => record);
    return records.filter(({ endsAtMs }) => endsAtMs > nowMs);
  }

  async endSession(user: UserId, session: SessionId, nowMs: number): Promise<EndOutcome> {
    return this.#end(this.#change(user, nowMs, (changes) => changes.endSession(session)));
  }

  async endEverything(user: UserId, reason: EndReason, except: SessionId | null, nowMs: number): Promise<EndOutcome> {
    return this.#end(this.#change(user, nowMs, (changes) => changes.endEverything(reason, except, null)));
  }

  async beginChange(user: UserId, reason: EndReason, except: SessionId | null, nowMs: number): Promise<OpenChange> {
    const dueMs = Date.now() + CHANGE_MS;
    const change = this.#change(user, nowMs, (changes) => {
      changes.endEverything(reason, except, null);
      // The epoch that this very end has made: no other change of the account has it.
      const open = { reason, except, mark: this.#store.head().epoch };
      this.#store.dueEnds.put({ ...open, user, dueMs });
      return open;
    });
    this.#alarm.wakeBy(dueMs, 0);
    await this.#outbox.deliver();
    return change;
  }

  async beginProvenChange(user: UserId, provenAtEpoch: number, ...change: ChangeBegin) {
    return this.#isSuperseded({ provenAtEpoch }) ? "superseded" : this.beginChange(user, ...change);
  }

  async finishChange(user: UserId, { reason, except, mark }: OpenChange, nowMs: number): Promise<EndOutcome> {
    const ended = this.#change(user, nowMs, (changes) => {
      this.#store.dueEnds.remove(mark);
      return changes.endEverything(reason, except, null);
    });
    return this.#end(ended);
  }

  async endOwed(user: UserId, nowMs: number): Promise<EndOutcome | null> {
    const owed = this.#store.dueEnds.all();
    if (owed.length === 0) return null;
    return this.#end(this.#change(user, nowMs, (changes) => changes.endAllOwed(owed)));
  }

  async setBlocked(user: UserId, blocked: boolean, reason: EndReason, nowMs: number): Promise<EndOutcome> {
    const nothing = { sessions: 0, grants: 0 };
    const ended = this.#change(user, nowMs, (changes) => {
      const head = this.#store.head();
      this.#store.putHead(
        reason === "deleted" ? closedFor(user, head, nowMs) : { epoch: head.epoch, blocked, roles: head.roles },
      );
      if (head.blocked === blocked) return nothing;
      return blocked ? changes.endEverything(reason, null, null) : nothing;
    });
    if (reason === "deleted") this.#alarm.wakeBy(Date.now() + SWEEP_MS, 0);
    return this.#end(ended);
  }

  async forgetRoles(_user: UserId, nowMs: number): Promise<void> {
    const head = this.#store.head();
    this.#store.putHead({ ...head, roles: unsettledRoles(head.roles, nowMs) });
  }

  async issueCode(user: UserId, issue: CodeIssue, lifetimes: GrantLifetimes, nowMs: number): Promise<CodeIssued> {
    if (this.#store.head().blocked) return "blocked";
    // Whoever asked looked at the session before: it may have ended on the way, with all that it could give.
    if (issue.givenIn !== undefined && !this.#isAlive(issue.givenIn, nowMs)) return "session_over";
    if (this.#isSuperseded(issue)) return "session_over";
    if (this.#isWithdrawn(issue)) return "withdrawn";
    const state = issueCode(issue, lifetimes, this.#wired().longestTokenMs, nowMs);
    this.#addGrant(user, issue.grantId, state, issue.holdings, nowMs);
    await this.#outbox.deliver();
    return "issued";
  }

  async redeemCode(user: UserId, redemption: CodeRedemption, nowMs: number): Promise<GrantOutcome | RolesWanted> {
    return this.#present(user, redemption, nowMs, (state, spentAtMs) =>
      redeemCode(state, redemption, nowMs, spentAtMs),
    );
  }

  async startGrant(user: UserId, start: GrantStart, lifetimes: GrantLifetimes, nowMs: number): Promise<GrantOutcome> {
    if (this.#store.head().blocked) return refusal("account_blocked");
    if (this.#isSuperseded(start)) return refusal("proof_superseded");
    if (this.#isWithdrawn(start)) return refusal("access_withdrawn");
    const state = startGrant(start, lifetimes, this.#wired().longestTokenMs, nowMs);
    this.#addGrant(user, start.grantId, state, start.holdings, nowMs);
    // Before the pause: an end of everything in it must outdo what is minted from this.
    const grant = liveGrant(this.#store, start.grantId, state);
    await this.#outbox.deliver();
    return { kind: "granted", grant, holdings: start.holdings, retried: false };
  }

  async refresh(user: UserId, presented: RefreshPresentation, nowMs: number): Promise<GrantOutcome | RolesWanted> {
    const { grantId, presentedHash } = presented;
    return this.#present(user, presented, nowMs, (state, spentAtMs) => {
      const generation = generationOf(state, presentedHash, (hash) => this.#store.spent.has(grantId, hash));
      return refreshGrant(state, presented, generation, nowMs, spentAtMs);
    });
  }

  async readRefresh(_user: UserId, grant: GrantId, presentedHash: string, nowMs: number): Promise<LiveGrant | null> {
    const state = this.#store.findGrant(grant);
    if (state === null || !isLive(state, nowMs)) return null;
    return state.refresh?.currentHash === presentedHash ? liveGrant(this.#store, grant, state) : null;
  }

  async revokeRefresh(
    user: UserId,
    { grantId, presentedHash, clientId }: Parameters<Accounts["revokeRefresh"]>[1],
    nowMs: number,
  ): Promise<EndOutcome | "of_another_client"> {
    const state = this.#store.findGrant(grantId);
    const isOurs =
      state !== null &&
      generationOf(state, presentedHash, (hash) => this.#store.spent.has(grantId, hash)) !== "unknown";
    if (!isOurs) return this.#end({ sessions: 0, grants: 0 });
    return state.terms.clientId === clientId ? this.endGrant(user, grantId, nowMs) : "of_another_client";
  }

  async listGrants(_user: UserId, nowMs: number): Promise<readonly GrantSummary[]> {
    const live = this.#store.unrevokedGrants().filter(({ state }) => isLive(state, nowMs));
    return live.map(({ id: grantId, state: { terms, startedAtMs, lastUsedAtMs, endsAtMs } }) => {
      const { clientId, scopes, resource } = terms;
      return { grantId, clientId, scopes, resource, startedAtMs, lastUsedAtMs, endsAtMs };
    });
  }

  async endGrant(user: UserId, grant: GrantId, nowMs: number): Promise<EndOutcome> {
    const ended = this.#change(user, nowMs, (changes) => {
      const state = this.#store.findGrant(grant);
      return state === null || state.revokedAtMs !== null ? 0 : changes.endGrants([{ id: grant, state }]);
    });
    return this.#end({ sessions: 0, grants: ended });
  }

  async endGrantsOf(user: UserId, client: ClientId, nowMs: number): Promise<EndOutcome> {
    const grants = this.#change(user, nowMs, (changes) => {
      this.#store.withdrawals.note(client, nowMs);
      return changes.endGrants(this.#store.unrevokedGrants({ client }));
    });
    this.#alarm.wakeBy(Date.now() + LOOK_MS, SWEEP_MS);
    return this.#end({ sessions: 0, grants });
  }

  override async alarm(): Promise<void> {
    this.#alarm.forget();
    try {
      this.#store.sweep(Date.now());
      await this.#endWhatIsDue();
      // Side by side: a client that is slow to answer keeps no revocation from the gate.
      const [{ isEmpty }] = await Promise.all([this.#outbox.deliver(), this.#notices.deliver(Date.now())]);
      this.#failures = isEmpty ? 0 : this.#failures + 1;
      const endMs = this.#store.nextEndMs();
      if (!isEmpty) {
        this.#alarm.wakeBy(Date.now() + Math.min(SOON_MS * 2 ** Math.min(this.#failures, 5), LONGEST_RETRY_MS), 0);
      } else if (endMs !== null) this.#alarm.wakeBy(endMs, SWEEP_MS);
      this.#wakeForNotices();
      const dueMs = this.#store.dueEnds.nextMs();
      if (dueMs !== null) this.#alarm.wakeBy(dueMs, 0);
      else if (isEmpty && endMs === null) await this.#endOrWait();
    } catch (error) {
      console.error(JSON.stringify({ event: "account_alarm_failed", error: faultText(error) }));
      this.#alarm.wakeBy(Date.now() + LONGEST_RETRY_MS, 0);
    }
  }

  /**
   * Whoever began a change died: what was opened or given meanwhile by what it took away ends here. The record is fenced before, so that
   * a write which is still on its way comes to nothing. While that cannot be done all ends as well, and is owed again.
   */
  async #endWhatIsDue(): Promise<void> {
    const dueMs = Date.now();
    const user = this.#store.dueEnds.all().find((end) => end.dueMs <= dueMs)?.user;
    if (user === undefined) return;
    const againAtMs = (await this.#wired().fenceUser(user)) ? null : dueMs + CHANGE_MS;
    this.#change(user, Date.now(), (changes) => changes.endAllOwed(this.#store.dueEnds.takeDue(dueMs, againAtMs)));
  }

  /** Forgets the account where nothing is left of it that anybody could miss. Whoever comes later finds a new one. */
  async #endOrWait(): Promise<void> {
    const end = await endOf(this.#store, this.#wired().isUser, Date.now());
    if (end === "keep") return;
    if (end !== "forget") return this.#alarm.wakeBy(end.lookAtMs, 0);
    this.#opened = null;
    this.#alarm.forget();
    await this.ctx.storage.deleteAll();
  }

  get #store(): AccountStore {
    return this.#open().store;
  }

  get #outbox(): AccountOutbox {
    return this.#open().outbox;
  }

  get #notices(): AccountNotices {
    return this.#open().notices;
  }

  /** Looks after itself from the first moment on: somebody may only have looked, into an account that nobody has. */
  #open() {
    if (this.#opened !== null) return this.#opened;
    const isNew = !hasSchema(this.ctx.storage);
    const store = new AccountStore(this.ctx.storage);
    const outbox = new AccountOutbox(store, () => this.#wired());
    this.#opened = { store, outbox, notices: new AccountNotices(store, () => this.#wired().clients) };
    if (isNew) this.#alarm.wakeBy(Date.now() + LOOK_MS, 0);
    return this.#opened;
  }

  async #present(
    user: UserId,
    presentation: Presentation,
    nowMs: number,
    transition: (state: GrantState, spentAtMs: number) => GrantTransition,
  ): Promise<GrantOutcome | RolesWanted> {
    // By the object's own clock: what was asked may have waited, in a queue or behind an outage.
    const spentAtMs = Math.max(nowMs, Date.now());
    const changes = new AccountChanges(this.#store, user, nowMs);
    const presented = presentSecret(this.#store, changes, presentation, nowMs, (state) => transition(state, spentAtMs));
    const { outcome, after } = presented;
    this.#wakeForWaiting();
    if (after !== null) this.#alarm.wakeBy(rememberUntilMs(after), SWEEP_MS);
    if (outcome.kind === "refused" && outcome.ended !== "nothing") await this.#outbox.deliver();
    return outcome;
  }

  /** Asked without a pause before what it decides: nothing can end between the two. */
  #isWithdrawn({ begun, terms }: Pick<GrantStart, "begun" | "terms">): boolean {
    return begun !== undefined && this.#store.withdrawals.outdate(terms.clientId, begun);
  }

  #isSuperseded({ provenAtEpoch = null }: Pick<SessionOpening, "provenAtEpoch">): boolean {
    return provenAtEpoch !== null && provenAtEpoch !== this.#store.head().epoch;
  }

  #addGrant(user: UserId, id: GrantId, state: GrantState, holdings: KnownHoldings, nowMs: number): void {
    this.#change(user, nowMs, (changes) => {
      this.#store.addGrant(id, state);
      changes.takeIn(id, state);
      if (holdings !== null) changes.keepHoldings(holdings);
    });
    this.#alarm.wakeBy(rememberUntilMs(state), SWEEP_MS);
  }

  /** One transaction. Whatever it left in the outbox has its alarm before this turn is over. */
  #change<T>(user: UserId, nowMs: number, work: (changes: AccountChanges) => T): T {
    const changes = new AccountChanges(this.#store, user, nowMs);
    const done = this.#store.transaction(() => work(changes));
    this.#wakeForWaiting();
    return done;
  }

  /** To be called in the turn of whatever may have left something to tell. */
  #wakeForWaiting(): void {
    if (this.#store.hasWaiting()) this.#alarm.wakeBy(Date.now() + SOON_MS, 0);
    this.#wakeForNotices();
  }

  #wakeForNotices(): void {
    const dueMs = this.#store.nextNoticeDueMs();
    if (dueMs !== null) this.#alarm.wakeBy(dueMs, 0);
  }

  async #end(ended: Ended): Promise<EndOutcome> {
    const { told } = await this.#outbox.deliver();
    return { delivered: told ? "delivered" : "pending", ...ended };
  }

  #isAlive(session: SessionId, nowMs: number): boolean {
    return this.#store.sessions().some(({ record }) => record.id === session && record.endsAtMs > nowMs);
  }

  #wired(): AccountWiring {
    this.#wiring ??= this.wire();
    return this.#wiring;
  }
}
