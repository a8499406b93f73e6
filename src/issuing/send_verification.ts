import { err, ok, type Result } from "../kernel/result.ts";
import type { UserRecord } from "../ports/users.ts";
import { verifyEmailText } from "../protocol/mail_texts.ts";
import { addressKey, loginName, recipientKey, type Throttled } from "./guess_budgets.ts";
import { mailLink } from "./mail_person.ts";
import type { People, Visitor } from "./people.ts";

/**
 * Mails who is signed in another link to confirm their address. Both budgets are told of here: the address is the person's own.
 * Throws `Outage`.
 */
export async function sendVerification(
  user: Pick<UserRecord, "id" | "email">,
  visitor: Visitor,
  people: People,
  nowMs: number,
): Promise<Result<null, Throttled>> {
  const { guesses } = people;
  const wait =
    (await guesses.take("mails_by_address", await addressKey(visitor, people), nowMs)) ??
    (await guesses.take("mails_to_recipient", await recipientKey(loginName(user.email), people), nowMs));
  if (wait !== null) return err({ kind: "throttled", ...wait });
  await mailLink({ user: user.id, email: user.email }, "verify_email", verifyEmailText, people, nowMs);
  return ok(null);
}
