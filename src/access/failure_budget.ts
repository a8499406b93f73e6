import { Lru } from "../kernel/lru.ts";

const MINUTE_MS = 60_000;
const ENTRY_BYTES = 128;

/**
 * How many unknown credentials one address may have checked in vain, counted in this isolate alone. It bounds what
 * guessing costs us in signatures and look-ups; a credential that is known already is never held up by it.
 */
export class FailureBudget {
  readonly #perMinute: number;
  readonly #spent = new Lru<{ readonly failures: number; readonly atMs: number }>({
    maxEntries: 10_000,
    maxBytes: 2 * 1024 * 1024,
  });

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /** Whole seconds until `address` may be checked again; 0 when it may be now. */
  waitSeconds(address: string, nowMs: number): number {
    const excess = this.#failures(address, nowMs) - this.#perMinute + 1;
    return excess <= 0 ? 0 : Math.max(1, Math.ceil((excess * 60) / this.#perMinute));
  }

  /** Counts a failure of `address`. */
  fail(address: string, nowMs: number): void {
    this.#spent.set(address, { failures: this.#failures(address, nowMs) + 1, atMs: nowMs }, ENTRY_BYTES);
  }

  #failures(address: string, nowMs: number): number {
    const spent = this.#spent.get(address);
    if (spent === undefined) return 0;
    const elapsedMs = Math.max(0, nowMs - spent.atMs);
    return Math.max(0, spent.failures - (elapsedMs * this.#perMinute) / MINUTE_MS);
  }
}
