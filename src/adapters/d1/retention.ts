import type { Perishables } from "../../ports/retention.ts";
import { KINDS_WITH_LINK } from "../../protocol/mail_texts.ts";
import { onD1 } from "./database.ts";

/** A scan tries each path a few times; an API that is in use is called again and again. */
const RARE_CALLS = 10;

/** What perishes in D1. Each kind of row is one statement, so that what it finds and what it takes are the same rows. */
export class D1Perishables implements Perishables {
  readonly #db: D1Database;

  constructor(db: D1Database) {
    this.#db = db;
  }

  forgetSentMails(untilMs: number, limit: number): Promise<number> {
    return this.#forget("mail_outbox", "sent_at", untilMs, limit);
  }

  forgetUnsentMails(untilMs: number, limit: number): Promise<number> {
    const over = "SELECT seq FROM mail_outbox WHERE sent_at IS NULL AND created_at <= ? ORDER BY created_at LIMIT ?";
    return this.#take(`DELETE FROM mail_outbox WHERE seq IN (${over}) RETURNING seq`, untilMs, limit);
  }

  giveUpLinkMails(untilMs: number, nowMs: number, limit: number): Promise<number> {
    const over = `SELECT seq FROM mail_outbox WHERE sent_at IS NULL AND given_up_at IS NULL AND created_at <= ?2
      AND kind IN (SELECT value FROM json_each(?4)) ORDER BY created_at LIMIT ?3`;
    const sql = `UPDATE mail_outbox SET given_up_at = ?1, body = '' WHERE seq IN (${over}) RETURNING seq`;
    return this.#take(sql, nowMs, untilMs, limit, JSON.stringify(KINDS_WITH_LINK));
  }

  forgetLinks(untilMs: number, limit: number): Promise<number> {
    const over = "SELECT hash FROM action_links WHERE expires_at <= ? ORDER BY expires_at LIMIT ?";
    return this.#take(`DELETE FROM action_links WHERE hash IN (${over}) RETURNING 1`, untilMs, limit);
  }

  forgetSecurityEvents(untilMs: number, limit: number): Promise<number> {
    return this.#forget("security_events", "at", untilMs, limit);
  }

  forgetAuditEvents(untilMs: number, limit: number): Promise<number> {
    return this.#forget("audit_events", "at", untilMs, limit);
  }

  forgetAuditDeadLetters(untilMs: number, limit: number): Promise<number> {
    return this.#forget("audit_dead_letters", "found_at", untilMs, limit);
  }

  forgetUnlistedCalls(rareUntilMs: number, untilMs: number, limit: number): Promise<number> {
    const over = `SELECT kind, method, path FROM unlisted_calls
      WHERE last_seen <= ?2 OR (last_seen <= ?1 AND calls < ${RARE_CALLS}) LIMIT ?3`;
    const sql = `DELETE FROM unlisted_calls WHERE (kind, method, path) IN (${over}) RETURNING 1`;
    return this.#take(sql, rareUntilMs, untilMs, limit);
  }

  /** How much was compared goes behind the last difference, so that none stands there without it. */
  async forgetShadow(untilMs: number, limit: number): Promise<number> {
    const over = "SELECT id FROM shadow_differences WHERE last_seen <= ? ORDER BY last_seen LIMIT ?";
    const sql = `DELETE FROM shadow_differences WHERE id IN (${over}) RETURNING id`;
    const differences = await this.#take(sql, untilMs, limit);
    const runs = `DELETE FROM shadow_runs
      WHERE last_seen <= ? AND tried NOT IN (SELECT tried FROM shadow_differences) RETURNING tried`;
    return differences + (await this.#take(runs, untilMs));
  }

  /**
   * Who has no password was made by an operator: the owner's first password confirms the address. Every change of a record moves its
   * version, a confirmation too: whichever of the two statements comes second has no row to change.
   */
  forgetUnconfirmedUsers(untilMs: number, nowMs: number, limit: number): Promise<number> {
    const over = `SELECT id FROM users
      WHERE version = 1 AND email_verified = 0 AND password_hash IS NOT NULL AND created_at <= ?1
      AND NOT EXISTS (SELECT 1 FROM action_links WHERE user_id = users.id AND expires_at > ?2)
      ORDER BY created_at LIMIT ?3`;
    return this.#take(`DELETE FROM users WHERE id IN (${over}) RETURNING id`, untilMs, nowMs, limit);
  }

  /** The oldest rows of a table that is numbered by `seq`, by the time in `column`. */
  #forget(
    table: "mail_outbox" | "security_events" | "audit_events" | "audit_dead_letters",
    column: "sent_at" | "at" | "found_at",
    untilMs: number,
    limit: number,
  ): Promise<number> {
    const over = `SELECT seq FROM ${table} WHERE ${column} <= ? ORDER BY ${column} LIMIT ?`;
    return this.#take(`DELETE FROM ${table} WHERE seq IN (${over}) RETURNING seq`, untilMs, limit);
  }

  async #take(sql: string, ...values: readonly unknown[]): Promise<number> {
    const { results } = await onD1(() =>
      this.#db
        .prepare(sql)
        .bind(...values)
        .all(),
    );
    return results.length;
  }
}
