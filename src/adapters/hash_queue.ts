import { waitUntil } from "cloudflare:workers";
import { Busy } from "../kernel/busy.ts";

/** Beyond so many waiting hashes a caller is better told to come back: its own would begin after a second or more. */
const MOST_WAITING = 8;
/** How long a place may be held at most. Only work that the platform stopped (its CPU limit) ever holds it so long. */
const LOST_AFTER_MS = 30_000;

interface Place {
  readonly takenAtMs: number;
}

/**
 * The places of this isolate for slow, synchronous work. A hash holds the isolate's only thread, so there is never more than one
 * at a time; what is bounded here is how many callers stand behind it. Each has its turn in an event of its own, so that
 * requests which hash nothing pass between two hashes.
 *
 * A place must come back whatever becomes of the request: the work is handed to `waitUntil`, so a caller that hangs up
 * does not take its turn, and with it the place, along.
 */
export class HashQueue {
  readonly #mostWaiting: number;
  readonly #places = new Set<Place>();

  constructor(mostWaiting = MOST_WAITING) {
    this.#mostWaiting = mostWaiting;
  }

  /** Runs `work` in its turn. Throws `Busy` where the one at work has `mostWaiting` behind it already. */
  run<T>(work: () => T): Promise<T> {
    this.#dropLost();
    // One at work, the others behind it.
    if (this.#places.size > this.#mostWaiting) return Promise.reject(new Busy(1));
    const place: Place = { takenAtMs: Date.now() };
    this.#places.add(place);
    const done = this.#turn(work).finally(() => this.#places.delete(place));
    waitUntil(done.catch(() => {}));
    return done;
  }

  async #turn<T>(work: () => T): Promise<T> {
    await new Promise((resolve) => setTimeout(resolve, 0));
    return work();
  }

  #dropLost(): void {
    const horizonMs = Date.now() - LOST_AFTER_MS;
    for (const place of this.#places) if (place.takenAtMs < horizonMs) this.#places.delete(place);
  }
}
