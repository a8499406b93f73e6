import type { LogoutNotice } from "../ports/client_notices.ts";
import type { ClientId, SessionId } from "../protocol/ids.ts";

/** A client that a session signed its user in at, with the names that this client has for both. */
export type SessionClient = Pick<LogoutNotice, "clientId" | "subject" | "sid">;

const HOUR_MS = 60 * 60_000;

type Row = { client: ClientId; subject: string; sid: string };

/**
 * Which clients an account's sessions signed their user in at (OpenID Connect Back-Channel Logout §2.3): whom to tell of a session's
 * end, however long ago the last token of the client has expired. A client is in it once for each session. What is told
 * is taken out, so that nobody is told twice.
 */
export class SessionClients {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /**
   * Notes that `session` signed its user in at `client`, now or again. It is kept until the session's absolute end, also where idleness
   * ends the session before, and until `untilMs` where that is later, when the last token goes: as long as the client may go on
   * with what it got, whoever disables the user reaches it. Times are kept to the hour: a client that signs somebody in over and over
   * costs no write each time. Whether anything was written.
   */
  note(session: SessionId, { clientId, subject, sid }: SessionClient, nowMs: number, untilMs: number): boolean {
    const written = this.#sql.exec(
      `INSERT INTO session_clients (session, client, subject, sid, signed_in, until)
       VALUES (?1, ?2, ?3, ?4, ?5, max(?6, coalesce((SELECT absolute_end FROM sessions WHERE id = ?1), 0)))
       ON CONFLICT DO UPDATE SET signed_in = excluded.signed_in, until = max(until, excluded.until)
       WHERE excluded.until > until OR excluded.signed_in >= signed_in + ?7
       RETURNING 1`,
      ...[session, clientId, subject, sid, nowMs, Math.ceil(untilMs / HOUR_MS) * HOUR_MS, HOUR_MS],
    );
    return written.toArray().length > 0;
  }

  /** Gives what was noted of `from` to `to`, the session that took its place. */
  handOver(from: SessionId, to: SessionId): void {
    this.#sql.exec(
      `UPDATE session_clients SET session = ?2, until = max(until, (SELECT absolute_end FROM sessions WHERE id = ?2))
       WHERE session = ?1`,
      ...[from, to],
    );
  }

  /** Takes out the clients of one session. */
  takeOf(session: SessionId): readonly SessionClient[] {
    return this.#taken("WHERE session = ?", session);
  }

  /** Takes out the clients of every session but `except`. */
  takeAllBut(except: SessionId | null): readonly SessionClient[] {
    return this.#taken("WHERE session IS NOT ?", except);
  }

  /** Takes out those beyond the `most` that were signed in at last, and never `client` in `session`, which just was. */
  takeSurplus(session: SessionId, client: ClientId, most: number): readonly SessionClient[] {
    return this.#taken(
      `WHERE (session, client, sid) IN (
         SELECT session, client, sid FROM session_clients
         ORDER BY session = ? AND client = ? DESC, signed_in DESC, session, client, sid LIMIT -1 OFFSET ?)`,
      ...[session, client, most],
    );
  }

  #taken(where: string, ...values: (string | number | null)[]): readonly SessionClient[] {
    return this.#sql
      .exec<Row>(`DELETE FROM session_clients ${where} RETURNING client, subject, sid`, ...values)
      .toArray()
      .map(({ client: clientId, subject, sid }) => ({ clientId, subject, sid }));
  }
}
