import { err, ok, type Result } from "../kernel/result.ts";
import { parseEmail } from "../protocol/email_address.ts";
import { newUserId } from "../protocol/ids.ts";
import { noAccountText, resetPasswordText } from "../protocol/mail_texts.ts";
import { attemptOf, loginName, type Throttled, takeByAddress } from "./guess_budgets.ts";
import { takeMail } from "./mail_budgets.ts";
import { mailLink } from "./mail_person.ts";
import type { People, Visitor } from "./people.ts";

/** For the log alone: the person is always told that a mail is on its way. */
export interface ForgotPassword {
  readonly loggedOutcome: "reset_mailed" | "no_account" | "recipient_throttled" | "email_invalid";
}

/**
 * Mails a link that sets a new password, or, where there is no account, that there is none. The answer is the same whatever the address
 * is, and so is the work for every address: one look, one link (for nobody, which is not kept), one mail. Only a
 * caller's own haste is told. A disabled account gets its link: a new password does not enable it. Throws `Outage`.
 *
 * Strangers may ask for anybody's link, and must neither flood a mailbox nor use up what its owner needs. So mails to one recipient are
 * spaced and never run out: while strangers ask on and on, a mail goes out each 12 minutes, and a link works for 15 (the
 * defaults). Whoever is sent nothing was sent a link less than 12 minutes ago, by whomever, which works still: this budget
 * is of nothing but reset links. Only an address with a tag that nobody has confirmed may wait longer (`takeMail`). A browser in which
 * the owner signed in before has a budget of its own and is mailed at once, whatever strangers and neighbours did.
 */
export async function forgotPassword(
  text: string,
  visitor: Visitor,
  people: People,
  nowMs: number,
): Promise<Result<ForgotPassword, Throttled>> {
  const email = parseEmail(text);
  const asOwner = email !== null && (await mayAsOwner(email.normalised, visitor, people, nowMs));
  if (!asOwner) {
    const wait = await takeByAddress("mails_by_address", visitor, people, nowMs);
    if (wait !== null) return err({ kind: "throttled", ...wait });
  }
  if (email === null) return ok({ loggedOutcome: "email_invalid" });
  const user = await people.users.findByEmail(email.normalised);
  if (!asOwner) {
    const recipient = { email: email.normalised, confirmed: user?.emailVerified ?? false };
    // Alike for every address, and said to nobody: it would only tell that somebody else asked as well.
    if ((await takeMail("mails", recipient, people, nowMs)) !== null)
      return ok({ loggedOutcome: "recipient_throttled" });
  }
  const to = { user: user?.id ?? newUserId(people.random), email: user?.email ?? email.written };
  await mailLink(to, "reset_password", user === null ? noAccountText : resetPasswordText, people, nowMs);
  return ok({ loggedOutcome: user === null ? "no_account" : "reset_mailed" });
}

/** Whether a browser in which this very name was signed in before still has something of its own budget; takes it. */
async function mayAsOwner(
  normalisedEmail: string,
  visitor: Visitor,
  people: Pick<People, "guesses" | "secrets">,
  nowMs: number,
): Promise<boolean> {
  if (visitor.knownBrowser === null) return false;
  const { name, knownBrowser } = await attemptOf(loginName(normalisedEmail), visitor, people);
  if (!(await people.guesses.knows({ name, knownBrowser }, nowMs))) return false;
  return (await people.guesses.take("mails_to_known_browser", `${name}:${knownBrowser}`, nowMs)) === null;
}
