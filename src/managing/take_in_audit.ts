import type { AuditStore, DeadLetter } from "../ports/audit.ts";
import type { AuditEvent } from "../protocol/audit_event.ts";

/** A message as its queue hands it over. */
export interface AuditMessage {
  readonly id: string;
  readonly attempts: number;
  readonly body: unknown;
  ack(): void;
  retry(options: { readonly delaySeconds: number }): void;
}

/** What the end of the trail is built from. */
export interface AuditIntake {
  readonly store: AuditStore;
  readonly parse: (body: unknown) => AuditEvent | null;
  /** Hears of messages that were put back. */
  readonly putBack: (messages: number, error: unknown) => void;
  /** Hears of messages that no version here can read. */
  readonly unreadable: (messageIds: readonly string[]) => void;
  /** Hears of an event that is near the end of its tries. */
  readonly endangered: (event: AuditEvent, error: unknown) => void;
}

const FIRST_PAUSE_SECONDS = 5;
const LONGEST_PAUSE_SECONDS = 900;
/** A dead letter is shown, not used: nobody needs all of a huge one. */
const MAX_LETTER = 16_384;

/**
 * Keeps what a queue delivers: events, and as dead letters what is none. Nothing is acknowledged before it is stored, all of a batch in one
 * transaction; while it cannot be stored, each message comes again, after pauses that grow to a quarter of an hour. A
 * message that comes twice is kept once. `isLastQueue`: behind this queue there is none, so that its events go to the log as well.
 */
export async function takeInAudit(
  messages: readonly AuditMessage[],
  isLastQueue: boolean,
  { store, parse, putBack, unreadable, endangered }: AuditIntake,
  nowMs: number,
): Promise<void> {
  const read = messages.map(({ id, body }) => ({ id, body, event: parse(body) }));
  const events = read.flatMap(({ event }) => (event === null ? [] : [event]));
  const letters = read.flatMap(({ id, body, event }) => (event === null ? [deadLetter(id, body, nowMs)] : []));
  try {
    await store.keep(events, letters);
  } catch (error) {
    for (const message of messages) message.retry({ delaySeconds: pauseSeconds(message.attempts) });
    putBack(messages.length, error);
    if (isLastQueue && messages.some(({ attempts }) => attempts === 1)) {
      for (const event of events) endangered(event, error);
    }
    return;
  }
  for (const message of messages) message.ack();
  if (letters.length > 0) unreadable(letters.map(({ messageId }) => messageId));
}

/** How long a message that was tried `attempts` times is left alone, in seconds. */
export function pauseSeconds(attempts: number): number {
  return Math.min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** Math.min(attempts - 1, 10));
}

function deadLetter(messageId: string, body: unknown, foundAtMs: number): DeadLetter {
  const json = JSON.stringify(body) ?? "null";
  return { messageId, foundAtMs, body: json.toWellFormed().slice(0, MAX_LETTER).toWellFormed() };
}
