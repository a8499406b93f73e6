import type { ActionLink, LinkPurpose } from "./action_links.ts";
import type { MailMessage } from "./mail.ts";
import type { SecurityEvent } from "./operator_records.ts";
import type { UserRecord } from "./users.ts";

/** A user who moves to another address, with all that has to be kept of it. */
export interface AddressChange {
  readonly before: UserRecord;
  readonly after: UserRecord;
  /** The new address in its normal form. */
  readonly normalisedEmail: string;
  /** The mailed link that allows it. */
  readonly link: {
    readonly hash: string;
    readonly purpose: Extract<LinkPurpose, "change_email" | "undo_email_change">;
  };
  readonly event: SecurityEvent;
  /** Whom to tell. */
  readonly mails: readonly MailMessage[];
  /** The link in one of them that takes the change back; null where there is none. */
  readonly undo: ActionLink | null;
  /**
   * Whether an account that registered itself under the new address and never confirmed it gives way: for a mailbox that has just
   * proven itself, against somebody who only wrote its address down.
   */
  readonly outdoesUnconfirmed: boolean;
}

/** Moves users to other addresses. Throws `Outage`. */
export interface AddressChanges {
  /**
   * Spends the link and makes the change with its record, its mails and the link in them, all of it or nothing: no crash leaves an
   * address changed and nobody told, or a way back used up and the account where it was. `conflict`: the user is not `before` any more;
   * `link_dead`: the link does not work for them at `nowMs`.
   */
  commit(change: AddressChange, nowMs: number): Promise<"changed" | "conflict" | "email_taken" | "link_dead">;
}
