import { DurableObject } from "cloudflare:workers";
import { ahead, covers } from "../limits/ahead.ts";
import { charge } from "../limits/charge.ts";
import { type CounterState, counterState, equalStates, msUntilFresh } from "../limits/counter.ts";
import { describe, giveBack, type Reservation, reserve, settleRefill } from "../limits/give_back.ts";
import type { LimitDemand, LimitState, LimitVerdict } from "../limits/limit.ts";
import { type ChangedCounter, take } from "../limits/take.ts";
import type { LimiterObject, ReservedTake } from "../ports/limiter_object.ts";

/** Isolates' clocks may differ by this much before a forgotten counter could be opened a second time. */
const GRACE_MS = 60_000;

/**
 * A grant older than this, or than the newest so many, can no longer be given back: it stays charged. All are looked
 * through at each take, so they are few: more than a subject gets within the round trip of an undoing.
 */
const RESERVATION_MS = 5000;
const MAX_RESERVATIONS = 128;

/** How long a subject has to be quiet before what was kept ahead is written as it truly is. */
const QUIET_MS = 1000;

interface StoredCounter {
  /** As counted, or a little ahead of it. */
  readonly state: CounterState;
  /** By this object's clock, for a lifetime is a duration: callers' clocks never decide what is forgotten. */
  readonly forgetAtMs: number;
}

interface Stored {
  /** When the alarm is due, so that a take need not ask; 0 where none is set. */
  readonly sweepAtMs: number;
  readonly counters: ReadonlyMap<string, StoredCounter>;
}

const RECORD = "counters";
const NOTHING: Stored = { sweepAtMs: 0, counters: new Map() };

/**
 * The counters of one subject, whose name is the object's. Owns their storage and their sweeping; the arithmetic is
 * `limits/`. Refuses to know other subjects.
 *
 * What storage holds is never less than what was granted: a take that storage does not cover yet is written before it
 * is answered, and the runtime holds the answer back until the write is durable. So a crash loses nothing that was
 * acknowledged. Writing is what costs: of a bare proxying Worker's throughput 0.27 was left with a write each time,
 * 0.65 with an empty call to an object (a write not waited for, or a row for each counter, was no cheaper). So a limit
 * of 20 or more is written a little ahead (see `limits/ahead.ts`), which leaves 0.56. The price is that a crash may
 * charge up to a twentieth of the limit that nobody got. A quiet second writes the truth, so that an idle object, which
 * is the one evicted in practice, loses nothing either way.
 *
 * Reservations are kept in memory alone: an eviction between a grant and its undoing leaves it charged.
 *
 * A take between two `await`s is one turn, so no two of them see the same state.
 */
export class Limiter extends DurableObject implements LimiterObject {
  #stored: Stored | undefined;
  readonly #counted = new Map<string, CounterState>();
  #reservations: readonly Reservation[] = [];
  #lastGrantMs = 0;
  #waitsForQuiet = false;

  /** See `LimiterObject.take`. Throws `RangeError` where the demands are a bug. */
  async take(demands: readonly LimitDemand[], nowMs: number, reservation?: string): Promise<LimitVerdict> {
    this.#load();
    const { verdict, changed } = take(this.#counted, demands, nowMs);
    if (!verdict.granted) return verdict;
    const armed = this.#keep(changed, demands, nowMs);
    if (reservation !== undefined) {
      this.#reservations = [...this.#reservations, reserve(reservation, demands, this.#counted, Date.now())];
    }
    await armed;
    return verdict;
  }

  /** See `LimiterObject.takeEach`: one turn, in which each take sees what those before it left. */
  takeEach(takes: readonly ReservedTake[]): Promise<readonly LimitVerdict[]> {
    return Promise.all(takes.map(({ demands, nowMs, reservation }) => this.take(demands, nowMs, reservation)));
  }

  /** See `LimiterObject.charge`. Throws `RangeError` where the demands are a bug. */
  async charge(demands: readonly LimitDemand[], nowMs: number): Promise<void> {
    this.#load();
    await this.#keep(charge(this.#counted, demands, nowMs), demands, nowMs);
  }

  /** Counts what `demands` changed, and stores what storage does not cover; the promise is the alarm's. */
  #keep(
    changed: ReadonlyMap<string, ChangedCounter>,
    demands: readonly LimitDemand[],
    nowMs: number,
  ): Promise<void> | undefined {
    const stored = this.#load();
    const objectNowMs = Date.now();
    this.#reservations = settleRefill(this.#openAt(objectNowMs), this.#counted, demands, nowMs);
    const uncovered = [...changed].filter(([key, { counter }]) => !covers(stored.counters.get(key)?.state, counter));
    const written = uncovered.map(([key, { counter }]): [string, StoredCounter] => {
      const early = ahead(counter);
      const forgetAtMs = objectNowMs + msUntilFresh(early, nowMs) + GRACE_MS;
      return [key, { state: counterState(early), forgetAtMs }];
    });
    const armed = written.length > 0 ? this.#write([...stored.counters, ...written], objectNowMs) : undefined;
    for (const [key, { state }] of changed) this.#counted.set(key, state);
    this.#lastGrantMs = objectNowMs;
    this.#settleWhenQuiet();
    return armed;
  }

  /** See `LimiterObject.giveBack`. */
  async giveBack(reservation: string, nowMs: number): Promise<readonly LimitState[] | null> {
    const objectNowMs = Date.now();
    const open = this.#openAt(objectNowMs);
    const held = open.find((one) => one.id === reservation);
    if (held === undefined) return null;
    this.#load();
    this.#reservations = open.filter((one) => one !== held);
    for (const [key, state] of giveBack(this.#counted, held)) this.#counted.set(key, state);
    await this.#writeTruth(objectNowMs);
    return describe(this.#counted, held.demands, nowMs);
  }

  /** Forgets what is as good as new, and all storage with the last counter, so that an idle subject costs nothing. */
  override async alarm(): Promise<void> {
    const nowMs = Date.now();
    const all = [...this.#load().counters];
    for (const [key, { forgetAtMs }] of all) if (forgetAtMs <= nowMs) this.#counted.delete(key);
    const live = all.filter(([, { forgetAtMs }]) => forgetAtMs > nowMs);
    if (live.length > 0) return this.#write(live, nowMs, { anew: true });
    this.#stored = NOTHING;
    await this.ctx.storage.deleteAll();
  }

  #load(): Stored {
    if (this.#stored !== undefined) return this.#stored;
    const stored = this.ctx.storage.kv.get<Stored>(RECORD) ?? NOTHING;
    for (const [key, { state }] of stored.counters) this.#counted.set(key, state);
    this.#stored = stored;
    return stored;
  }

  #openAt(nowMs: number): readonly Reservation[] {
    return this.#reservations.filter((one) => one.madeAtMs > nowMs - RESERVATION_MS).slice(-MAX_RESERVATIONS);
  }

  /** Stores `counters` before it returns; the promise is the alarm's, set where none is due or it is wanted anew. */
  #write(counters: Iterable<[string, StoredCounter]>, nowMs: number, alarm = { anew: false }): Promise<void> {
    const kept = new Map(counters);
    const due = this.#load().sweepAtMs;
    const armed = due > nowMs && !alarm.anew;
    const sweepAtMs = armed ? due : Math.min(...[...kept.values()].map(({ forgetAtMs }) => forgetAtMs));
    const stored: Stored = { sweepAtMs, counters: kept };
    this.ctx.storage.kv.put(RECORD, stored);
    this.#stored = stored;
    return armed ? Promise.resolve() : this.ctx.storage.setAlarm(sweepAtMs);
  }

  /** Stores each counter as it was counted; what was ahead of it is at least as long in becoming new. */
  #writeTruth(nowMs: number): Promise<void> {
    const truth = [...this.#load().counters].map(([key, stored]): [string, StoredCounter] => {
      return [key, { ...stored, state: this.#counted.get(key) ?? stored.state }];
    });
    return this.#write(truth, nowMs);
  }

  #isAhead(): boolean {
    return [...this.#load().counters].some(([key, { state }]) => !equalStates(state, this.#counted.get(key)));
  }

  #settleWhenQuiet(): void {
    if (this.#waitsForQuiet || !this.#isAhead()) return;
    this.#waitsForQuiet = true;
    setTimeout(() => this.#settle(), QUIET_MS);
  }

  async #settle(): Promise<void> {
    this.#waitsForQuiet = false;
    const nowMs = Date.now();
    if (nowMs - this.#lastGrantMs < QUIET_MS) this.#settleWhenQuiet();
    else if (this.#isAhead()) await this.#writeTruth(nowMs);
  }
}
