import { err, ok, type Result } from "../kernel/result.ts";
import type { UserRecord } from "../ports/users.ts";
import { passwordChangedText } from "../protocol/mail_texts.ts";
import type { CurrentSession } from "./current_session.ts";
import { attemptOf, deciding, loginName, type Throttled, welcome } from "./guess_budgets.ts";
import { mailSender } from "./mail_person.ts";
import { changeUser, judgePassword, knownAbout, type PasswordRefused } from "./new_password.ts";
import { type OpenedSession, openSession } from "./open_session.ts";
import type { People, Visitor } from "./people.ts";
import { provePassword, type WrongCredentials } from "./sign_in.ts";

export type PasswordChangeFault = WrongCredentials | Throttled | PasswordRefused;

export interface PasswordChanged {
  /** In the place of the session that it was changed in: a new id after a change of privilege. */
  readonly session: OpenedSession;
  readonly browser: string;
}

/**
 * Changes the password of who is signed in. The old one is asked for and counted like a sign-in, for an open browser must not be
 * a place to guess it. Every other session and every grant ends, once before the change and once after it (see
 * `resetPassword`), and the owner is told by mail. Throws `Busy` and `Outage`.
 */
export async function changePassword(
  person: CurrentSession,
  { current, next }: { readonly current: string; readonly next: string },
  visitor: Visitor,
  people: People,
  nowMs: number,
): Promise<Result<PasswordChanged, PasswordChangeFault>> {
  const { user } = person;
  const judged = judgePassword(next, knownAbout(user), people);
  if (!judged.ok) return err({ kind: "password_refused", fault: judged.error });
  const attempt = await attemptOf(loginName(user.email), visitor, people);
  const wait = await people.guesses.begin(attempt, nowMs);
  if (wait !== null) return err({ kind: "throttled", ...wait });
  return deciding(attempt, people, nowMs, async () => {
    const changed = await replacePassword(person, { current, next: judged.value }, visitor, people, nowMs);
    return changed.ok ? ok({ session: changed.value, browser: await welcome(attempt, people, nowMs) }) : changed;
  });
}

async function replacePassword(
  { user, session }: CurrentSession,
  { current, next }: { readonly current: string; readonly next: string },
  visitor: Visitor,
  people: People,
  nowMs: number,
): Promise<Result<OpenedSession, WrongCredentials>> {
  const proof = await provePassword(current, user, people, nowMs);
  if (!proof.ok) return proof;
  const passwordHash = await people.passwords.hash(next);
  await people.accounts.endEverything(user.id, "password_changed", session.id, nowMs);
  const epoch = await people.accounts.epochOf(user.id, nowMs);
  const proven = proof.value.user.passwordHash;
  // Not over a password that somebody set meanwhile: whoever knew the old one has been shut out by it.
  const change = (now: UserRecord) => (now.passwordHash === proven ? { passwordHash } : null);
  const changed = await changeUser(user.id, change, people, nowMs);
  if (changed === null) return err({ kind: "wrong", loggedReason: "proof_superseded", loggedUser: user.id });
  await people.links.forget(user.id, "change_email");
  const opened = await openSession(user.id, visitor, session.id, epoch, people, nowMs);
  const kept = opened.ok ? opened.value.id : null;
  await people.accounts.endEverything(user.id, "password_changed", kept, nowMs);
  await people.mail.send({ to: changed.email, ...passwordChangedText(mailSender(people)) }, nowMs);
  return opened.ok ? opened : err({ kind: "wrong", loggedReason: opened.error, loggedUser: user.id });
}
