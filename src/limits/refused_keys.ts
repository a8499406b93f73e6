import { Lru } from "../kernel/lru.ts";

const BOUNDS = { maxEntries: 10_000, maxBytes: 4 * 1024 * 1024 };
const ENTRY_BYTES = 192;

/** Who was refused by a count that is kept elsewhere, until when: remembered in this isolate, so that a flood is not asked about again. */
export class RefusedKeys {
  readonly #untilMs = new Lru<number>(BOUNDS);

  /** Whole seconds that `key` still has to wait; 0 where it was not refused, or may try again. */
  waitSeconds(key: string, nowMs: number): number {
    return Math.max(0, Math.ceil(((this.#untilMs.get(key) ?? 0) - nowMs) / 1_000));
  }

  /** Remembers that `key` has to wait. */
  refuse(key: string, retryAfterSeconds: number, nowMs: number): void {
    this.#untilMs.set(key, nowMs + retryAfterSeconds * 1_000, ENTRY_BYTES);
  }

  /** There is room for `key` again, before its time: the count is asked. */
  forget(key: string): void {
    this.#untilMs.delete(key);
  }
}
