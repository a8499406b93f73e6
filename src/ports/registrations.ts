import type { LinkPurpose } from "./action_links.ts";
import type { MailMessage } from "./mail.ts";
import type { UserRecord } from "./users.ts";

/** What a link is for, and the mail that it goes with. */
export interface LinkMail extends Omit<MailMessage, "to"> {
  readonly purpose: LinkPurpose;
}

/** A registration that was let through. */
export interface Registration {
  readonly user: UserRecord;
  readonly normalisedEmail: string;
  /** The hash of the link's secret, and when the link ends, in Unix milliseconds. */
  readonly link: { readonly hash: string; readonly expiresAtMs: number };
  /** For whoever registered, where the address had no account. */
  readonly welcome: LinkMail;
  /** For the account that has the address, at the address as it is written there. */
  readonly taken: LinkMail;
}

/** Takes registrations in. Throws `Outage`. */
export interface Registrations {
  /**
   * Makes the user, the link and the mail, or for an address that has an account the link and the mail alone: all of it or nothing, in one
   * transaction. Either writes once, for a store takes time for what it writes, and time must not tell which it was.
   */
  commit(registration: Registration, nowMs: number): Promise<"registered" | "address_in_use">;
}
