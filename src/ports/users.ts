import type { FeedEntry } from "../protocol/edge_feed.ts";
import type { Holdings } from "../protocol/holdings.ts";
import type { UserId } from "../protocol/ids.ts";
import type { LinkPurpose } from "./action_links.ts";
import type { ListPosition } from "./clients.ts";
import type { MailMessage } from "./mail.ts";

/** Standard claims that a user may have (OpenID Connect Core §5.1); absent ones are unknown. */
export interface UserProfile {
  readonly name?: string;
  readonly givenName?: string;
  readonly familyName?: string;
  readonly nickname?: string;
  readonly picture?: string;
  readonly locale?: string;
  readonly zoneinfo?: string;
  readonly phoneNumber?: string;
  readonly phoneNumberVerified?: boolean;
  /** One formatted postal address. */
  readonly address?: string;
}

/** A person with an account. Times in Unix milliseconds. */
export interface UserRecord extends Holdings {
  readonly id: UserId;
  /** As the user wrote it. */
  readonly email: string;
  readonly emailVerified: boolean;
  /** PHC string; null for an account that cannot sign in by password. */
  readonly passwordHash: string | null;
  readonly profile: UserProfile;
  readonly disabled: boolean;
  /** Grows by one with each change. */
  readonly version: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** A mailed link that allows a change of its user. */
export interface AllowingLink {
  readonly hash: string;
  readonly purpose: Extract<LinkPurpose, "verify_email" | "reset_password">;
}

/** The users in the source of truth. Names are compared in their normal form (`normaliseEmail`). Throws `Outage`. */
export interface UserDirectory {
  find(id: UserId): Promise<UserRecord | null>;
  findByEmail(normalisedEmail: string): Promise<UserRecord | null>;
  /** Up to `limit` users, oldest first, behind `after`. */
  list(limit: number, after: ListPosition | null): Promise<readonly UserRecord[]>;
  insert(user: UserRecord, normalisedEmail: string): Promise<"inserted" | "email_taken">;
  /**
   * Replaces a user whose stored version is still `before.version`. `mails`, written at `after.updatedAtMs`, go with it in one
   * transaction: no crash leaves a change of which nobody is told, or tells of one that was not made.
   */
  update(
    before: UserRecord,
    after: UserRecord,
    normalisedEmail: string,
    entries: readonly FeedEntry[],
    mails?: readonly MailMessage[],
  ): Promise<"changed" | "conflict" | "email_taken">;
  /**
   * Replaces a user as `update` does, `mails` too, and spends the mailed link that allows it, in one transaction: a crash leaves all
   * of it done or nothing. `link_dead`, and nothing done, where `link` does not work for this user at `nowMs`: of all callers ever, one
   * changes anything by it. Every other link of the same user and purpose dies with it.
   */
  updateByLink(
    before: UserRecord,
    after: UserRecord,
    normalisedEmail: string,
    link: AllowingLink,
    nowMs: number,
    mails?: readonly MailMessage[],
  ): Promise<"changed" | "conflict" | "email_taken" | "link_dead">;
  delete(user: UserRecord, entries: readonly FeedEntry[]): Promise<"deleted" | "conflict">;
}

/** What ends the time of changes that somebody began and did not finish. Throws `Outage`. */
export interface UserFence {
  /** No change that rests on the version of `id` until now is made any more: one that is on its way is a `conflict`, or came before. */
  fence(id: UserId): Promise<void>;
}

/** Which subject a user has for the clients of one sector (OpenID Connect Core §8.1). Throws `Outage`. */
export interface PairwiseSubjects {
  /** The subject of `user` in `sector`, made on first use and the same ever after. */
  subjectOf(user: UserId, sector: string): Promise<string>;
  /** The user behind a pairwise `subject`, or null. */
  userOf(subject: string): Promise<UserId | null>;
  /** Every pairwise subject of `user`: what has to be announced when the user's tokens end. */
  subjectsOf(user: UserId): Promise<readonly string[]>;
}
