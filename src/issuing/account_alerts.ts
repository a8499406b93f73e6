import type { AccountEvent, AccountEvents } from "../ports/account_events.ts";
import type { Consents } from "../ports/consents.ts";
import type { Mail } from "../ports/mail.ts";
import type { UserDirectory } from "../ports/users.ts";
import { type MailSender, suspectedTheftText } from "../protocol/mail_texts.ts";

/** Who hears of what happens to accounts. */
export interface Alerting {
  readonly users: Pick<UserDirectory, "find">;
  readonly mail: Pick<Mail, "send">;
  readonly consents: Pick<Consents, "forgetBefore">;
  readonly sender: MailSender;
  /** Keeps events for operators, each once. */
  readonly record: (events: readonly AccountEvent[]) => Promise<void>;
  /** One line of the log. */
  readonly log: (event: AccountEvent) => void;
  readonly clock: () => number;
}

/**
 * Tells everybody who has to hear of an account's events: operators, by record and log; the consents, which count no more once
 * everything has ended; and the person, by mail, where it looks as if somebody else had a key to their account. Record and mail take an event in once, however often it comes; the log's line may
 * come again, with the same id, after an answer that was lost.
 */
export function accountAlerts(parts: Alerting): AccountEvents {
  return {
    async notify(events) {
      const outcomes = await Promise.allSettled([
        parts.record(events),
        ...events.map((event) => forgetConsents(event, parts)),
        ...events.filter(looksLikeTheft).map((event) => warn(event, parts)),
      ]);
      for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
      for (const event of events) parts.log(event);
    },
  };
}

/** What was agreed before everything ended is honoured no more already; this only clears it away. */
async function forgetConsents(event: AccountEvent, { consents }: Pick<Alerting, "consents">): Promise<void> {
  if (event.kind === "everything_ended") await consents.forgetBefore({ user: event.userId, epoch: event.epoch });
}

/** The account says that one grant ended only where something was presented that should not have been about. */
function looksLikeTheft(event: AccountEvent): boolean {
  return event.kind === "grant_ended" || event.reason === "refresh_reuse";
}

/** A person who is gone meanwhile, or whom an operator shut out, is not written to. */
async function warn({ id, kind, userId }: AccountEvent, { users, mail, sender, clock }: Alerting): Promise<void> {
  const user = await users.find(userId);
  if (user === null || user.disabled) return;
  const text = suspectedTheftText(sender, kind === "grant_ended" ? "one_app" : "everything");
  await mail.send({ to: user.email, ...text }, clock(), id);
}
