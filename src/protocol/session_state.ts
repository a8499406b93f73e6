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
