// Long because every statement on the tables of an account is here: what is one transaction is seen together.
import { Lru } from "../kernel/lru.ts";
import { platformRandom } from "../kernel/random.ts";
import type { AccountEvent } from "../ports/account_events.ts";
import type { SessionOpening, SessionRecord } from "../ports/accounts.ts";
import type { LogoutNotice } from "../ports/client_notices.ts";
import type { SessionRoot } from "../protocol/client_sid.ts";
import type { FeedEntry, FeedKind } from "../protocol/edge_feed.ts";
import { type GrantState, hasGiven, rememberUntilMs } from "../protocol/grant_state.ts";
import type { ClientId, GrantId, SessionId, UserId } from "../protocol/ids.ts";
import { NO_ROLES_COPY, type RolesCopy } from "../protocol/roles_copy.ts";
import { type SessionTimes, sessionEndsAtMs } from "../protocol/session_state.ts";
import { prepareSchema } from "./account_schema.ts";
import { DueEnds } from "./due_ends.ts";
import { GrantCounts } from "./grant_counts.ts";
import { SessionClients } from "./session_clients.ts";
import { SpentHashes } from "./spent_hashes.ts";
import { SubjectEpochs } from "./subject_epochs.ts";
import { Withdrawals } from "./withdrawals.ts";

/** A grant with its name. */
export interface StoredGrant {
  readonly id: GrantId;
  readonly state: GrantState;
}

/** A session with what decides its end. */
export interface StoredSession {
  readonly record: SessionRecord;
  readonly times: SessionTimes;
}

/** A notice for a client, with how often it was tried. */
export interface WaitingNotice {
  readonly seq: number;
  readonly tries: number;
  readonly notice: LogoutNotice;
}

/** What is kept of the account as a whole. */
export interface AccountHead {
  /** Grows by one when everything ends. Tokens carry what `SubjectEpochs` makes of it. */
  readonly epoch: number;
  /** Nothing is opened or given. */
  readonly blocked: boolean;
  /** Whose account it was, where it is closed because the user is deleted, and since when. */
  readonly deleted?: { readonly user: UserId; readonly atMs: number };
  readonly roles: RolesCopy;
}

const HEAD = "account";
const NEW_ACCOUNT: AccountHead = { epoch: 1, blocked: false, roles: NO_ROLES_COPY };

/** Grants as they are stored that an account remembers: more than anybody uses at once. */
const REMEMBERED = { maxEntries: 100, maxBytes: 128 * 1024 };

type GrantRow = { id: GrantId; state: string };
type SessionRow = {
  id: SessionId;
  root: SessionRoot;
  amr: string;
  acr: string | null;
  label: string;
  created: number;
  last_seen: number;
  idle: number;
  absolute_end: number;
};

/**
 * One account's tables. Grants are rows of JSON with the few columns that queries need. All calls are synchronous: the object
 * decides what is one transaction.
 */
export class AccountStore {
  readonly epochs: SubjectEpochs;
  readonly clients: SessionClients;
  readonly spent: SpentHashes;
  readonly counts: GrantCounts;
  readonly withdrawals: Withdrawals;
  readonly dueEnds: DueEnds;
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;
  /** False once a look found nothing and nothing was put there since: most changes tell nobody, and need not look. */
  #may = { wait: true, notify: true };
  /** As it is stored; null before it was read. */
  #head: AccountHead | null = null;
  /** Grants that were read or written lately, as they are stored: a code comes back soon after it was issued. */
  #grants = new Lru<GrantState>(REMEMBERED);

  constructor(storage: DurableObjectStorage) {
    this.epochs = new SubjectEpochs(storage);
    this.dueEnds = new DueEnds(storage);
    this.#storage = storage;
    this.#sql = storage.sql;
    prepareSchema(storage, platformRandom);
    this.clients = new SessionClients(this.#sql);
    this.spent = new SpentHashes(this.#sql);
    this.counts = new GrantCounts(this.#sql);
    this.withdrawals = new Withdrawals(this.#sql);
  }

  /** Runs `work` as one transaction. Where it throws nothing of it is left, nor of what was learnt in it. */
  transaction<T>(work: () => T): T {
    try {
      return this.#storage.transactionSync(work);
    } catch (error) {
      this.counts.forget();
      this.#head = null;
      this.#grants = new Lru(REMEMBERED);
      throw error;
    }
  }

  head(): AccountHead {
    this.#head ??= { ...NEW_ACCOUNT, ...this.#storage.kv.get<Partial<AccountHead>>(HEAD) };
    return this.#head;
  }

  putHead(head: AccountHead): void {
    this.#storage.kv.put(HEAD, head);
    this.#head = head;
  }

  /** Whether what is kept beside rows is what a new account would have. */
  isAsNew(): boolean {
    const { epoch, blocked, deleted } = this.head();
    return epoch === NEW_ACCOUNT.epoch && !blocked && deleted === undefined && this.epochs.isEmpty();
  }

  findGrant(id: GrantId): GrantState | null {
    const held = this.#grants.get(id);
    if (held !== undefined) return held;
    const [row] = this.#sql.exec<{ state: string }>("SELECT state FROM grants WHERE id = ?", id).toArray();
    if (row === undefined) return null;
    const state: GrantState = JSON.parse(row.state);
    this.#grants.set(id, state, row.state.length);
    return state;
  }

  /** Adds a grant. Throws where the id is taken: ids are random, so that is a bug. */
  addGrant(id: GrantId, state: GrantState): void {
    this.#write(id, state, (text) =>
      this.#sql.exec(
        `INSERT INTO grants (client, session, has_given, is_revoked, last_used, remember_until, state, id)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        ...[state.terms.clientId, ...columns(state), text, id],
      ),
    );
  }

  putGrant(id: GrantId, state: GrantState): void {
    this.#write(id, state, (text) =>
      this.#sql.exec(
        `UPDATE grants SET session = ?, has_given = ?, is_revoked = ?, last_used = ?, remember_until = ?, state = ?
         WHERE id = ?`,
        ...[...columns(state), text, id],
      ),
    );
  }

  /** Every grant that nobody revoked, codes that wait among them; of one client or session where one is named. */
  unrevokedGrants(of: { readonly client?: string; readonly session?: string } = {}): readonly StoredGrant[] {
    const { client = null, session = null } = of;
    const rows = this.#sql.exec<GrantRow>(
      `SELECT id, state FROM grants
       WHERE is_revoked = 0 AND (?1 IS NULL OR client = ?1) AND (?2 IS NULL OR session = ?2) ORDER BY last_used`,
      client,
      session,
    );
    return rows.toArray().map(({ id, state }) => ({ id, state: JSON.parse(state) }));
  }

  /** Those of `client`'s unrevoked grants that were used longest ago, up to `limit`; never `but`. */
  oldestGrants(hasGiven: boolean, client: ClientId, limit: number, but: GrantId): readonly StoredGrant[] {
    const rows = this.#sql.exec<GrantRow>(
      `SELECT id, state FROM grants WHERE is_revoked = 0 AND has_given = ? AND client = ? AND id <> ?
       ORDER BY last_used LIMIT ?`,
      ...[Number(hasGiven), client, but, limit],
    );
    return rows.toArray().map(({ id, state }) => ({ id, state: JSON.parse(state) }));
  }

  /** Puts a grant whose refresh token of this hash was just spent, and notes the hash with it: one row, and seldom more. */
  putSpending(id: GrantId, state: GrantState, hash: string): void {
    const { lately } = this.#write(id, state, (text) =>
      this.#sql
        .exec<{ lately: number }>(
          `UPDATE grants SET last_used = ?, remember_until = ?, state = ?, spent_lately = spent_lately || ? || ' '
           WHERE id = ? RETURNING length(spent_lately) AS lately`,
          ...[state.lastUsedAtMs, rememberUntilMs(state), text, hash, id],
        )
        .one(),
    );
    this.spent.putAway(id, lately);
  }

  addSession(opening: SessionOpening, nowMs: number): void {
    const { id, root, secretHash, amr, acr, label, idleMs, absoluteMs } = opening;
    this.#sql.exec(
      `INSERT INTO sessions (id, root, secret_hash, amr, acr, label, created, last_seen, idle, absolute_end)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[id, root, secretHash, JSON.stringify(amr), acr, label, nowMs, nowMs, idleMs, nowMs + absoluteMs],
    );
  }

  findSession(secretHash: string): StoredSession | null {
    const [row] = this.#sql.exec<SessionRow>("SELECT * FROM sessions WHERE secret_hash = ?", secretHash).toArray();
    return row === undefined ? null : storedSession(row);
  }

  /** All sessions, the one seen last first. */
  sessions(): readonly StoredSession[] {
    return this.#sql
      .exec<SessionRow>("SELECT * FROM sessions ORDER BY last_seen DESC, rowid DESC")
      .toArray()
      .map(storedSession);
  }

  markSeen(id: SessionId, nowMs: number): void {
    this.#sql.exec("UPDATE sessions SET last_seen = ? WHERE id = ?", nowMs, id);
  }

  /** The root of what was removed, or null where there was no such session. */
  removeSession(id: SessionId): SessionRoot | null {
    type Row = { root: SessionRoot };
    return this.#sql.exec<Row>("DELETE FROM sessions WHERE id = ? RETURNING root", id).toArray()[0]?.root ?? null;
  }

  /** An entry takes the place of a waiting one that says the same, and a place behind what a delivery may be reading. */
  addEntry({ kind, id, epoch, untilMs }: FeedEntry): void {
    this.#may.wait = true;
    this.#sql.exec(
      "INSERT OR REPLACE INTO feed_outbox (kind, id, epoch, until) VALUES (?, ?, ?, ?)",
      ...[kind, id, epoch, untilMs],
    );
  }

  addEvent(event: AccountEvent): void {
    this.#may.wait = true;
    this.#sql.exec("INSERT INTO event_outbox (event) VALUES (?)", JSON.stringify(event));
  }

  /** The oldest entries that the feed has not acknowledged. */
  waitingEntries(limit: number): readonly { readonly seq: number; readonly entry: FeedEntry }[] {
    type Row = { seq: number; kind: FeedKind; id: string; epoch: number; until: number };
    const rows = this.#sql.exec<Row>("SELECT * FROM feed_outbox ORDER BY seq LIMIT ?", limit).toArray();
    return rows.map(({ seq, kind, id, epoch, until }) => ({ seq, entry: { kind, id, epoch, untilMs: until } }));
  }

  waitingEvents(limit: number): readonly { readonly seq: number; readonly event: AccountEvent }[] {
    type Row = { seq: number; event: string };
    const rows = this.#sql.exec<Row>("SELECT seq, event FROM event_outbox ORDER BY seq LIMIT ?", limit).toArray();
    return rows.map(({ seq, event }) => ({ seq, event: JSON.parse(event) }));
  }

  /** Forgets what was delivered: `upTo` is the last row that was read, and nothing is ever put before it. */
  removeDelivered(outbox: "feed_outbox" | "event_outbox", upTo: number): void {
    this.#sql.exec(`DELETE FROM ${outbox} WHERE seq <= ?`, upTo);
  }

  /** Adds a notice that is due at once. */
  addNotice(notice: LogoutNotice): void {
    this.#may.notify = true;
    this.#sql.exec("INSERT INTO notice_outbox (notice, tries, due) VALUES (?, 0, 0)", JSON.stringify(notice));
  }

  /** The notices that are due at `nowMs`, the oldest first. */
  dueNotices(nowMs: number, limit: number): readonly WaitingNotice[] {
    type Row = { seq: number; tries: number; notice: string };
    const query = "SELECT seq, tries, notice FROM notice_outbox WHERE due <= ? ORDER BY due, seq LIMIT ?";
    const rows = this.#sql.exec<Row>(query, nowMs, limit).toArray();
    return rows.map(({ seq, tries, notice }) => ({ seq, tries, notice: JSON.parse(notice) }));
  }

  /** Counts a try of a notice; the next one is due at `dueMs`. */
  countTry(seq: number, dueMs: number): void {
    this.#sql.exec("UPDATE notice_outbox SET tries = tries + 1, due = ? WHERE seq = ?", dueMs, seq);
  }

  removeNotice(seq: number): void {
    this.#sql.exec("DELETE FROM notice_outbox WHERE seq = ?", seq);
  }

  /** When the next notice is due, or null for never. */
  nextNoticeDueMs(): number | null {
    if (!this.#may.notify) return null;
    const { at } = this.#sql.exec<{ at: number | null }>("SELECT min(due) AS at FROM notice_outbox").one();
    this.#may.notify = at !== null;
    return at;
  }

  /** Whether anything waits for the feed or the record of events. Notices for clients wait apart: nobody waits for those. */
  hasWaiting(): boolean {
    if (!this.#may.wait) return false;
    const query = "SELECT EXISTS (SELECT 1 FROM feed_outbox) OR EXISTS (SELECT 1 FROM event_outbox) AS waits";
    this.#may.wait = this.#sql.exec<{ waits: number }>(query).one().waits === 1;
    return this.#may.wait;
  }

  /**
   * Forgets sessions that have ended by themselves and grants that nothing can be done with any more. One transaction: a grant goes with its
   * spent hashes, which nobody would find without it.
   */
  sweep(nowMs: number): void {
    this.transaction(() => {
      this.#sql.exec("DELETE FROM sessions WHERE min(last_seen + idle, absolute_end) <= ?", nowMs);
      this.#sql.exec("DELETE FROM session_clients WHERE until <= ?", nowMs);
      this.withdrawals.sweep(nowMs);
      const gone = this.#sql.exec<{ id: string }>("DELETE FROM grants WHERE remember_until <= ? RETURNING id", nowMs);
      for (const { id } of gone.toArray()) {
        this.spent.forget(id);
        this.#grants.delete(id);
      }
    });
  }

  /** When something will be there to sweep, or null for never. */
  nextEndMs(): number | null {
    const { at } = this.#sql
      .exec<{ at: number | null }>(
        `SELECT min(at) AS at FROM (
           SELECT min(remember_until) AS at FROM grants
           UNION ALL SELECT min(min(last_seen + idle, absolute_end)) FROM sessions
           UNION ALL SELECT min(until) FROM session_clients)`,
      )
      .one();
    const ends = [at, this.withdrawals.nextEndMs()].filter((end) => end !== null);
    return ends.length === 0 ? null : Math.min(...ends);
  }

  /** Has `write` write a grant, of which it is given the text. What is written is remembered, and nothing else. */
  #write<T>(id: GrantId, state: GrantState, write: (text: string) => T): T {
    const text = JSON.stringify(state);
    const written = write(text);
    this.#grants.set(id, state, text.length);
    return written;
  }
}

/** What queries need of a grant, in the order of the statements above. */
function columns(state: GrantState): readonly (string | number | null)[] {
  const { terms, revokedAtMs, lastUsedAtMs } = state;
  return [terms.sessionId, Number(hasGiven(state)), Number(revokedAtMs !== null), lastUsedAtMs, rememberUntilMs(state)];
}

function storedSession(row: SessionRow): StoredSession {
  const times = { lastSeenAtMs: row.last_seen, idleMs: row.idle, absoluteEndMs: row.absolute_end };
  return {
    times,
    record: {
      id: row.id,
      root: row.root,
      amr: JSON.parse(row.amr),
      acr: row.acr,
      label: row.label,
      createdAtMs: row.created,
      authTimeMs: row.created,
      lastSeenAtMs: row.last_seen,
      endsAtMs: sessionEndsAtMs(times),
    },
  };
}
