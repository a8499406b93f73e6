import type { ActionLink } from "./action_links.ts";

/** A mail to be sent. No secret but the one link that it is about. */
export interface MailMessage {
  readonly to: string;
  readonly kind:
    | "verify_email"
    | "reset_password"
    | "password_changed"
    | "suspected_theft"
    | "address_in_use"
    | "no_account"
    | "invitation"
    | "change_email"
    | "email_changed"
    | "api_key_leaked"
    | "email_change_undone";
  readonly subject: string;
  /** Plain text. */
  readonly text: string;
}

/** Takes mail in for sending: once this resolves it is not lost. Throws `Outage`. */
export interface Mail {
  /** With `onceKey`, a message is taken in once, however often it comes. */
  send(message: MailMessage, nowMs: number, onceKey?: string): Promise<void>;
  /**
   * The same with the link that it is about, in one transaction: neither is there without the other. A link of a user that does not exist is
   * not kept, and its mail is: one write either way, for a store takes time for those alone.
   */
  sendLink(link: ActionLink, message: MailMessage, nowMs: number): Promise<void>;
}
