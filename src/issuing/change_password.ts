import { err, ok, type Result } from "../kernel/result.ts";
import type { UserRecord } from "../ports/users.ts";
import { passwordChangedText } from "../protocol/mail_texts.ts";
import { afterwards, betweenProvenEnds } from "./between_ends.ts";
import type { CurrentSession } from "./current_session.ts";
import { attemptOf, deciding, loginName, type Throttled, welcome } from "./guess_budgets.ts";
import { mailSender } from "./mail_person.ts";
import { changeUser, judgePassword, knownAbout, type PasswordRefused } from "./new_password.ts";
import { type OpenedSession, openSession, type SessionRefusal } from "./open_session.ts";
import type { People, Visitor } from "./people.ts";
import { provePassword, type WrongCredentials } from "./sign_in.ts";

/**
 * Something else ended everything of the person since the old password was proven, and nothing was changed: an operator, and this
 * session is over too; or another change of the password in this very session.
 */
export interface SupersededChange {
  readonly kind: "superseded";
}

export type PasswordChangeFault = WrongCredentials | Throttled | PasswordRefused | SupersededChange;

export interface PasswordChanged {
  /**
   * In the place of the session that it was changed in: a new id after a change of privilege. Null where the account could not be
   * asked for it once the password was changed: this session goes on then. Null as well where it was refused.
   */
  readonly session: OpenedSession | null;
  /**
   * Why no new session was opened: the account was disabled, or something else has ended everything since the proof. This session
   * goes on only where that spared it, as another change of the password in it does.
   */
  readonly unopened: SessionRefusal | null;
  /** What this browser is known by from now on; null where the guesses could not be asked. */
  readonly browser: string | null;
  /** Which dependencies failed once the password was changed: for the log alone. */
  readonly unfinished: readonly string[];
}

/**
 * Changes the password of who is signed in. The old one is asked for and counted like a sign-in, for an open browser must not be
 * a place to guess it. Every other session and every grant ends, once before the change and once after it (`betweenProvenEnds`), and the
 * owner is told by mail, in the transaction of the change. Throws `Busy` and `Outage`.
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
    if (!changed.ok) return changed;
    const { unfinished } = changed.value;
    const browser = await afterwards(unfinished, () => welcome(attempt, people, nowMs));
    return ok({ ...changed.value, browser });
  });
}

interface Replaced extends Pick<PasswordChanged, "session" | "unopened"> {
  readonly unfinished: string[];
}

async function replacePassword(
  { user, session }: CurrentSession,
  { current, next }: { readonly current: string; readonly next: string },
  visitor: Visitor,
  people: People,
  nowMs: number,
): Promise<Result<Replaced, WrongCredentials | SupersededChange>> {
  const proof = await provePassword(current, user, people, nowMs);
  if (!proof.ok) return proof;
  const passwordHash = await people.passwords.hash(next);
  const { provenAtEpoch } = proof.value;
  const proven = proof.value.user.passwordHash;
  // Not over a password that somebody set meanwhile: whoever knew the old one has been shut out by it.
  const change = (now: UserRecord) => (now.passwordHash === proven ? { passwordHash } : null);
  const news = ({ email }: UserRecord) => [{ to: email, ...passwordChangedText(mailSender(people)) }];
  const everything = { user: user.id, reason: "password_changed", except: session.id } as const;
  const made = await betweenProvenEnds(everything, provenAtEpoch, people, nowMs, async () => {
    await people.links.forget(user.id, "change_email");
    return changeUser(user.id, change, people, nowMs, { news });
  });
  if (made === "superseded") return err({ kind: "superseded" });
  const { outcome, unfinished } = made;
  if (outcome === null) return err({ kind: "wrong", loggedReason: "proof_superseded", loggedUser: user.id });
  // The account makes the second end later, and would end what is opened now: this session is the one that it spares.
  if (unfinished.length > 0) return ok({ session: null, unopened: null, unfinished });
  // Under the epoch that the second end has made: whatever else has ended everything since the proof shuts this one out too.
  const open = () => openSession(user.id, visitor, session.id, provenAtEpoch + 2, people, nowMs);
  const opened = await afterwards(unfinished, open);
  if (opened === null) return ok({ session: null, unopened: null, unfinished });
  // The password is the new one all the same, and that is what is told.
  return ok({
    ...(opened.ok ? { session: opened.value, unopened: null } : { session: null, unopened: opened.error }),
    unfinished,
  });
}
