import { err, ok, type Result } from "../kernel/result.ts";
import type { UserRecord } from "../ports/users.ts";
import { normaliseEmail } from "../protocol/email_address.ts";
import type { UserId } from "../protocol/ids.ts";
import { passwordChangedText } from "../protocol/mail_texts.ts";
import { afterwards, betweenEnds } from "./between_ends.ts";
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
  readonly browser: string | null;
  /** Which dependencies failed once the password was set: for the log alone. Where it is `guesses`, there is no `browser`. */
  readonly unfinished: readonly string[];
}

/**
 * Sets the password of whoever was mailed `token`, confirms their address, and ends every session and grant. A password that cannot be
 * set does not use the link up; the link ends, and the owner is told by mail, in the transaction that sets one. Throws `Busy` and
 * `Outage`, and then the link still works, but for a transaction whose answer got lost.
 *
 * Everything is ended before and after it (`betweenEnds`). Browsers that were known by the name are strangers again, but for this
 * one: whoever signed in with a stolen password guesses on under no budget of their own.
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
  const change = ({ email }: UserRecord) => (isSame(email, link.email) ? { passwordHash, emailVerified: true } : null);
  const everything = { user: user.id, reason: "password_reset", except: null } as const;
  const { outcome: changed, unfinished } = await betweenEnds(everything, people, nowMs, async () => {
    // What was begun with the old password: whoever knew it must not have the account moved to a mailbox of theirs.
    await people.links.forget(user.id, "change_email");
    return changeUser(user.id, change, people, nowMs, {
      link: { hash, purpose: "reset_password" },
      news: ({ email }) => [{ to: email, ...passwordChangedText(mailSender(people)) }],
    });
  });
  if (changed === null) return err({ kind: "link_dead" });
  const attempt = await attemptOf(loginName(changed.email), visitor, people);
  const browser = await afterwards(unfinished, () => welcome(attempt, people, nowMs, "forget"));
  return ok({ user: user.id, browser, unfinished });
}

/** A link proves the one address that it went to: not another one that the account was given since. */
export function isSame(one: string, other: string): boolean {
  const normalised = normaliseEmail(one);
  return normalised !== null && normalised === normaliseEmail(other);
}
