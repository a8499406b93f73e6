import type { UserId } from "../protocol/ids.ts";

/** `undo_email_change`: takes an account back for the address that it had before. */
export type LinkPurpose = "verify_email" | "reset_password" | "change_email" | "undo_email_change";

/** A link as it is kept. */
export interface ActionLink {
  readonly hash: string;
  readonly purpose: LinkPurpose;
  readonly user: UserId;
  /** The address that the link was mailed to: proof of that one alone. */
  readonly email: string;
  /** When it was mailed, and when it ends, in Unix milliseconds. */
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}

/** Single-use links that were mailed, known by the hash of their secret. Throws `Outage`. */
export interface ActionLinks {
  insert(link: ActionLink): Promise<void>;
  /** Whether a link would work now; changes nothing. */
  peek(
    hash: string,
    purpose: LinkPurpose,
    nowMs: number,
  ): Promise<{ readonly user: UserId; readonly email: string } | null>;
  /**
   * Spends the link: at most one caller ever gets the answer. Every other link of the same user and purpose dies with it; of those that
   * take a change of address back only the later ones.
   */
  spend(
    hash: string,
    purpose: LinkPurpose,
    nowMs: number,
  ): Promise<{ readonly user: UserId; readonly email: string } | null>;
  /** Ends every link of `user` for `purpose`. */
  forget(user: UserId, purpose: LinkPurpose): Promise<void>;
}
