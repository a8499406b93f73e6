import * as z from "zod/mini";
import type { ActionLink } from "../../ports/action_links.ts";
import type { Mail, MailMessage } from "../../ports/mail.ts";
import type { MailQueue } from "../../ports/mail_queue.ts";
import type { MailRecord, MailRecords } from "../../ports/operator_records.ts";
import { deadLinksDelete, linkInsert } from "./action_links.ts";
import { fromRow, onD1 } from "./database.ts";

const KINDS = [
  "verify_email",
  "reset_password",
  "password_changed",
  "suspected_theft",
  "address_in_use",
  "no_account",
  "invitation",
  "change_email",
  "email_changed",
  "api_key_leaked",
  "email_change_undone",
] as const satisfies readonly MailMessage["kind"][];

const mailRow = z.object({
  seq: z.number(),
  recipient: z.string(),
  kind: z.enum(KINDS),
  subject: z.string(),
  body: z.string(),
  tries: z.number(),
  created_at: z.number(),
  sent_at: z.nullable(z.number()),
  given_up_at: z.nullable(z.number()),
});

const WAITS = "sent_at IS NULL AND given_up_at IS NULL";
/** A mail of a kind that a newer release made waits for that release, and holds up no other. */
const KNOWN = `kind IN (${KINDS.map((kind) => `'${kind}'`).join(", ")})`;

/** A mail that was taken in. Times in Unix milliseconds. */
export interface OutboxMail extends MailMessage {
  readonly seq: number;
  readonly tries: number;
  readonly createdAtMs: number;
  /** Null while it waits. */
  readonly sentAtMs: number | null;
  readonly givenUpAtMs: number | null;
}

/** Mail on its way, in D1. Where nothing carries it on, it stays for an operator to read. */
export class D1MailOutbox implements Mail, MailQueue {
  readonly #db: D1Database;

  constructor(db: D1Database) {
    this.#db = db;
  }

  async send(message: MailMessage, nowMs: number, onceKey: string | null = null): Promise<void> {
    await onD1(() => mailInsert(this.#db, message, nowMs, onceKey).run());
  }

  async sendLink(link: ActionLink, message: MailMessage, nowMs: number): Promise<void> {
    await onD1(() =>
      this.#db.batch([
        linkInsert(this.#db, link),
        mailInsert(this.#db, message, nowMs),
        deadLinksDelete(this.#db, link.expiresAtMs),
      ]),
    );
  }

  /** Up to `limit` mails that wait, the oldest first, behind `afterSeq`. */
  pending(limit: number, afterSeq = 0): Promise<readonly OutboxMail[]> {
    return this.#all(`SELECT * FROM mail_outbox WHERE ${WAITS} AND seq > ? ORDER BY seq LIMIT ?`, afterSeq, limit);
  }

  due(limit: number, nowMs: number): Promise<readonly OutboxMail[]> {
    const sql = `SELECT * FROM mail_outbox WHERE ${WAITS} AND ${KNOWN} AND due_at <= ? ORDER BY due_at, seq LIMIT ?`;
    return this.#all(sql, nowMs, limit);
  }

  async countTry(seq: number, nextDueMs: number): Promise<void> {
    await this.#run(`UPDATE mail_outbox SET tries = tries + 1, due_at = ? WHERE seq = ? AND ${WAITS}`, nextDueMs, seq);
  }

  async markSent(seq: number, nowMs: number): Promise<void> {
    await this.#run(`UPDATE mail_outbox SET sent_at = ?, body = '' WHERE seq = ? AND ${WAITS}`, nowMs, seq);
  }

  async giveUp(seq: number, nowMs: number): Promise<void> {
    await this.#run(`UPDATE mail_outbox SET given_up_at = ?, body = '' WHERE seq = ? AND ${WAITS}`, nowMs, seq);
  }

  async nextDueMs(): Promise<number | null> {
    const sql = `SELECT min(due_at) AS due FROM mail_outbox WHERE ${WAITS} AND ${KNOWN}`;
    return onD1(() => this.#db.prepare(sql).first<number>("due"));
  }

  #run(sql: string, ...values: readonly unknown[]): Promise<unknown> {
    return onD1(() =>
      this.#db
        .prepare(sql)
        .bind(...values)
        .run(),
    );
  }

  async #all(sql: string, ...values: readonly unknown[]): Promise<readonly OutboxMail[]> {
    const { results } = await onD1(() =>
      this.#db
        .prepare(sql)
        .bind(...values)
        .all(),
    );
    return results.map(readMail);
  }
}

/** Takes `message` in as part of another transaction, where `condition` holds: an expression of SQL with its values. */
export function mailInsert(
  db: D1Database,
  { to, kind, subject, text }: MailMessage,
  nowMs: number,
  onceKey: string | null = null,
  condition: { readonly sql: string; readonly values: readonly unknown[] } = { sql: "1", values: [] },
): D1PreparedStatement {
  const sql = `INSERT INTO mail_outbox (recipient, kind, subject, body, created_at, due_at, once_key)
    SELECT ?1, ?2, ?3, ?4, ?5, ?5, ?6 WHERE ${condition.sql} ON CONFLICT (once_key) DO NOTHING`;
  return db.prepare(sql).bind(to, kind, subject, text, nowMs, onceKey, ...condition.values);
}

/**
 * The outbox as operators see it. Texts only `withTexts`: where mail is carried on they are not even read, for the link
 * in one would let an operator set a password.
 */
export function d1MailRecords(db: D1Database, withTexts: boolean): MailRecords {
  const body = withTexts ? "body" : "'' AS body";
  const sql = `SELECT seq, recipient, kind, subject, ${body}, tries, created_at, sent_at, given_up_at
    FROM mail_outbox WHERE seq < ? ORDER BY seq DESC LIMIT ?`;
  return {
    async list(limit, afterSeq) {
      const { results } = await onD1(() =>
        db
          .prepare(sql)
          .bind(afterSeq ?? Number.MAX_SAFE_INTEGER, limit)
          .all(),
      );
      return results.map(readMail).map(({ text, ...mail }): MailRecord => ({ ...mail, text: text || null }));
    },
  };
}

function readMail(row: unknown): OutboxMail {
  const mail = fromRow(() => mailRow.parse(row));
  return {
    seq: mail.seq,
    to: mail.recipient,
    kind: mail.kind,
    subject: mail.subject,
    text: mail.body,
    tries: mail.tries,
    createdAtMs: mail.created_at,
    sentAtMs: mail.sent_at,
    givenUpAtMs: mail.given_up_at,
  };
}
