import { DurableObject } from "cloudflare:workers";
import { faultText } from "../kernel/fault_text.ts";
import type { MailCarrier, MailCourier, MailQueue, QueuedMail } from "../ports/mail_queue.ts";
import { nextTryMs } from "../protocol/mail_delivery.ts";

/** What the courier carries from and to; the composition gives it. */
export interface MailCourierWiring {
  readonly queue: MailQueue;
  readonly carrier: MailCarrier;
}

/** As many calls as a Worker may have waiting for their answers at once. */
const BATCH = 6;
/** So many batches in one alarm; what is left has another one at once. */
const ROUNDS = 50;
const SOON_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;

/** How long after the last announced mail the queue is looked into again and again: a slow write may come late. */
const WATCH_MS = 60_000;
const WATCH_UNTIL = "watch_until";

/**
 * The one carrier of mail. There is a single object and it works in its alarm alone, so that no request waits for mail and
 * no answer's time tells whether one was sent. A try is written down before it is made: a death in the middle costs that
 * try, and neither the mail nor the pause before the next one. A mail whose departure could not be noted goes out twice.
 */
export abstract class MailCourierObject<Env> extends DurableObject<Env> implements MailCourier {
  #failures = 0;

  /** Null where nothing carries mail on: it stays where it is. */
  protected abstract wire(): MailCourierWiring | null;

  async expect(): Promise<void> {
    this.ctx.storage.kv.put(WATCH_UNTIL, Date.now() + WATCH_MS);
    await this.#wakeBy(Date.now() + SOON_MS);
  }

  override async alarm(): Promise<void> {
    const nextMs = await this.#carryDue();
    const nowMs = Date.now();
    if (nextMs !== null) await this.#wakeBy(Math.max(nextMs, nowMs));
    const leftMs = (this.ctx.storage.kv.get<number>(WATCH_UNTIL) ?? 0) - nowMs;
    // Twice as late each time: what is written late is carried at most as much later again.
    if (leftMs > 0) await this.#wakeBy(nowMs + Math.min(leftMs, Math.max(SOON_MS, WATCH_MS - leftMs)));
  }

  /** Carries what is due. When the next mail is, or null; a queue that cannot be read is looked into again. */
  async #carryDue(): Promise<number | null> {
    try {
      const wiring = this.wire();
      if (wiring === null) return null;
      let carried = BATCH;
      for (let round = 0; round < ROUNDS && carried === BATCH; round++) {
        const mails = await wiring.queue.due(BATCH, Date.now());
        const outcomes = await Promise.allSettled(mails.map((mail) => tryMail(mail, wiring)));
        for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
        carried = mails.length;
      }
      const nextMs = await wiring.queue.nextDueMs();
      this.#failures = 0;
      return nextMs;
    } catch (error) {
      console.error(JSON.stringify({ event: "mail_queue_failed", error: faultText(error) }));
      this.#failures += 1;
      return Date.now() + Math.min(SOON_MS * 2 ** Math.min(this.#failures, 6), LONGEST_RETRY_MS);
    }
  }

  async #wakeBy(atMs: number): Promise<void> {
    const alarm = await this.ctx.storage.getAlarm();
    if (alarm === null || alarm > atMs) await this.ctx.storage.setAlarm(atMs);
  }
}

/** Throws where the queue fails. A carrier that fails costs this try alone: other mails may well go. */
async function tryMail(mail: QueuedMail, { queue, carrier }: MailCourierWiring): Promise<void> {
  const { seq, kind, tries } = mail;
  const nextMs = nextTryMs(mail, Date.now());
  if (nextMs === null) {
    await queue.giveUp(seq, Date.now());
    console.error(JSON.stringify({ event: "mail_given_up", mail: seq, kind, tries }));
    return;
  }
  await queue.countTry(seq, nextMs);
  try {
    await carrier.carry(mail);
  } catch (error) {
    console.error(JSON.stringify({ event: "mail_not_taken", mail: seq, kind, tries, error: faultText(error) }));
    return;
  }
  await queue.markSent(seq, Date.now());
}
