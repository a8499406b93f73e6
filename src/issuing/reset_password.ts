import { err, ok, type Result } from "../kernel/result.ts";
import type { UserRecord } from "../ports/users.ts";
import { normaliseEmail } from "../protocol/email_address.ts";
import type { UserId } from "../protocol/ids.ts";
import { passwordChangedText } from "../protocol/mail_texts.ts";
import { attemptOf, loginName, welcome } from "./guess_budgets.ts";
import { hashLinkToken, mailSender } from "./mail_person.ts";
import { changeUser, judgePassword, knownAbout, type PasswordRefused } from "./new_password.ts";
import type { People, Visitor } from "./people.ts";

/** The link was used, is too old, or never was one: all look alike. */
export interface DeadLink {
  readonly kind: "link_dead";
}

export interface PasswordReset {
  readonly user: UserId;
  /** What this browser is known by from now on, though strangers may have locked the name: the owner's way back in. */
  readonly browser: string;
}

/**
 * Sets the password of whoever was mailed `token`, confirms their address, and ends every session and grant. A password that cannot be
 * set does not use the link up; the link ends in the transaction that sets one. Throws `Busy` and `Outage`.
 *
 * Everything is ended twice. Before: a reset that cannot end what a thief has open changes nothing, and its link still
 * works. After: what was opened with the old password in between ends too.
 */
export async function resetPassword(
  { token, password }: { readonly token: string; readonly password: string },
  visitor: Visitor,
  people: People,
  nowMs: number,
): Promise<Result<PasswordReset, DeadLink | PasswordRefused>> {
  const hash = await hashLinkToken(token);
  const link = await people.links.peek(hash, "reset_password", nowMs);
  const user = link === null ? null : await people.users.find(link.user);
  // Whoever reads the mail of an address that the account has left is not its owner any more.
  if (link === null || user === null || !isSame(link.email, user.email)) return err({ kind: "link_dead" });
  const judged = judgePassword(password, knownAbout(user), people);
  if (!judged.ok) return err({ kind: "password_refused", fault: judged.error });
  const passwordHash = await people.passwords.hash(judged.value);
  await people.accounts.endEverything(user.id, "password_reset", null, nowMs);
  // What was begun with the old password: whoever knew it must not have the account moved to a mailbox of theirs.
  await people.links.forget(user.id, "change_email");
  const change = ({ email }: UserRecord) => (isSame(email, link.email) ? { passwordHash, emailVerified: true } : null);
  const changed = await changeUser(user.id, change, people, nowMs, { hash, purpose: "reset_password" });
  if (changed === null) return err({ kind: "link_dead" });
  await people.accounts.endEverything(user.id, "password_reset", null, nowMs);
  await people.mail.send({ to: changed.email, ...passwordChangedText(mailSender(people)) }, nowMs);
  const attempt = await attemptOf(loginName(changed.email), visitor, people);
  return ok({ user: user.id, browser: await welcome(attempt, people, nowMs) });
}

/** A link proves the one address that it went to: not another one that the account was given since. */
export function isSame(one: string, other: string): boolean {
  const normalised = normaliseEmail(one);
  return normalised !== null && normalised === normaliseEmail(other);
}
