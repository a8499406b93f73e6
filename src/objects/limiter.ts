import { DurableObject } from "cloudflare:workers";
import type { CounterState } from "../limits/counter.ts";
import { describe, giveBack, type Reservation, reserve, settleRefill } from "../limits/give_back.ts";
import type { LimitDemand, LimitState, LimitVerdict } from "../limits/limit.ts";
import { type Counters, take } from "../limits/take.ts";
import type { LimiterObject } from "../ports/limiter_object.ts";

/** Isolates' clocks may differ by this much before a forgotten counter could be opened a second time. */
const GRACE_MS = 60_000;

/** A grant older than this, or than the newest so many, can no longer be given back: it stays charged. */
const RESERVATION_MS = 5000;
const MAX_RESERVATIONS = 1000;

interface KeptCounter {
  readonly state: CounterState;
  /** By this object's clock, for a lifetime is a duration: callers' clocks never decide what is forgotten. */
  readonly forgetAtMs: number;
}

interface Kept {
  /** When the alarm is due, so that a take need not ask; 0 where none is set. */
  readonly sweepAtMs: number;
  readonly counters: ReadonlyMap<string, KeptCounter>;
}

const RECORD = "counters";
const NOTHING: Kept = { sweepAtMs: 0, counters: new Map() };

/**
 * The counters of one subject, whose name is the object's. Owns their storage and their sweeping; the arithmetic is
 * `limits/`. Refuses to know other subjects.
 *
 * All counters are one record, written before a grant is answered: the runtime holds the answer back until the write
 * is durable, so a crash loses nothing that was acknowledged. (A grant whose answer was lost may stay charged.) Writing
 * without that wait measured no faster, one row per counter no faster either and costs a row written each; only not
 * writing at all was. A take between two `await`s is one turn, so no two of them see the same state.
 *
 * Reservations are kept in memory alone: an eviction between a grant and its undoing leaves it charged, which errs on
 * the strict side and spares the common request a second write.
 */
export class Limiter extends DurableObject implements LimiterObject {
  #kept: Kept | undefined;
  #reservations: readonly Reservation[] = [];

  /** See `LimiterObject.take`. Throws `RangeError` where the demands are a bug. */
  async take(demands: readonly LimitDemand[], nowMs: number, reservation?: string): Promise<LimitVerdict> {
    const counters = this.#counters();
    const { verdict, changed } = take(counters, demands, nowMs);
    if (!verdict.granted) return verdict;
    const objectNowMs = Date.now();
    const open = settleRefill(this.#openAt(objectNowMs), counters, demands, nowMs);
    const keep = new Map(this.#load().counters);
    for (const [key, { state, freshInMs }] of changed) {
      keep.set(key, { state, forgetAtMs: objectNowMs + freshInMs + GRACE_MS });
    }
    const armed = this.#write(keep, objectNowMs, this.#load().sweepAtMs);
    const made = reservation === undefined ? [] : [reserve(reservation, demands, this.#counters(), objectNowMs)];
    this.#reservations = [...open, ...made];
    await armed;
    return verdict;
  }

  /** See `LimiterObject.giveBack`. */
  async giveBack(reservation: string, nowMs: number): Promise<readonly LimitState[] | null> {
    const objectNowMs = Date.now();
    const open = this.#openAt(objectNowMs);
    const held = open.find((one) => one.id === reservation);
    if (held === undefined) return null;
    this.#reservations = open.filter((one) => one !== held);
    const { counters, sweepAtMs } = this.#load();
    const keep = new Map(counters);
    for (const [key, state] of giveBack(this.#counters(), held)) {
      const kept = keep.get(key);
      if (kept !== undefined) keep.set(key, { ...kept, state });
    }
    await this.#write(keep, objectNowMs, sweepAtMs);
    return describe(this.#counters(), held.demands, nowMs);
  }

  /** Forgets what is as good as new, and all storage with the last counter, so that an idle subject costs nothing. */
  override async alarm(): Promise<void> {
    const nowMs = Date.now();
    const live = [...this.#load().counters].filter(([, counter]) => counter.forgetAtMs > nowMs);
    if (live.length > 0) return this.#write(new Map(live), nowMs, 0);
    this.#kept = NOTHING;
    await this.ctx.storage.deleteAll();
  }

  #load(): Kept {
    this.#kept ??= this.ctx.storage.kv.get<Kept>(RECORD) ?? NOTHING;
    return this.#kept;
  }

  #counters(): Counters {
    const { counters } = this.#load();
    return { get: (key) => counters.get(key)?.state };
  }

  #openAt(nowMs: number): readonly Reservation[] {
    return this.#reservations.filter((one) => one.madeAtMs > nowMs - RESERVATION_MS).slice(-MAX_RESERVATIONS);
  }

  /** Keeps `counters` before it returns; the promise is the alarm's, set only where none is `dueMs` in the future. */
  #write(counters: ReadonlyMap<string, KeptCounter>, nowMs: number, dueMs: number): Promise<void> {
    const armed = dueMs > nowMs;
    const sweepAtMs = armed ? dueMs : Math.min(...[...counters.values()].map((one) => one.forgetAtMs));
    const kept: Kept = { sweepAtMs, counters };
    this.ctx.storage.kv.put(RECORD, kept);
    this.#kept = kept;
    return armed ? Promise.resolve() : this.ctx.storage.setAlarm(sweepAtMs);
  }
}
