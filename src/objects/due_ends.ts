import type { OpenChange } from "../ports/accounts.ts";
import type { UserId } from "../protocol/ids.ts";

/** An end of everything that has to come, unless whoever began the change makes it. */
export interface DueEnd extends OpenChange {
  readonly user: UserId;
  readonly dueMs: number;
}

const KEY = "end_again";

/**
 * The second ends of the changes that are under way, one for each: two changes may overlap, and neither is over with the other. Owns
 * their rows; who carries them out is for the object. A row of an earlier release stands under the bare key, and is listed as well.
 */
export class DueEnds {
  readonly #kv: DurableObjectStorage["kv"];

  constructor({ kv }: Pick<DurableObjectStorage, "kv">) {
    this.#kv = kv;
  }

  put(end: DueEnd): void {
    this.#kv.put(`${KEY}:${end.mark}`, end);
  }

  /** The change of that mark is over. One that was carried out before is none. */
  remove(mark: number): void {
    this.#kv.delete(`${KEY}:${mark}`);
  }

  /** Every change that is under way, or whose caller died. */
  all(): readonly DueEnd[] {
    return [...this.#kv.list<DueEnd>({ prefix: KEY })].map(([, end]) => end);
  }

  /**
   * What is due at `nowMs`: taken out, so that it is carried out once, or put off until `againAtMs` where it is owed again then. To be
   * called in the transaction that carries it out.
   */
  takeDue(nowMs: number, againAtMs: number | null): readonly DueEnd[] {
    const due = [...this.#kv.list<DueEnd>({ prefix: KEY })].filter(([, { dueMs }]) => dueMs <= nowMs);
    for (const [key, end] of due) {
      if (againAtMs === null) this.#kv.delete(key);
      else this.#kv.put(key, { ...end, dueMs: againAtMs });
    }
    return due.map(([, end]) => end);
  }

  /** When the next one is due, in Unix milliseconds; null for never. */
  nextMs(): number | null {
    const ends = this.all();
    return ends.length === 0 ? null : Math.min(...ends.map(({ dueMs }) => dueMs));
  }
}
