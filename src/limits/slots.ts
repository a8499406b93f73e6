/** One place among so many. */
export interface Slot {
  /** Says that whoever holds it still lives. */
  alive(nowMs: number): void;
  /** Gives the place back; once is enough, and more changes nothing. */
  release(): void;
}

/** A place whose holder has not been heard of for so long is free again. */
export const LOST_AFTER_MS = 60_000;
/** Looking for lost places goes over all of them: not for each call that finds none. */
const LOOK_EVERY_MS = 1_000;

interface Held {
  aliveAtMs: number;
}

/**
 * So many places at once. A holder that the platform ended on the way runs no code of ours any more, not even to give
 * its place back; so places are held by a sign of life, and one without it is taken back.
 */
export class Slots {
  #max: number;
  readonly #held = new Set<Held>();
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(max: number) {
    this.#max = max;
  }

  /** Has `max` places from now on. Who holds one keeps it, also where there are fewer then. */
  resize(max: number): void {
    this.#max = max;
  }

  /** A place, or null where all are taken. */
  take(nowMs: number): Slot | null {
    if (this.#held.size >= this.#max) this.#takeBack(nowMs);
    if (this.#held.size >= this.#max) return null;
    const held: Held = { aliveAtMs: nowMs };
    this.#held.add(held);
    return {
      alive: (atMs) => {
        held.aliveAtMs = atMs;
      },
      release: () => {
        this.#held.delete(held);
      },
    };
  }

  /** Places that are taken. */
  get taken(): number {
    return this.#held.size;
  }

  #takeBack(nowMs: number): void {
    if (Math.abs(nowMs - this.#lookedAtMs) < LOOK_EVERY_MS) return;
    this.#lookedAtMs = nowMs;
    for (const held of this.#held) if (nowMs - held.aliveAtMs >= LOST_AFTER_MS) this.#held.delete(held);
  }
}
