import { toBase64url } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { parseEmail } from "../protocol/email_address.ts";
import type { UserId } from "../protocol/ids.ts";
import { addressInUseText, changeEmailText, emailChangedText } from "../protocol/mail_texts.ts";
import { afterwards } from "./between_ends.ts";
import type { CurrentSession } from "./current_session.ts";
import { attemptOf, deciding, loginName, type Throttled, takeByAddress, welcome } from "./guess_budgets.ts";
import { takeMailOfAccount } from "./mail_budgets.ts";
import { type Addressee, hashLinkToken, mailLink, mailSender } from "./mail_person.ts";
import { moveAddress } from "./move_address.ts";
import type { People, Visitor } from "./people.ts";
import { type DeadLink, isSame } from "./reset_password.ts";
import { provePassword, type WrongCredentials } from "./sign_in.ts";

/** What a person enters. */
export interface EmailChangeEntry {
  readonly email: string;
  readonly password: string;
}

export type EmailChangeFault =
  | { readonly kind: "email_invalid" }
  /** It is the account's already. */
  | { readonly kind: "email_same" }
  | WrongCredentials
  | Throttled;

/** What the person is told: look into the mail of that address. */
export interface EmailChangeAsked {
  /** What this browser is known by from now on: the password was right. */
  readonly browser: string;
  /** For the log alone. */
  readonly loggedOutcome: "change_mailed" | "address_in_use";
}

/**
 * Begins a change of address for who is signed in: mails a link to the new address, and changes nothing. The password is asked for and
 * counted like a sign-in: whoever finds a browser open must not get the account by its mailbox. Answer, work and budgets are the
 * same whether the address has an account or not; only who reads its mail learns which, and an account's owner gets the
 * link of `registerUser`'s. The mails are counted in a budget that neither strangers nor, but for the mailbox's wide one, other accounts
 * can use up. Throws `Busy` and `Outage`.
 */
export async function askEmailChange(
  { user }: CurrentSession,
  { email: text, password }: EmailChangeEntry,
  visitor: Visitor,
  people: People,
  nowMs: number,
): Promise<Result<EmailChangeAsked, EmailChangeFault>> {
  const email = parseEmail(text);
  if (email === null) return err({ kind: "email_invalid" });
  if (isSame(email.normalised, user.email)) return err({ kind: "email_same" });
  const attempt = await attemptOf(loginName(user.email), visitor, people);
  const wait = await people.guesses.begin(attempt, nowMs);
  if (wait !== null) return err({ kind: "throttled", ...wait });
  return deciding(attempt, people, nowMs, async () => {
    const proof = await provePassword(password, user, people, nowMs);
    if (!proof.ok) return proof;
    const mailWait =
      (await takeByAddress("mails_by_address", visitor, people, nowMs)) ??
      (await takeMailOfAccount(user.id, email.normalised, people, nowMs));
    if (mailWait !== null) {
      // The password was right. No new name for the browser: it is not told here, and would take the place of the one that it has.
      await people.guesses.succeeded(attempt, nowMs);
      return err({ kind: "throttled", ...mailWait });
    }
    const owner = await people.users.findByEmail(email.normalised);
    if (owner === null) {
      await mailLink({ user: user.id, email: email.written }, "change_email", changeEmailText, people, nowMs);
    } else {
      await mailLink({ user: owner.id, email: owner.email }, "reset_password", addressInUseText, people, nowMs);
    }
    const browser = await welcome(attempt, people, nowMs);
    return ok({ browser, loggedOutcome: owner === null ? "change_mailed" : "address_in_use" });
  });
}

/** Why the address stays as it is. */
export type EmailConfirmFault =
  | DeadLink
  /** The link is another account's than the one that is signed in. */
  | { readonly kind: "other_account" }
  /** Somebody else has the address since the link was mailed. */
  | { readonly kind: "email_taken" };

export interface EmailChanged {
  readonly user: UserId;
  readonly eventId: string;
  /** What this browser is known by under the new name; null where the guesses could not be asked. */
  readonly browser: string | null;
  /** Which dependencies failed once the address was changed: for the log alone. */
  readonly unfinished: readonly string[];
}

/** Whose link it is, where it would work now in this session. Changes nothing. */
export async function readEmailChange(
  token: string,
  person: CurrentSession,
  { links }: Pick<People, "links">,
  nowMs: number,
): Promise<Result<Addressee, DeadLink | { readonly kind: "other_account" }>> {
  const link = await links.peek(await hashLinkToken(token), "change_email", nowMs);
  if (link === null) return err({ kind: "link_dead" });
  return link.user === person.user.id ? ok(link) : err({ kind: "other_account" });
}

/**
 * Moves the account of who is signed in to the address that `token` was mailed to. Both are asked for, the mailbox and the
 * session: else somebody who presses a button in a stranger's mail would lend that stranger's account their address, which
 * other sites take for proof of who signs in. The address that the account leaves is told in the same transaction, with a
 * link that takes it back. Other sessions go on (decision 012). Throws `Outage`.
 */
export async function confirmEmailChange(
  token: string,
  person: CurrentSession,
  visitor: Visitor,
  people: People,
  nowMs: number,
): Promise<Result<EmailChanged, EmailConfirmFault>> {
  const read = await readEmailChange(token, person, people, nowMs);
  if (!read.ok) return read;
  const link = read.value;
  const { emailUndoSeconds } = people.settings.passwords;
  const undoToken = toBase64url(people.random(32));
  const undoHash = await hashLinkToken(undoToken);
  const expiresAtMs = nowMs + emailUndoSeconds * 1_000;
  const moved = await moveAddress(
    link.user,
    { email: link.email },
    { hash: await hashLinkToken(token), purpose: "change_email" },
    ({ id: user, email }) => ({
      mails: [{ to: email, ...emailChangedText(mailSender(people), undoToken, emailUndoSeconds) }],
      undo: { hash: undoHash, purpose: "undo_email_change", user, email, createdAtMs: nowMs, expiresAtMs },
      outdoesUnconfirmed: false,
    }),
    people,
    nowMs,
  );
  if (moved.kind !== "moved") return err({ kind: moved.kind });
  // Attempts are counted by name: the new one gets to know this browser, as the old one did.
  const attempt = await attemptOf(loginName(moved.user.email), visitor, people);
  const unfinished: string[] = [];
  const browser = await afterwards(unfinished, () => welcome(attempt, people, nowMs));
  return ok({ user: moved.user.id, eventId: moved.eventId, browser, unfinished });
}
