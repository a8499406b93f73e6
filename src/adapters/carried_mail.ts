import { orOutage } from "../kernel/outage.ts";
import type { Mail } from "../ports/mail.ts";
import type { MailCourier } from "../ports/mail_queue.ts";

const COURIER_DEADLINE_MS = 5_000;

/** Mail that is carried on: `courier` is told to look before it is written to `outbox`, so that none lies there unseen. */
export function carriedMail(outbox: Mail, courier: MailCourier): Mail {
  return {
    async send(message, nowMs, onceKey) {
      await courier.expect();
      await outbox.send(message, nowMs, onceKey);
    },
    async sendLink(link, message, nowMs) {
      await courier.expect();
      await outbox.sendLink(link, message, nowMs);
    },
  };
}

/** The courier behind `stub`: each call makes its own, for a stub belongs to the request that made it. */
export function remoteMailCourier(stub: () => MailCourier): MailCourier {
  return { expect: () => orOutage("mail_courier", COURIER_DEADLINE_MS, () => stub().expect()) };
}
