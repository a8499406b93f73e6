import type { ClientId, GrantId, UserId } from "../protocol/ids.ts";
import type { AccountEvent } from "./account_events.ts";
import type { MailMessage } from "./mail.ts";

/** A mail as operators see it. Times in Unix milliseconds. */
export interface MailRecord extends Omit<MailMessage, "text"> {
  readonly seq: number;
  /** Null where mail is carried on, and once it is gone: a link in it makes whoever reads it the account's owner. */
  readonly text: string | null;
  readonly tries: number;
  readonly createdAtMs: number;
  readonly sentAtMs: number | null;
  readonly givenUpAtMs: number | null;
}

/** The mails that were taken in, for operators. Throws `Outage`. */
export interface MailRecords {
  /** Up to `limit` mails, the newest first, behind the one called `afterSeq`. */
  list(limit: number, afterSeq: number | null): Promise<readonly MailRecord[]>;
}

/** What is kept of something that happened to an account. Times in Unix milliseconds. */
export interface SecurityEvent {
  readonly id: string;
  readonly userId: UserId;
  readonly kind: AccountEvent["kind"] | "email_changed" | "api_key_leaked";
  readonly reason: string;
  readonly grantId: GrantId | null;
  readonly clientId: ClientId | null;
  readonly atMs: number;
}

export interface SecurityEventRecord {
  readonly seq: number;
  readonly event: SecurityEvent;
}

/** What happened to accounts, for operators. Throws `Outage`. */
export interface SecurityEventRecords {
  /** Up to `limit` events of `user`, the newest first, behind the one called `afterSeq`. */
  list(user: UserId, limit: number, afterSeq: number | null): Promise<readonly SecurityEventRecord[]>;
}
