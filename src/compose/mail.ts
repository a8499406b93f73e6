import { carriedMail, remoteMailCourier } from "../adapters/carried_mail.ts";
import { D1AddressChanges } from "../adapters/d1/address_changes.ts";
import { D1Consents } from "../adapters/d1/consents.ts";
import { D1MailOutbox, d1MailRecords } from "../adapters/d1/mail_outbox.ts";
import { D1SecurityEvents } from "../adapters/d1/security_events.ts";
import { D1Users } from "../adapters/d1/users.ts";
import { EmailBinding } from "../adapters/email_binding.ts";
import { type Bindings, DeploymentFault, need } from "../bindings.ts";
import type { CompiledConfig } from "../config/compile.ts";
import { logEvent } from "../http/log.ts";
import { accountAlerts } from "../issuing/account_alerts.ts";
import { isLoopbackHost } from "../kernel/loopback.ts";
import type { MailCourierWiring } from "../objects/mail_courier.ts";
import type { AccountEvents } from "../ports/account_events.ts";
import type { AddressChanges } from "../ports/address_changes.ts";
import type { Mail } from "../ports/mail.ts";
import type { MailCourier } from "../ports/mail_queue.ts";
import type { MailRecords } from "../ports/operator_records.ts";
import type { MailSender } from "../protocol/mail_texts.ts";

/*
 * The wiring of mail: where it is kept, what carries it on, and who hears of what happens to an account. Without the
 * binding EMAIL nothing carries it: it stays in D1.
 */

/** Where use cases hand mail in. */
export function composeMail(bindings: Bindings): Mail {
  const outbox = new D1MailOutbox(need(bindings, "DB"));
  if (emailBinding(bindings) === null) return outbox;
  return carriedMail(outbox, mailCourier(bindings));
}

/** What moves users to other addresses, and tells them. */
export function composeAddressChanges(bindings: Bindings): AddressChanges {
  return new D1AddressChanges(need(bindings, "DB"), mailWaker(bindings));
}

/** Whom to tell before a mail is written with something else; null where nothing carries mail on. */
export function mailWaker(bindings: Bindings): MailCourier | null {
  return emailBinding(bindings) === null ? null : mailCourier(bindings);
}

/**
 * Mail as operators see it. Its texts hold links that make whoever follows them the account's owner, so they are shown on a
 * developer's own machine alone: where nothing carries mail on, and the issuer is on loopback.
 */
export function composeMailRecords(bindings: Bindings, { issuer }: CompiledConfig): MailRecords {
  const isDevelopment = bindings.EMAIL === null && isLoopbackHost(new URL(issuer.url).hostname);
  return d1MailRecords(need(bindings, "DB"), isDevelopment);
}

/** What carries mail on; null where nothing does. */
export function composeMailCourier(bindings: Bindings, { issuer }: CompiledConfig): MailCourierWiring | null {
  const email = emailBinding(bindings);
  if (email === null) return null;
  const carrier = new EmailBinding(email.binding, { email: email.from, name: issuer.branding.name });
  return { queue: new D1MailOutbox(need(bindings, "DB")), carrier };
}

/** Who hears of what happens to an account. */
export function composeAccountEvents(bindings: Bindings, config: CompiledConfig): AccountEvents {
  const securityEvents = new D1SecurityEvents(need(bindings, "DB"));
  return accountAlerts({
    users: new D1Users(need(bindings, "DB")),
    mail: composeMail(bindings),
    consents: new D1Consents(need(bindings, "DB")),
    sender: mailSender(config),
    record: (events) => securityEvents.record(events),
    log: ({ id, kind, reason, userId, grantId, clientId, atMs }) =>
      logEvent("security_event", {
        event_id: id,
        kind,
        reason,
        user_id: userId,
        grant_id: grantId,
        client_id: clientId,
        at: new Date(atMs).toISOString(),
      }),
    clock: () => Date.now(),
  });
}

/** Who writes mails here. */
export function mailSender({ issuer: { url, branding, passwords } }: CompiledConfig): MailSender {
  return { issuerUrl: url, brandName: branding.name, linkSeconds: passwords.linkSeconds };
}

function mailCourier(bindings: Bindings): MailCourier {
  return remoteMailCourier(() => need(bindings, "MAILS").getByName("one"));
}

function emailBinding({ EMAIL: binding, MAIL_FROM: from }: Bindings) {
  if (binding !== null && from !== null) return { binding, from };
  if (binding !== null || from !== null) throw new DeploymentFault("EMAIL and MAIL_FROM go together");
  return null;
}
