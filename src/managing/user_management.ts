import { sha256Base64url, toBase64url } from "../kernel/bytes.ts";
import type { RandomBytes } from "../kernel/random.ts";
import type { Accounts, EndOutcome } from "../ports/accounts.ts";
import type { ActionLinks } from "../ports/action_links.ts";
import type { Mail, MailMessage } from "../ports/mail.ts";
import type { UserDirectory, UserRecord } from "../ports/users.ts";
import type { DeclaredAttributes } from "../protocol/attribute_values.ts";
import type { MailSender, MailText } from "../protocol/mail_texts.ts";
import type { Progress } from "./management.ts";

/**
 * What managing people is built from. Owns who has an account, with which roles, and whether it is open. Refuses to set a password:
 * an operator who could would be able to be anyone; what there is instead is a link that goes to the person.
 */
export interface UserManagement {
  readonly users: UserDirectory;
  readonly accounts: Accounts;
  readonly links: ActionLinks;
  readonly mail: Mail;
  readonly random: RandomBytes;
  /** What may be known of principals. */
  readonly attributes: DeclaredAttributes;
  readonly sender: MailSender;
}

/** How far what ended has come: the account tells the feed by itself. */
export function progressOf({ delivered }: Pick<EndOutcome, "delivered">): Progress {
  return delivered === "delivered" ? "announced" : "pending";
}

/** Mails `user` a link that sets a password. Only its hash is kept; the operator never sees it. */
export async function mailPasswordLink(
  user: Pick<UserRecord, "id" | "email">,
  write: (sender: MailSender, token: string) => MailText<MailMessage["kind"]>,
  { links, mail, random, sender }: Pick<UserManagement, "links" | "mail" | "random" | "sender">,
  nowMs: number,
): Promise<void> {
  const token = toBase64url(random(32));
  await links.insert({
    hash: await sha256Base64url(token),
    purpose: "reset_password",
    user: user.id,
    email: user.email,
    createdAtMs: nowMs,
    expiresAtMs: nowMs + sender.linkSeconds * 1_000,
  });
  await mail.send({ to: user.email, ...write(sender, token) }, nowMs);
}
