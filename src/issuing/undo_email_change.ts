import { err, ok, type Result } from "../kernel/result.ts";
import type { UserRecord } from "../ports/users.ts";
import { normaliseEmail } from "../protocol/email_address.ts";
import type { UserId } from "../protocol/ids.ts";
import { emailChangeUndoneText, passwordChangedText } from "../protocol/mail_texts.ts";
import { afterwards, betweenEnds } from "./between_ends.ts";
import { attemptOf, loginName, welcome } from "./guess_budgets.ts";
import { hashLinkToken, mailSender } from "./mail_person.ts";
import { type AddressNews, moveAddress } from "./move_address.ts";
import { judgePassword, knownAbout, type PasswordRefused } from "./new_password.ts";
import type { People, Visitor } from "./people.ts";
import { type DeadLink, isSame, type PasswordReset } from "./reset_password.ts";

/** Why the account is not taken back. */
export type UndoFault = DeadLink | PasswordRefused | { readonly kind: "email_taken" };

export interface EmailChangeUndone extends PasswordReset {
  readonly user: UserId;
  readonly eventId: string;
}

/**
 * Takes an account back for the address that it had before, with a new password: whoever moved it away knows the old one. The link went
 * to that address alone. Everything is ended twice and known browsers are forgotten, as in `resetPassword`, and every link by which the
 * address could be moved again is dead. The link itself ends in the transaction that takes the account back: a crash leaves it good. An
 * account that somebody registered under the old address meanwhile and could not confirm gives way. Throws `Busy` and `Outage`.
 */
export async function undoEmailChange(
  { token, password }: { readonly token: string; readonly password: string },
  visitor: Visitor,
  people: People,
  nowMs: number,
): Promise<Result<EmailChangeUndone, UndoFault>> {
  const hash = await hashLinkToken(token);
  const link = await people.links.peek(hash, "undo_email_change", nowMs);
  const user = link === null ? null : await people.users.find(link.user);
  if (link === null || user === null) return err({ kind: "link_dead" });
  const judged = judgePassword(password, knownAbout({ ...user, email: link.email }), people);
  if (!judged.ok) return err({ kind: "password_refused", fault: judged.error });
  if (await isAnothers(link.email, user.id, people)) return err({ kind: "email_taken" });
  const passwordHash = await people.passwords.hash(judged.value);
  const told = mailSender(people);
  const news = ({ email }: UserRecord): AddressNews => ({
    mails: [
      { to: link.email, ...passwordChangedText(told) },
      ...(isSame(email, link.email) ? [] : [{ to: email, ...emailChangeUndoneText(told) }]),
    ],
    undo: null,
    outdoesUnconfirmed: true,
  });
  const everything = { user: user.id, reason: "email_change_undone", except: null } as const;
  const { outcome: moved, unfinished } = await betweenEnds(everything, people, nowMs, async () => {
    await people.links.forget(user.id, "change_email");
    const back = { email: link.email, passwordHash };
    return moveAddress(user.id, back, { hash, purpose: "undo_email_change" }, news, people, nowMs);
  });
  if (moved.kind !== "moved") return err({ kind: moved.kind });
  const attempt = await attemptOf(loginName(moved.user.email), visitor, people);
  const browser = await afterwards(unfinished, () => welcome(attempt, people, nowMs, "forget"));
  return ok({ user: user.id, eventId: moved.eventId, browser, unfinished });
}

/** Whether somebody else has confirmed the address since, or was given it by an operator: asked before anything ends. */
async function isAnothers(email: string, user: UserId, { users }: Pick<People, "users">): Promise<boolean> {
  const holder = await users.findByEmail(normaliseEmail(email) ?? email);
  return holder !== null && holder.id !== user && (holder.emailVerified || holder.passwordHash === null);
}
