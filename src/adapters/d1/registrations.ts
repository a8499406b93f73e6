import type { MailCourier } from "../../ports/mail_queue.ts";
import type { Registration, Registrations } from "../../ports/registrations.ts";
import { deadLinksDelete } from "./action_links.ts";
import { transact } from "./database.ts";
import { userInsert } from "./users.ts";

/** Whose the address is once the user was inserted or not: `?1` is the new user's id, `?2` the address. */
const HOLDER = "FROM users WHERE normalised_email = ?2";

/** Registrations in D1. */
export class D1Registrations implements Registrations {
  readonly #db: D1Database;
  readonly #courier: Pick<MailCourier, "expect"> | null;

  /** `courier` is told before a mail is written, so that none lies there unseen; null where nothing carries mail on. */
  constructor(db: D1Database, courier: Pick<MailCourier, "expect"> | null) {
    this.#db = db;
    this.#courier = courier;
  }

  async commit(registration: Registration, nowMs: number): Promise<"registered" | "address_in_use"> {
    const { user, normalisedEmail, link } = registration;
    await this.#courier?.expect();
    const inserted = await transact(this.#db, [
      userInsert(this.#db, user, normalisedEmail),
      this.#link(registration, nowMs),
      this.#mail(registration, nowMs),
      deadLinksDelete(this.#db, link.expiresAtMs),
    ]);
    return inserted === 0 ? "address_in_use" : "registered";
  }

  #link({ user, normalisedEmail, link, welcome, taken }: Registration, nowMs: number): D1PreparedStatement {
    return this.#db
      .prepare(
        `INSERT INTO action_links (user_id, email, purpose, hash, created_at, expires_at)
         SELECT id, email, iif(id = ?1, ?3, ?4), ?5, ?6, ?7 ${HOLDER}`,
      )
      .bind(user.id, normalisedEmail, welcome.purpose, taken.purpose, link.hash, nowMs, link.expiresAtMs);
  }

  #mail({ user, normalisedEmail, welcome, taken }: Registration, nowMs: number): D1PreparedStatement {
    const texts = [welcome.kind, taken.kind, welcome.subject, taken.subject, welcome.text, taken.text];
    return this.#db
      .prepare(
        `INSERT INTO mail_outbox (recipient, kind, subject, body, created_at, due_at)
         SELECT email, iif(id = ?1, ?3, ?4), iif(id = ?1, ?5, ?6), iif(id = ?1, ?7, ?8), ?9, ?9 ${HOLDER}`,
      )
      .bind(user.id, normalisedEmail, ...texts, nowMs);
  }
}
