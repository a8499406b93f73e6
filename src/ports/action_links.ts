import type { UserId } from "../protocol/ids.ts";

export type LinkPurpose = "verify_email" | "reset_password";

/** Single-use links that were mailed, known by the hash of their secret. Throws `Outage`. */
export interface ActionLinks {
  insert(link: {
    readonly hash: string;
    readonly purpose: LinkPurpose;
    readonly user: UserId;
    /** The address that the link was mailed to: proof of that one alone. */
    readonly email: string;
    readonly expiresAtMs: number;
  }): Promise<void>;
  /** Whether a link would work now; changes nothing. */
  peek(
    hash: string,
    purpose: LinkPurpose,
    nowMs: number,
  ): Promise<{ readonly user: UserId; readonly email: string } | null>;
  /** Spends the link: at most one caller ever gets the answer. Every other link of the same user and purpose dies with it. */
  spend(
    hash: string,
    purpose: LinkPurpose,
    nowMs: number,
  ): Promise<{ readonly user: UserId; readonly email: string } | null>;
}
