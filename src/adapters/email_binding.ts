import { Outage, orOutage } from "../kernel/outage.ts";
import type { MailMessage } from "../ports/mail.ts";
import type { MailCarrier } from "../ports/mail_queue.ts";

const DEADLINE_MS = 15_000;

/** Whom mail is from. */
export interface MailOrigin {
  /** An address whose domain the account may send for. */
  readonly email: string;
  readonly name: string;
}

/**
 * Mail by Cloudflare's `send_email` binding, which writes the headers itself: nothing of ours is spliced into a header. Of what
 * goes wrong only the platform's code is kept, for its words may quote the recipient.
 */
export class EmailBinding implements MailCarrier {
  readonly #binding: SendEmail;
  readonly #from: MailOrigin;

  constructor(binding: SendEmail, from: MailOrigin) {
    this.#binding = binding;
    this.#from = from;
  }

  async carry({ to, subject, text }: MailMessage): Promise<void> {
    await orOutage("email", DEADLINE_MS, async () => {
      try {
        await this.#binding.send({ from: { ...this.#from }, to, subject, text });
      } catch (error) {
        throw new Outage("email", { cause: codeOf(error) });
      }
    });
  }
}

function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error && "code" in error ? error.code : null;
  if (typeof code === "string" && /^[A-Z0-9_]{1,60}$/.test(code)) return code;
  return error instanceof Error ? error.name : "not an Error";
}
