import type { FeedEntry } from "./edge_feed.ts";
import type { SessionId } from "./ids.ts";

/** How long a browser session lasts. All in milliseconds; times in Unix milliseconds. */
export interface SessionTimes {
  readonly lastSeenAtMs: number;
  readonly idleMs: number;
  readonly absoluteEndMs: number;
}

/** A look at a session is worth a write once a minute, or often enough for a shorter idle time to slide. */
const SEEN_MS = 60_000;

/** When the session ends unless it is used again. */
export function sessionEndsAtMs({ lastSeenAtMs, idleMs, absoluteEndMs }: SessionTimes): number {
  return Math.min(lastSeenAtMs + idleMs, absoluteEndMs);
}

/** Whether being seen at `nowMs` has to be written. */
export function isSeenAnew({ lastSeenAtMs, idleMs }: SessionTimes, nowMs: number): boolean {
  return nowMs - lastSeenAtMs >= Math.min(SEEN_MS, idleMs / 4);
}

/** How long the gate may go on with one answer about a session, in milliseconds: a sign-out that it does not hear of ends it then. */
export const SESSION_ANSWER_MS = 60_000;
/** What an answer may be late, and clocks may differ by. */
const ANSWER_MARGIN_MS = 60_000;
/** A session near its end is asked about more often, but no more than this. */
const LEAST_ANSWER_MS = 1_000;

/**
 * Until when the gate may go on with an answer of `askedAtMs` about a session that ends at `endsAtMs`: half of what is left at the most, so that
 * whoever goes on using a session is seen before it ends from idleness.
 */
export function answerEndsAtMs(endsAtMs: number, askedAtMs: number): number {
  const half = Math.max(LEAST_ANSWER_MS, (endsAtMs - askedAtMs) / 2);
  return Math.min(endsAtMs, askedAtMs + Math.min(SESSION_ANSWER_MS, half));
}

/** Ends what gates hold of a session that is over. An id is never used again. */
export function sessionEntry(id: SessionId, nowMs: number): FeedEntry {
  return { kind: "session", id, epoch: 1, untilMs: nowMs + SESSION_ANSWER_MS + ANSWER_MARGIN_MS };
}
