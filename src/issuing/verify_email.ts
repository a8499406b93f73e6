import { err, ok, type Result } from "../kernel/result.ts";
import type { UserRecord } from "../ports/users.ts";
import type { UserId } from "../protocol/ids.ts";
import { afterwards } from "./between_ends.ts";
import { attemptOf, deciding, loginName, type Throttled, welcome } from "./guess_budgets.ts";
import { hashLinkToken } from "./mail_person.ts";
import { changeUser } from "./new_password.ts";
import type { People, Visitor } from "./people.ts";
import { provesRegistration } from "./registration_proof.ts";
import { type HumanFault, requireHuman } from "./require_human.ts";
import { type DeadLink, isSame } from "./reset_password.ts";
import { provePassword, type WrongCredentials } from "./sign_in.ts";

/** Who follows a mailed link. */
export interface Confirming {
  readonly token: string;
  /** What this browser has kept of a registration in it; null for nothing. */
  readonly proof: string | null;
}

/** Why an address is not confirmed. `password_wanted`: none was sent, and nothing was counted. */
export type ConfirmFault = DeadLink | WrongCredentials | Throttled | HumanFault | { readonly kind: "password_wanted" };

/** What is sent with the link, both empty or absent where nothing is asked for. */
export interface ConfirmingEntry extends Confirming {
  readonly password: string;
  /** What shows that a person is there. */
  readonly humanToken?: string | undefined;
}

export interface EmailVerified {
  readonly user: UserId;
  /** What this browser is known by from now on; null where no password was asked for, or the guesses could not be asked. */
  readonly browser: string | null;
  /** Which dependencies failed once the address was confirmed: for the log alone. */
  readonly unfinished: readonly string[];
}

/** What a link would confirm now, and whether the password is asked for; null where it does not work. Changes nothing. */
export async function readVerification(
  { token, proof }: Confirming,
  people: Pick<People, "links" | "secrets">,
  nowMs: number,
): Promise<{ readonly email: string; readonly asksPassword: boolean } | null> {
  const hash = await hashLinkToken(token);
  const link = await people.links.peek(hash, "verify_email", nowMs);
  if (link === null) return null;
  return { email: link.email, asksPassword: !(await provesRegistration(proof, hash, people)) };
}

/**
 * Confirms the address that `token` was mailed to, where it is still the account's. To be called on POST alone: what scans
 * mails opens links, and would confirm for a stranger.
 *
 * The link proves the mailbox, and not that its reader chose the password of the account: a stranger may have registered the address with a
 * password of their own, and would sign in once its owner had followed the link. So the password is asked for, counted like a
 * sign-in and behind the same check that a person is there, or the browser shows that the account was registered in it. Nothing else is confirmed, and the link stays good; who does
 * not know the password sets one by a reset, which confirms the address as well. Throws `Busy` and `Outage`.
 */
export async function verifyEmail(
  { token, proof, password, humanToken }: ConfirmingEntry,
  visitor: Visitor,
  people: People,
  nowMs: number,
): Promise<Result<EmailVerified, ConfirmFault>> {
  const hash = await hashLinkToken(token);
  const link = await people.links.peek(hash, "verify_email", nowMs);
  const user = link === null ? null : await people.users.find(link.user);
  if (link === null || user === null || !isSame(user.email, link.email)) return err({ kind: "link_dead" });
  // The password that was proven, and no other one that was set meanwhile.
  const change = (now: UserRecord) =>
    isSame(now.email, link.email) && now.passwordHash === user.passwordHash ? { emailVerified: true } : null;
  const confirm = () => changeUser(user.id, change, people, nowMs, { link: { hash, purpose: "verify_email" } });
  if (await provesRegistration(proof, hash, people)) {
    return (await confirm()) === null
      ? err({ kind: "link_dead" })
      : ok({ user: user.id, browser: null, unfinished: [] });
  }
  if (password === "") return err({ kind: "password_wanted" });
  const human = await requireHuman("login", user.email, humanToken, visitor, people, nowMs);
  if (!human.ok) return human;
  const attempt = await attemptOf(loginName(user.email), visitor, people);
  const wait = await people.guesses.begin(attempt, nowMs);
  if (wait !== null) return err({ kind: "throttled", ...wait });
  return deciding(attempt, people, nowMs, async () => {
    const proven = await provePassword(password, user, people, nowMs, "unconfirmed_too");
    if (!proven.ok) return proven;
    if ((await confirm()) === null) return err({ kind: "link_dead" });
    const unfinished: string[] = [];
    const browser = await afterwards(unfinished, () => welcome(attempt, people, nowMs));
    return ok({ user: user.id, browser, unfinished });
  });
}
