import { Outage } from "../kernel/outage.ts";

/** A feed that is late again and again is told of this often at most, in milliseconds. */
const PAUSE_MS = 60_000;

/**
 * Tells operators that an isolate cannot read the edge feed: one line when that begins and one when it is over, however
 * many requests meet it. A route that goes on meanwhile (`onStale`) refuses nobody, so nothing else would show it.
 */
export class FeedOutageLog {
  /** When the outage began that the log knows of and that is not over. */
  #toldSinceMs: number | null = null;
  #lastToldMs = Number.NEGATIVE_INFINITY;

  /** A pull failed or came too late; `ageMs` is what the isolate's picture had reached by then, infinite where it has none. */
  failed(error: unknown, nowMs: number, ageMs: number): void {
    const isPausing = nowMs >= this.#lastToldMs && nowMs - this.#lastToldMs < PAUSE_MS;
    if (this.#toldSinceMs !== null || isPausing) return;
    this.#toldSinceMs = nowMs;
    this.#lastToldMs = nowMs;
    const isLate = error instanceof Outage && error.cause === "deadline";
    const snapshot_age_ms = Number.isFinite(ageMs) ? ageMs : null;
    const fields = { event: "edge_feed_unavailable", cause: isLate ? "deadline" : "failed", snapshot_age_ms };
    console.error(JSON.stringify({ time: timeOf(nowMs), level: "error", ...fields }));
  }

  /** A whole pull came in that began at `startedMs`. */
  succeeded(startedMs: number): void {
    if (this.#toldSinceMs === null) return;
    const fields = { event: "edge_feed_recovered", since: timeOf(this.#toldSinceMs) };
    this.#toldSinceMs = null;
    console.info(JSON.stringify({ time: timeOf(startedMs), level: "info", ...fields }));
  }
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
