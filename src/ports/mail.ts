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
    | "invitation";
  readonly subject: string;
  /** Plain text. */
  readonly text: string;
}

/** Takes mail in for sending: once this resolves it is not lost. Throws `Outage`. */
export interface Mail {
  send(message: MailMessage, nowMs: number): Promise<void>;
}
