import { Outage } from "../kernel/outage.ts";
import { charge } from "../limits/charge.ts";
import type { CounterState } from "../limits/counter.ts";
import type { LimitDemand, LimitVerdict } from "../limits/limit.ts";
import { type ChangedCounter, take } from "../limits/take.ts";
import type { Limiter } from "../ports/limiter.ts";

/** What a counter takes beside its name. */
const COUNTER_BYTES = 160;

interface KeptCounter {
  readonly state: CounterState;
  readonly freshAtMs: number;
}

/**
 * Counting in the memory of one isolate: what a route falls back on while the shared limiter is down. Exact here,
 * blind to other isolates.
 *
 * Bounded in counters and in bytes, for names may have a caller's own words in them. When full it forgets those that are as good as new; if all are live it refuses with an
 * `Outage`. To forget a live one would grant its limit anew, so that whoever can invent subjects could wash a spent
 * counter out; to answer "denied" would tell an innocent caller that its quota is used up.
 */
export class MemoryLimiter implements Limiter {
  readonly #maxCounters: number;
  readonly #maxBytes: number;
  readonly #kept = new Map<string, KeptCounter>();
  #bytes = 0;
  /** Runs forwards only: a clock that stepped back could else reopen a window already forgotten. */
  #clockMs = Number.MIN_SAFE_INTEGER;
  /** Nothing kept is as good as new before this, so a full store is not searched on every refusal. */
  #nothingFreshBeforeMs = Number.MIN_SAFE_INTEGER;

  constructor(options: { maxCounters?: number; maxBytes?: number } = {}) {
    this.#maxCounters = options.maxCounters ?? 10_000;
    this.#maxBytes = options.maxBytes ?? 3 * 1024 * 1024;
  }

  /** See `Limiter.take`. Throws `Outage("memory")` when full of live counters. */
  async take(demands: readonly LimitDemand[], nowMs: number): Promise<LimitVerdict> {
    const clockMs = Math.max(this.#clockMs, nowMs);
    const counters = { get: (key: string) => this.#kept.get(key)?.state };
    const { verdict, changed } = take(counters, demands, clockMs);
    this.#keep(changed, clockMs);
    return verdict;
  }

  /** See `Limiter.charge`. Throws `Outage("memory")` when full of live counters. */
  async charge(demands: readonly LimitDemand[], nowMs: number): Promise<void> {
    const clockMs = Math.max(this.#clockMs, nowMs);
    this.#keep(charge({ get: (key) => this.#kept.get(key)?.state }, demands, clockMs), clockMs);
  }

  #keep(changed: ReadonlyMap<string, ChangedCounter>, clockMs: number): void {
    this.#clockMs = clockMs;
    this.#makeRoom(changed);
    for (const [key, { state, freshInMs }] of changed) {
      if (!this.#kept.has(key)) this.#bytes += bytesOf(key);
      this.#kept.set(key, { state, freshAtMs: clockMs + freshInMs });
      this.#nothingFreshBeforeMs = Math.min(this.#nothingFreshBeforeMs, clockMs + freshInMs);
    }
  }

  #makeRoom(changed: ReadonlyMap<string, ChangedCounter>): void {
    const added = [...changed.keys()].filter((key) => !this.#kept.has(key));
    if (this.#hasRoomFor(added)) return;
    if (this.#clockMs >= this.#nothingFreshBeforeMs) this.#forgetFresh(changed);
    if (!this.#hasRoomFor(added)) throw new Outage("memory", { cause: "full" });
  }

  #hasRoomFor(keys: readonly string[]): boolean {
    const bytes = keys.reduce((sum, key) => sum + bytesOf(key), this.#bytes);
    return this.#kept.size + keys.length <= this.#maxCounters && bytes <= this.#maxBytes;
  }

  #forgetFresh(except: ReadonlyMap<string, ChangedCounter>): void {
    let earliest = Number.MAX_SAFE_INTEGER;
    for (const [key, { freshAtMs }] of this.#kept) {
      if (freshAtMs <= this.#clockMs && !except.has(key)) {
        this.#kept.delete(key);
        this.#bytes -= bytesOf(key);
      } else earliest = Math.min(earliest, freshAtMs);
    }
    this.#nothingFreshBeforeMs = earliest;
  }
}

function bytesOf(key: string): number {
  return COUNTER_BYTES + key.length;
}
