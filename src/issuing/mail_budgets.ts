import type { MailKind } from "../ports/guesses.ts";
import { untagged } from "../protocol/email_address.ts";
import type { UserId } from "../protocol/ids.ts";
import { recipientKey } from "./guess_budgets.ts";
import type { People } from "./people.ts";

type Counting = Pick<People, "guesses" | "secrets">;
type Wait = { readonly retryAfterSeconds: number } | null;

/** What strangers may have mailed to an address they name. Mails that only a signed-in account can ask for: `takeMailOfAccount`. */
type StrangersMail = Exclude<MailKind, "address_changes">;

/**
 * Takes a mail of one kind to one recipient. Kinds do not share: asking for a reset link must not use up what a registration needs.
 *
 * Addresses with a tag (`me+shop@`) share one mailbox, and a wider budget beside their own, so that made-up tags are no way to flood it.
 * The plain address is no part of that: strangers' tags must not keep it waiting. Nor are tagged ones that an account has
 * `confirmed`: strangers cannot make such, so their own budgets bound them; the wider one is asked all the same, for
 * equal work. The recipient comes first: what it refuses must not use up the mailbox. Throws `Outage`.
 */
export async function takeMail(
  kind: StrangersMail,
  { email, confirmed }: { readonly email: string; readonly confirmed: boolean },
  people: Counting,
  nowMs: number,
): Promise<Wait> {
  const { guesses } = people;
  const wait = await guesses.take(`${kind}_to_recipient`, await recipientKey(email, people), nowMs);
  const mailbox = untagged(email);
  if (wait !== null || mailbox === email) return wait;
  const mailboxWait = await guesses.take(`${kind}_to_mailbox`, await recipientKey(mailbox, people), nowMs);
  return confirmed ? null : mailboxWait;
}

/**
 * Takes a mail that lets `account` move to an address. It is counted by account and recipient, for its link works for that account
 * alone: another's must not use it up. What all accounts together may send to a mailbox is the wider budget, whoever
 * has the address. Throws `Outage`.
 */
export async function takeMailOfAccount(
  account: UserId,
  email: string,
  people: Counting,
  nowMs: number,
): Promise<Wait> {
  const own = await recipientKey(`${account} ${email}`, people);
  return (
    (await people.guesses.take("address_changes_to_recipient", own, nowMs)) ??
    (await people.guesses.take("address_changes_to_mailbox", await recipientKey(untagged(email), people), nowMs))
  );
}
