import * as z from "zod";
import type { Mail, MailMessage } from "../ports/mail.ts";
import { onD1 } from "./d1.ts";

const mailRow = z.object({
  seq: z.number(),
  recipient: z.string(),
  kind: z.enum([
    "verify_email",
    "reset_password",
    "password_changed",
    "suspected_theft",
    "address_in_use",
    "no_account",
    "invitation",
  ]),
  subject: z.string(),
  body: z.string(),
  created_at: z.number(),
  sent_at: z.number().nullable(),
});

/** A mail that was taken in. Times in Unix milliseconds. */
export interface OutboxMail extends MailMessage {
  readonly seq: number;
  readonly createdAtMs: number;
  /** Null while it waits. */
  readonly sentAtMs: number | null;
}

/** Mail on its way, in D1. Where nothing carries it on, it stays for an operator to read. */
export class D1MailOutbox implements Mail {
  readonly #db: D1Database;

  constructor(db: D1Database) {
    this.#db = db;
  }

  async send(message: MailMessage, nowMs: number): Promise<void> {
    const sql = "INSERT INTO mail_outbox (recipient, kind, subject, body, created_at) VALUES (?, ?, ?, ?, ?)";
    const { to, kind, subject, text } = message;
    await onD1(() => this.#db.prepare(sql).bind(to, kind, subject, text, nowMs).run());
  }

  /** Up to `limit` mails that wait, the oldest first, behind `afterSeq`. */
  async pending(limit: number, afterSeq = 0): Promise<readonly OutboxMail[]> {
    const sql = "SELECT * FROM mail_outbox WHERE sent_at IS NULL AND seq > ? ORDER BY seq LIMIT ?";
    const { results } = await onD1(() => this.#db.prepare(sql).bind(afterSeq, limit).all());
    return results.map(readMail);
  }

  /** Notes that a mail has gone. Its text is forgotten: a link in it may still be alive. */
  async markSent(seq: number, nowMs: number): Promise<void> {
    const sql = "UPDATE mail_outbox SET sent_at = ?, body = '' WHERE seq = ? AND sent_at IS NULL";
    await onD1(() => this.#db.prepare(sql).bind(nowMs, seq).run());
  }
}

function readMail(row: unknown): OutboxMail {
  const mail = mailRow.parse(row);
  return {
    seq: mail.seq,
    to: mail.recipient,
    kind: mail.kind,
    subject: mail.subject,
    text: mail.body,
    createdAtMs: mail.created_at,
    sentAtMs: mail.sent_at,
  };
}
