import type { Defer } from "../ports/edge_feed.ts";

/** A reading whose own request was cut off never settles: after this long, more than its deadlines, it is given up. */
const STUCK_MS = 10_000;
/** Readings that others may wait for: beyond so many each reads for itself. */
const MAX_SHARED = 1_000;

/**
 * Readings that are under way, by the name of what is read: whoever wants the same meanwhile waits for the one that runs. One goes on
 * when the request that began it is gone, and its failure is nobody's but theirs who waited for it.
 */
export class SharedReadings<T> {
  readonly #running = new Map<string, { readonly done: Promise<T>; readonly startedMs: number }>();

  /** What `read` tells of `name`, or what a reading of it tells that runs already. Rejects as the reading does. */
  join(name: string, nowMs: number, defer: Defer, read: () => Promise<T>): Promise<T> {
    const running = this.#running.get(name);
    if (running !== undefined && nowMs - running.startedMs < STUCK_MS) return running.done;
    const reading = { done: read(), startedMs: nowMs };
    if (!this.#hasRoom(nowMs)) return reading.done;
    this.#running.set(name, reading);
    const forget = () => {
      if (this.#running.get(name) === reading) this.#running.delete(name);
    };
    defer(reading.done.then(forget, forget));
    return reading.done;
  }

  /** Whether there is room to remember another one; those that will never settle give theirs back. */
  #hasRoom(nowMs: number): boolean {
    if (this.#running.size < MAX_SHARED) return true;
    for (const [name, { startedMs }] of this.#running) {
      if (nowMs - startedMs >= STUCK_MS) this.#running.delete(name);
    }
    return this.#running.size < MAX_SHARED;
  }
}
