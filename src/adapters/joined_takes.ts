import { Lru } from "../kernel/lru.ts";
import type { LimitVerdict } from "../limits/limit.ts";
import type { Defer } from "../ports/edge_feed.ts";
import type { LimiterObject, ReservedTake } from "../ports/limiter_object.ts";

/** Calls to one object that may be on their way at once. From then on takes wait, and go together. */
const FLIGHTS = 2;
/** So many takes go together at most: an object does them in one turn, in which nobody else is served. */
const MOST_TOGETHER = 64;
/** A flight whose request was cut off may never end: after this long nobody counts on it any more. */
const STUCK_MS = 1000;
/** What a lane takes beside its subject, about. One that is pushed out by others still ends what it has begun. */
const LANE_BYTES = 200;
const LANES = { maxEntries: 10_000, maxBytes: 4 * 1024 * 1024 };

/** A take that waits for its verdict, or for its turn to ask for itself and for all behind it. */
interface Waiting {
  readonly take: ReservedTake;
  readonly told: PromiseWithResolvers<LimitVerdict | "your_turn">;
}

/** A call that is on its way. */
interface Flight {
  readonly startedMs: number;
  /** Settled when it counts no more: it has landed, whoever began it has given up, or it is stuck. */
  readonly over: PromiseWithResolvers<void>;
}

/** What one isolate asks of one object. */
interface Lane {
  /** The calls that are on their way, by the reservation of whose turn it was. */
  readonly flights: Map<string, Flight>;
  readonly waiting: Waiting[];
}

/**
 * Joins the takes of one subject that one isolate has at once: the first go by themselves and without delay, those that come
 * while two calls are on their way wait for one of them to end and then go in one call, in the order in which they came. A call to
 * an object costs more than the counting, and an object answers about a thousand of them a second: a limit that all callers of
 * a route share would end there.
 *
 * Each take keeps its own verdict: what goes together is the way. Requests share plain data and promises of it, never a stub:
 * whoever's turn it is asks through its own.
 */
export class JoinedTakes {
  readonly #lanes = new Lru<Lane>(LANES);
  readonly #defer: Defer;
  readonly #now: () => number;

  /** `defer` keeps a request alive that others wait for, also when its caller hangs up. */
  constructor(defer: Defer, now: () => number = Date.now) {
    this.#defer = defer;
    this.#now = now;
  }

  /** The verdict on `take`, which is `subject`'s, through `object` or in company. Rejects as the call does that it went with. */
  async take(subject: string, object: LimiterObject, take: ReservedTake): Promise<LimitVerdict> {
    const lane = this.#lane(subject);
    if (lane.flights.size < FLIGHTS && lane.waiting.length === 0) return this.#fly(subject, lane, object, take, []);
    const waiting: Waiting = { take, told: Promise.withResolvers() };
    lane.waiting.push(waiting);
    this.#defer(waiting.told.promise.catch(() => undefined));
    const told = await waiting.told.promise;
    if (told !== "your_turn") return told;
    return this.#fly(subject, lane, object, take, lane.waiting.splice(0, MOST_TOGETHER - 1));
  }

  /**
   * Whoever asked under `reservation` has given up: what still waits is not to be charged any more, and a call that is on its way holds up
   * nobody.
   */
  giveUp(subject: string, reservation: string): void {
    const lane = this.#lanes.get(subject);
    if (lane === undefined) return;
    const place = lane.waiting.findIndex(({ take }) => take.reservation === reservation);
    for (const { told } of place < 0 ? [] : lane.waiting.splice(place, 1)) told.reject(new Error("given up"));
    this.#end(subject, lane, reservation);
  }

  #lane(subject: string): Lane {
    const lane = this.#lanes.get(subject);
    if (lane === undefined) {
      const opened = { flights: new Map<string, Flight>(), waiting: [] };
      this.#lanes.set(subject, opened, subject.length + LANE_BYTES);
      return opened;
    }
    const tooOld = this.#now() - STUCK_MS;
    for (const [name, { startedMs }] of lane.flights) if (startedMs < tooOld) land(lane, name);
    if (lane.flights.size === 0) lane.waiting.shift()?.told.resolve("your_turn");
    return lane;
  }

  /** Asks for `take` and for `company`, whose requests are told what came of theirs. */
  async #fly(
    subject: string,
    lane: Lane,
    object: LimiterObject,
    take: ReservedTake,
    company: readonly Waiting[],
  ): Promise<LimitVerdict> {
    const flight: Flight = { startedMs: this.#now(), over: Promise.withResolvers() };
    lane.flights.set(take.reservation, flight);
    // A caller who hangs up must not leave a flight behind that others wait for.
    this.#defer(flight.over.promise);
    return this.#ask(object, take, company).finally(() => this.#end(subject, lane, take.reservation));
  }

  async #ask(object: LimiterObject, take: ReservedTake, company: readonly Waiting[]): Promise<LimitVerdict> {
    if (company.length === 0) return object.take(take.demands, take.nowMs, take.reservation);
    try {
      const [own, ...others] = await object.takeEach([take, ...company.map((one) => one.take)]);
      if (own === undefined || others.length !== company.length) throw new Error("a verdict is missing");
      for (const [place, one] of company.entries()) one.told.resolve(others[place] ?? own);
      return own;
    } catch (error) {
      for (const one of company) one.told.reject(error);
      throw error;
    }
  }

  #end(subject: string, lane: Lane, reservation: string): void {
    if (land(lane, reservation)) this.#next(subject, lane);
  }

  /** Gives the first who waits the turn, or forgets a lane that nobody uses. */
  #next(subject: string, lane: Lane): void {
    const next = lane.waiting.shift();
    if (next !== undefined) next.told.resolve("your_turn");
    else if (lane.flights.size === 0 && this.#lanes.get(subject) === lane) this.#lanes.delete(subject);
  }
}

/** Counts on the flight of `reservation` no more; whether there was one. */
function land({ flights }: Lane, reservation: string): boolean {
  flights.get(reservation)?.over.resolve();
  return flights.delete(reservation);
}
