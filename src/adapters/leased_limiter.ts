import { waitUntil } from "cloudflare:workers";
import { Lru } from "../kernel/lru.ts";
import { orOutage } from "../kernel/outage.ts";
import { checkDemands } from "../limits/check_demands.ts";
import { type Counter, limitState } from "../limits/counter.ts";
import { held, join, type Lease, leaseEndsAtMs, leaseSize, sharedPolicy, spend } from "../limits/lease.ts";
import type { LimitDemand, LimitPolicy, LimitState, LimitVerdict } from "../limits/limit.ts";
import { bucketScale } from "../limits/token_bucket.ts";
import type { Defer } from "../ports/edge_feed.ts";
import type { Limiter } from "../ports/limiter.ts";

/** A taking whose own request was cut off may never settle: after this long it is given up for a new one. */
const STUCK_MS = 1000;
/** What an entry takes beside its key, about. */
const ENTRY_BYTES = 300;

export interface LeasedLimiterOptions {
  /** How long a request waits for another's taking. */
  readonly deadlineMs?: number;
  /** Keeps work alive behind the request that it belongs to. */
  readonly defer?: Defer;
  /** The isolate's clock in Unix milliseconds, for those who have waited. */
  readonly now?: () => number;
}

/** What this isolate knows of one counter. */
interface Holding {
  lease: Lease;
  /** Units that calls took from the lease and may bring back, because another limit has yet to grant. */
  undecided: number;
  /** Units that the shared counter had left when it was last asked. */
  sharedLeft: number;
  /** Before this the shared counter has too little left for a batch: each call asks it by itself. */
  dryUntilMs: number;
  taking: { readonly done: Promise<void>; readonly startedMs: number } | null;
}

/** A demand, and what is held for it. */
interface Known {
  readonly demand: LimitDemand;
  /** Null for a demand that memory has no part in. */
  readonly holding: Holding | null;
}

/** What a demand got from memory, and what it still wants. */
interface Part extends Known {
  readonly units: number;
  readonly taken: Lease;
  readonly missing: number;
}

/**
 * Leases over a shared limiter, whichever that is: demands that say `leased` are met from units that this isolate took
 * ahead, without a call; all others go through. `limits/lease.ts` has the arithmetic and the promise.
 *
 * A lease that runs low is filled up behind the request, one that ran out is waited for: one taking at a time for each
 * counter, whoever needs it. Who still goes short asks the shared counter for its own cost, so nobody waits for more than
 * two calls, and the last units of a limit can be had. Units that nobody spends in time are lost, as are those of an
 * isolate that ends.
 *
 * Bounded in counters: the one used longest ago is forgotten, and its units are lost with it.
 */
export class LeasedLimiter implements Limiter {
  readonly #shared: Limiter;
  readonly #deadlineMs: number;
  readonly #defer: Defer;
  readonly #now: () => number;
  readonly #holdings = new Lru<Holding>({ maxEntries: 10_000, maxBytes: 4 * 1024 * 1024 });
  /** Runs forwards only: units must not live longer because a clock stepped back. */
  #clockMs = Number.MIN_SAFE_INTEGER;

  constructor(shared: Limiter, options: LeasedLimiterOptions = {}) {
    this.#shared = shared;
    this.#deadlineMs = options.deadlineMs ?? 250;
    this.#defer = options.defer ?? waitUntil;
    this.#now = options.now ?? Date.now;
  }

  /** See `Limiter.take`. Throws `Outage` where units are needed that memory does not hold and cannot be had. */
  async take(demands: readonly LimitDemand[], nowMs: number): Promise<LimitVerdict> {
    if (!demands.some(({ leased }) => leased === true)) return this.#shared.take(demands, nowMs);
    checkDemands(demands, nowMs);
    const clockMs = this.#tick(nowMs);
    const known = this.#lookUp(demands);
    const short = known.filter((one) => isWorthTaking(one, clockMs));
    if (short.length === 0) return this.#takeFrom(known, clockMs);
    await Promise.all(short.map(({ demand }) => this.#waitForUnits(demand, clockMs)));
    return this.#takeFrom(this.#lookUp(demands), this.#tick(this.#now()));
  }

  async #takeFrom(known: readonly Known[], clockMs: number): Promise<LimitVerdict> {
    const parts = known.map((one) => spendFrom(one, clockMs));
    const verdict = parts.every(({ missing }) => missing === 0)
      ? { granted: true, limits: parts.map((part) => stateOf(part, clockMs)) }
      : await this.#takeRest(parts, clockMs);
    for (const part of parts) if (part.units > 0) this.#fillUp(part, clockMs);
    return verdict;
  }

  /** Takes from the shared counters what memory lacked, and puts back what it gave where they deny. */
  async #takeRest(parts: readonly Part[], clockMs: number): Promise<LimitVerdict> {
    for (const { holding, units } of parts) if (holding !== null) holding.undecided += units;
    try {
      const told = await this.#shared.take(parts.flatMap(wanted), clockMs);
      if (!told.granted) this.#putBack(parts);
      return { granted: told.granted, limits: this.#states(parts, told.limits, clockMs) };
    } catch (error) {
      this.#putBack(parts);
      throw error;
    } finally {
      for (const { holding, units } of parts) if (holding !== null) holding.undecided -= units;
    }
  }

  /** See `Limiter.charge`. Units that this isolate holds pay first. */
  async charge(demands: readonly LimitDemand[], nowMs: number): Promise<void> {
    checkDemands(demands, nowMs);
    const clockMs = this.#tick(nowMs);
    const rest = this.#lookUp(demands).flatMap((one) => wanted(spendFrom(one, clockMs)));
    if (rest.length > 0) await this.#shared.charge(rest, clockMs);
  }

  #tick(nowMs: number): number {
    this.#clockMs = Math.max(this.#clockMs, nowMs);
    return this.#clockMs;
  }

  #lookUp(demands: readonly LimitDemand[]): readonly Known[] {
    return demands.map((demand) => ({ demand, holding: demand.leased === true ? this.#holding(demand) : null }));
  }

  #holding(demand: LimitDemand): Holding {
    const key = holdingKey(demand);
    const known = this.#holdings.get(key);
    if (known !== undefined) return known;
    const fresh: Holding = {
      lease: [],
      undecided: 0,
      sharedLeft: 0,
      dryUntilMs: Number.MIN_SAFE_INTEGER,
      taking: null,
    };
    this.#holdings.set(key, fresh, ENTRY_BYTES + 2 * key.length);
    return fresh;
  }

  /** Has a lease filled up behind the request once half of it is gone, so that it seldom has to be waited for. */
  #fillUp({ demand, holding }: Part, clockMs: number): void {
    if (holding === null) return;
    const runsLow = 2 * (held(holding.lease, clockMs) + holding.undecided) <= leaseSize(demand.policy);
    if (runsLow && holding.dryUntilMs <= clockMs) this.#taking(demand, holding, clockMs).catch(() => undefined);
  }

  /** Another request's taking may have been cut off with it, so the wait has an end of its own. */
  #waitForUnits(demand: LimitDemand, clockMs: number): Promise<void> {
    return orOutage("limiter", this.#deadlineMs, () => this.#taking(demand, this.#holding(demand), clockMs));
  }

  /** The taking that is under way, or a new one. It is handed to the platform: who hangs up must not end it for others. */
  #taking(demand: LimitDemand, holding: Holding, clockMs: number): Promise<void> {
    const current = holding.taking;
    if (current !== null && clockMs - current.startedMs < STUCK_MS) return current.done;
    const taking = { startedMs: clockMs, done: this.#fill(demand, holding, clockMs) };
    const forget = () => {
      if (holding.taking === taking) holding.taking = null;
    };
    this.#defer(taking.done.then(forget, forget));
    holding.taking = taking;
    return taking.done;
  }

  async #fill(demand: LimitDemand, holding: Holding, askedAtMs: number): Promise<void> {
    const size = leaseSize(demand.policy);
    const units = size - held(holding.lease, askedAtMs) - holding.undecided;
    if (units <= 0) return;
    const { granted, limits } = await this.#shared.take([{ ...asShared(demand), cost: units }], askedAtMs);
    holding.sharedLeft = limits[0]?.remaining ?? 0;
    const endsAtMs = leaseEndsAtMs(demand.policy, askedAtMs);
    if (granted) holding.lease = join(holding.lease, [{ units, endsAtMs }], size, askedAtMs);
    else holding.dryUntilMs = endsAtMs;
  }

  #putBack(parts: readonly Part[]): void {
    const clockMs = this.#tick(this.#now());
    for (const { demand, holding, taken } of parts) {
      if (holding === null) continue;
      holding.lease = join(holding.lease, taken, leaseSize(demand.policy), clockMs);
    }
  }

  /** The states in the order of the demands: of memory's own, and as the shared counters told of the rest. */
  #states(parts: readonly Part[], told: readonly LimitState[], clockMs: number): LimitState[] {
    const states = told[Symbol.iterator]();
    return parts.map((part): LimitState => {
      if (part.missing === 0) return stateOf(part, clockMs);
      const { value: state } = states.next();
      if (state === undefined) throw new TypeError("the shared limiter did not tell of every demand");
      if (part.holding === null) return state;
      part.holding.sharedLeft = state.remaining;
      return { ...state, remaining: state.remaining + held(part.holding.lease, clockMs) };
    });
  }
}

/** Units end by the limit that they were taken under, so that its size is a part of the name: where another is published they are of no use. */
function holdingKey({ subject, policy }: LimitDemand): string {
  const pace =
    policy.algorithm === "fixed" ? String(policy.windowSeconds) : `${policy.refill}/${policy.intervalSeconds}`;
  return `${leaseSize(policy)} ${pace} ${policy.name.length} ${policy.name} ${subject}`;
}

/** Whether memory lacks the units for the demand, and a batch would bring them. */
function isWorthTaking({ demand, holding }: Known, clockMs: number): boolean {
  if (holding === null || held(holding.lease, clockMs) >= demand.cost) return false;
  return demand.cost <= leaseSize(demand.policy) && holding.dryUntilMs <= clockMs;
}

function spendFrom({ demand, holding }: Known, clockMs: number): Part {
  if (holding === null) return { demand, holding, units: 0, taken: [], missing: demand.cost };
  const { units, taken, left } = spend(holding.lease, demand.cost, clockMs);
  holding.lease = left;
  return { demand, holding, units, taken, missing: demand.cost - units };
}

/** An estimate: what is held here, and what the shared counter had left when it was last asked. */
function stateOf({ demand, holding }: Known, clockMs: number): LimitState {
  if (holding === null) throw new TypeError("memory has no part in it");
  const left = held(holding.lease, clockMs) + holding.sharedLeft;
  return limitState(estimate(demand.policy, left, clockMs), clockMs, null);
}

/** The demand as the shared counters know it. */
function asShared({ subject, policy, cost, leased }: LimitDemand): LimitDemand {
  return { subject, policy: leased === true ? sharedPolicy(policy) : policy, cost };
}

/** What a part still wants, as the shared counters know it. */
function wanted({ demand, missing }: Part): LimitDemand[] {
  return missing === 0 ? [] : [{ ...asShared(demand), cost: missing }];
}

function estimate(policy: LimitPolicy, left: number, nowMs: number): Counter {
  if (policy.algorithm === "fixed") {
    const window = Math.floor(nowMs / (policy.windowSeconds * 1000));
    return { algorithm: "fixed", policy, state: { window, used: Math.max(0, policy.limit - left) } };
  }
  const level = Math.min(policy.burst, left) * bucketScale(policy).unitsPerToken;
  return { algorithm: "bucket", policy, state: { atMs: nowMs, level } };
}
