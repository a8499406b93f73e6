import type { MailMessage } from "./mail.ts";

/** A mail that waits. Times in Unix milliseconds. */
export interface QueuedMail extends MailMessage {
  readonly seq: number;
  readonly createdAtMs: number;
  /** How often it was tried before. */
  readonly tries: number;
}

/** The mails that wait. Throws `Outage`. */
export interface MailQueue {
  /** Up to `limit` mails whose next try is due at `nowMs`, the longest due first. */
  due(limit: number, nowMs: number): Promise<readonly QueuedMail[]>;
  /** Notes that a try is about to be made, and when the next one is due if it fails. */
  countTry(seq: number, nextDueMs: number): Promise<void>;
  /** Notes that a mail has gone. Its text is forgotten: a link in it may still be alive. */
  markSent(seq: number, nowMs: number): Promise<void>;
  /** Notes that a mail is not tried again, and forgets its text. */
  giveUp(seq: number, nowMs: number): Promise<void>;
  /** When the next try of any mail is due; null when none waits. */
  nextDueMs(): Promise<number | null>;
}

/** What takes a mail out of this installation. */
export interface MailCarrier {
  /** Resolves once somebody else has taken charge of `message`. Throws `Outage`. */
  carry(message: MailMessage): Promise<void>;
}

/** The one who looks into the queue. */
export interface MailCourier {
  /**
   * Makes sure that something will look into the queue soon, whatever happens to the caller. Called before a mail is
   * written: a crash right after it then loses nothing. Throws `Outage`, and then the mail must not be written.
   */
  expect(): Promise<void>;
}
