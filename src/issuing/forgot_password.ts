import { err, ok, type Result } from "../kernel/result.ts";
import { parseEmail } from "../protocol/email_address.ts";
import { newUserId } from "../protocol/ids.ts";
import { noAccountText, resetPasswordText } from "../protocol/mail_texts.ts";
import { addressKey, recipientKey, type Throttled } from "./guess_budgets.ts";
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
 */
export async function forgotPassword(
  text: string,
  visitor: Visitor,
  people: People,
  nowMs: number,
): Promise<Result<ForgotPassword, Throttled>> {
  const wait = await people.guesses.take("mails_by_address", await addressKey(visitor, people), nowMs);
  if (wait !== null) return err({ kind: "throttled", ...wait });
  const email = parseEmail(text);
  if (email === null) return ok({ loggedOutcome: "email_invalid" });
  const recipient = await recipientKey(email.normalised, people);
  // Alike for every address, and said to nobody: it would only tell that somebody else asked as well.
  if ((await people.guesses.take("mails_to_recipient", recipient, nowMs)) !== null) {
    return ok({ loggedOutcome: "recipient_throttled" });
  }
  const user = await people.users.findByEmail(email.normalised);
  const to = { user: user?.id ?? newUserId(people.random), email: user?.email ?? email.written };
  await mailLink(to, "reset_password", user === null ? noAccountText : resetPasswordText, people, nowMs);
  return ok({ loggedOutcome: user === null ? "no_account" : "reset_mailed" });
}
