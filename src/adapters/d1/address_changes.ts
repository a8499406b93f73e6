import type { AddressChange, AddressChanges } from "../../ports/address_changes.ts";
import type { MailCourier } from "../../ports/mail_queue.ts";
import type { UserId } from "../../protocol/ids.ts";
import { linkInsert, linkSpend } from "./action_links.ts";
import { onD1, transact } from "./database.ts";
import { mailInsert } from "./mail_outbox.ts";
import { securityEventInserts } from "./security_events.ts";
import { emailTaken, LIVE_LINK, userUpdate } from "./users.ts";

/** Changes of address in D1: one transaction over the user, the mails, both links and the record. */
export class D1AddressChanges implements AddressChanges {
  readonly #db: D1Database;
  readonly #courier: Pick<MailCourier, "expect"> | null;

  /** `courier` is told before mails are written, so that none lies there unseen; null where nothing carries mail on. */
  constructor(db: D1Database, courier: Pick<MailCourier, "expect"> | null) {
    this.#db = db;
    this.#courier = courier;
  }

  async commit(change: AddressChange, nowMs: number) {
    const { before, after, normalisedEmail, link, event, mails, undo } = change;
    await this.#courier?.expect();
    if (change.outdoesUnconfirmed) await this.#dropUnconfirmed(normalisedEmail, before.id);
    const live = [link.hash, link.purpose, before.id, nowMs];
    const onlyIf = { sql: `EXISTS (${LIVE_LINK})`, values: live };
    const statements = [
      userUpdate(this.#db, before, after, normalisedEmail, live),
      ...securityEventInserts(this.#db, [event], onlyIf),
      ...mails.map((mail) => mailInsert(this.#db, mail, nowMs, null, onlyIf)),
      ...(undo === null ? [] : [linkInsert(this.#db, undo, onlyIf)]),
      linkSpend(this.#db, link.hash, link.purpose, nowMs),
    ];
    const changed = await transact(this.#db, statements).catch(emailTaken);
    // A link goes with its user: where nothing was changed, it is the link that does not work.
    return changed === 0 ? "link_dead" : typeof changed === "number" ? "changed" : changed;
  }

  /** Who has no password was made by an operator, and stays. Nobody signed in as the others: nothing else is theirs. */
  async #dropUnconfirmed(normalisedEmail: string, but: UserId): Promise<void> {
    const sql = `DELETE FROM users
      WHERE normalised_email = ? AND id <> ? AND email_verified = 0 AND password_hash IS NOT NULL`;
    await onD1(() => this.#db.prepare(sql).bind(normalisedEmail, but).run());
  }
}
