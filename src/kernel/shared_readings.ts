/** A reading whose own request was cut off never settles: after this long, more than its deadlines, it is given up. */
const STUCK_MS = 10_000;
const MAX_SHARED = 1_000;

/** Keeps a request alive for work that others wait for. */
type Defer = (work: Promise<unknown>) => void;

/**
 * Readings that are under way, by the name of what is read: whoever wants the same meanwhile waits for the one that runs. One goes on
 * when the request that began it is gone, and its failure is nobody's but theirs who waited for it.
 */
export class SharedReadings<T> {
  readonly #most: number;
  readonly #running = new Map<string, { readonly done: Promise<T>; readonly startedMs: number }>();

  /** `most` is how many are remembered at once. */
  constructor(most = MAX_SHARED) {
    this.#most = most;
  }

  /**
   * What `read` tells of `name`, or what a reading of it tells that runs already. Rejects as the reading does. Where there is no room for
   * another one each reads for itself.
   */
  join(name: string, nowMs: number, defer: Defer, read: () => Promise<T>): Promise<T> {
    return this.joinIfRoom(name, nowMs, defer, read) ?? read();
  }

  /** As `join`; null where there is no room for another one, which is not begun then. */
  joinIfRoom(name: string, nowMs: number, defer: Defer, read: () => Promise<T>): Promise<T> | null {
    const running = this.#running.get(name);
    if (running !== undefined && nowMs - running.startedMs < STUCK_MS) return running.done;
    if (!this.#hasRoom(nowMs)) return null;
    const reading = { done: read(), startedMs: nowMs };
    this.#running.set(name, reading);
    const forget = () => {
      if (this.#running.get(name) === reading) this.#running.delete(name);
    };
    defer(reading.done.then(forget, forget));
    return reading.done;
  }

  /** Whether there is room to remember another one; those that will never settle give theirs back. */
  #hasRoom(nowMs: number): boolean {
    if (this.#running.size < this.#most) return true;
    for (const [name, { startedMs }] of this.#running) {
      if (nowMs - startedMs >= STUCK_MS) this.#running.delete(name);
    }
    return this.#running.size < this.#most;
  }
}
