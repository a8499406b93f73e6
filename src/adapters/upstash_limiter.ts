import { waitUntil } from "cloudflare:workers";
import { Ratelimit } from "@upstash/ratelimit";
import type { Redis } from "@upstash/redis/cloudflare";
import { orOutage } from "../kernel/outage.ts";
import { checkDemands } from "../limits/check_demands.ts";
import { type CounterState, counterAt, counterKey } from "../limits/counter.ts";
import type { LimitDemand, LimitPolicy, LimitVerdict, TokenBucketPolicy } from "../limits/limit.ts";
import { type Outcome, verdictOf } from "../limits/take.ts";
import { bucketScale } from "../limits/token_bucket.ts";
import type { Defer } from "../ports/edge_feed.ts";
import type { Limiter } from "../ports/limiter.ts";
import { BoundedUpstash, type UpstashAddress } from "./bounded_upstash.ts";
import { UPSTASH_GIVE_BACK_SCRIPT } from "./upstash_give_back_script.ts";
import { UPSTASH_TAKE_SCRIPT } from "./upstash_take_script.ts";

/** One hash slot for all, so that a script over several subjects is legal on a cluster too. Upstash has no slots. */
const PREFIX = "{sallyport:limits}";

const FIELDS_PER_DEMAND = 4;

/** How long an answer is waited for behind a request that has gone on without it. */
const LATE_MS = 5000;

/** Where the database is, and how long a call to it may take. */
export interface UpstashLimiterOptions extends UpstashAddress {
  readonly deadlineMs?: number;
  /** Keeps work alive behind the request that it belongs to. */
  readonly defer?: Defer;
}

/** A single demand of a bucket: what the library can count. */
interface BucketDemand extends LimitDemand {
  readonly policy: TokenBucketPolicy;
}

/**
 * Counting in Upstash Redis. One bucket alone goes through `@upstash/ratelimit`; fixed windows and several demands
 * through one script of ours, atomic over all of them. Both see one state of a bucket: the library is given the bucket
 * in the exact units of `limits/token_bucket.ts` (with an interval of 1 ms, for its refill in coarser steps grants up to
 * one step too much around each), and the script keeps the library's key and fields.
 *
 * Time is the caller's, not the server's. The library knows no other, and one bucket must not run on two clocks. A
 * counter's clock is the latest time at which it granted and never runs back, so isolates whose clocks differ share one
 * window: the fastest opens the next, the slower count in it. The library reads the isolate's clock itself, and lets a
 * full bucket expire at once, so that an isolate d ms behind may then gain the refill of d ms.
 */
export class UpstashLimiter implements Limiter {
  readonly #redis: BoundedUpstash;
  readonly #deadlineMs: number;
  readonly #defer: Defer;

  constructor(options: UpstashLimiterOptions) {
    this.#deadlineMs = options.deadlineMs ?? 250;
    this.#defer = options.defer ?? waitUntil;
    // What comes after the deadline still has to be known, to be given back.
    this.#redis = new BoundedUpstash(options, LATE_MS);
  }

  /**
   * See `Limiter.take`. Throws `Outage("upstash")` within the deadline; what a late answer charged is given back behind
   * the request, and what was charged without an answer stays. A denial by a bucket alone may take twice the deadline:
   * what remains is a second question.
   */
  async take(demands: readonly LimitDemand[], nowMs: number): Promise<LimitVerdict> {
    checkDemands(demands, nowMs);
    const [only] = demands;
    if (only === undefined) return { granted: true, limits: [] };
    const { policy } = only;
    const outcomes =
      demands.length === 1 && policy.algorithm === "bucket"
        ? [await this.#takeBucket({ ...only, policy }, nowMs)]
        : await this.#timely(async () => {
            const answer = await this.#takeAll(demands, nowMs);
            return { answer, charged: chargesOf(demands, answer) };
          });
    return verdictOf(outcomes, nowMs);
  }

  /** See `Limiter.charge`. Throws `Outage("upstash")` within the deadline, and then may have charged. */
  async charge(demands: readonly LimitDemand[], nowMs: number): Promise<void> {
    checkDemands(demands, nowMs);
    if (demands.length > 0) await this.#ask(() => this.#run("charge", demands, nowMs));
  }

  /** What `call` answers within the deadline. What it charged is given back where it answers later. */
  async #timely<T>(call: () => Promise<Charging<T>>): Promise<T> {
    const asked = call();
    try {
      return (await this.#ask(() => asked)).answer;
    } catch (error) {
      this.#defer(this.#returnLate(asked));
      throw error;
    }
  }

  async #returnLate(asked: Promise<Charging<unknown>>): Promise<void> {
    try {
      const { charged } = await orOutage("upstash", LATE_MS, () => asked);
      if (charged.length === 0) return;
      const keys = charged.map(({ demand }) => redisKey(demand));
      const fields = charged.flatMap(({ demand, at, amount }) => [...scriptArguments(demand), at, amount]);
      await this.#redis.run(UPSTASH_GIVE_BACK_SCRIPT, keys, fields.map(String));
    } catch {
      // Nobody knows what was charged: it stays, which is the strict side.
    }
  }

  async #takeAll(demands: readonly LimitDemand[], nowMs: number): Promise<Outcome[]> {
    const numbers = await this.#run("take", demands, nowMs);
    return demands.map(({ policy }, index): Outcome => {
      const [fits = 0, wanted = 0, at = 0, amount = 0] = numbers.slice(1 + index * FIELDS_PER_DEMAND);
      const counter = counterAt(policy, keptState(policy, at, amount), nowMs);
      return { counter, lacking: fits === 1 ? null : wanted };
    });
  }

  async #run(act: "take" | "charge", demands: readonly LimitDemand[], nowMs: number): Promise<number[]> {
    const args = [act, nowMs, ...demands.flatMap(scriptArguments)].map(String);
    const answer = await this.#redis.run(UPSTASH_TAKE_SCRIPT, demands.map(redisKey), args);
    return parseAnswer(answer, 1 + demands.length * FIELDS_PER_DEMAND);
  }

  async #takeBucket(demand: BucketDemand, nowMs: number): Promise<Outcome> {
    const { policy, cost } = demand;
    const { unitsPerToken, unitsPerMs, capacity } = bucketScale(policy);
    const limiter = new Ratelimit({
      // Of a client it asks for no more than its scripts take (`eval`, `evalsha`), and names the whole class all the same.
      redis: this.#redis as unknown as Redis,
      limiter: Ratelimit.tokenBucket(unitsPerMs, "1 ms", capacity),
      prefix: PREFIX,
      ephemeralCache: false,
      // Its own timeout grants. 0 turns that off, and ours applies.
      timeout: 0,
      enableTelemetry: false,
    });
    const key = counterKey(demand);
    const answer = await this.#timely(async () => {
      const verdict = await limiter.limit(key, { rate: cost * unitsPerToken });
      // A reason means that the database was not asked: `timeout`, for one, comes with success.
      if (verdict.reason !== undefined) throw new Error(`no verdict: ${verdict.reason}`);
      const parsed = parseBucket(verdict);
      const outcome = { counter: counterAt(policy, parsed.state, nowMs), lacking: parsed.success ? null : cost };
      return { answer: parsed, charged: chargesOf([demand], [outcome]) };
    });
    if (answer.success) return { counter: counterAt(policy, answer.state, nowMs), lacking: null };
    // The library does not say what a denied bucket holds. The denial stands even where the second question fails.
    const state = await this.#ask(() => this.#bucketState(demand)).catch(() => answer.state);
    return { counter: counterAt(policy, state, nowMs), lacking: cost };
  }

  /** Not by the library, which hides a debt. */
  async #bucketState(demand: BucketDemand): Promise<CounterState | undefined> {
    const [refilledAt, tokens] = (await this.#redis.hmget(redisKey(demand), "refilledAt", "tokens")).map(wholeNumber);
    if (refilledAt === null && tokens === null) return undefined;
    if (!Number.isSafeInteger(refilledAt) || !Number.isSafeInteger(tokens)) throw new TypeError("not a bucket");
    return { algorithm: "bucket", atMs: Number(refilledAt), level: Number(tokens) };
  }

  #ask<T>(call: () => Promise<T>): Promise<T> {
    return orOutage("upstash", this.#deadlineMs, call);
  }
}

/** A number as the database keeps it; null where there is none, NaN for anything else. */
function wholeNumber(text: string | null): number | null {
  return text === null ? null : /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
}

/** An answer, and what was charged with it. */
interface Charging<T> {
  readonly answer: T;
  readonly charged: readonly Charge[];
}

/** What one counter was charged, and its window and use, or time and level, after that. */
interface Charge {
  readonly demand: LimitDemand;
  readonly at: number;
  readonly amount: number;
}

/** The charges of a take, one for each counter that it hit; none where it was denied. */
function chargesOf(demands: readonly LimitDemand[], outcomes: readonly Outcome[]): Charge[] {
  if (outcomes.some(({ lacking }) => lacking !== null)) return [];
  const charges = new Map<string, Charge>();
  for (const [index, demand] of demands.entries()) {
    const counter = outcomes[index]?.counter;
    if (counter === undefined) continue;
    const cost = demand.cost + (charges.get(counterKey(demand))?.demand.cost ?? 0);
    const [at, amount] =
      counter.algorithm === "fixed"
        ? [counter.state.window, counter.state.used]
        : [counter.state.atMs, counter.state.level];
    charges.set(counterKey(demand), { demand: { ...demand, cost }, at, amount });
  }
  return [...charges.values()];
}

interface LibraryAnswer {
  readonly success: boolean;
  readonly remaining: number;
  readonly reset: number;
}

/** What the library says of a bucket. Its `reset` is one interval, so 1 ms, after the bucket's own time. */
function parseBucket({ success, remaining, reset }: LibraryAnswer): { success: boolean; state: CounterState } {
  if (!Number.isSafeInteger(remaining) || !Number.isSafeInteger(reset)) throw new TypeError("not a bucket's answer");
  return { success, state: { algorithm: "bucket", atMs: reset - 1, level: remaining } };
}

/** The same key that the library makes of its prefix and identifier. */
function redisKey(demand: LimitDemand): string {
  return `${PREFIX}:${counterKey(demand)}`;
}

function scriptArguments({ policy, cost }: LimitDemand): (string | number)[] {
  switch (policy.algorithm) {
    case "fixed":
      return ["fixed", policy.limit, policy.windowSeconds * 1000, 1, cost];
    case "bucket": {
      const { unitsPerToken, unitsPerMs, capacity } = bucketScale(policy);
      return ["bucket", capacity, unitsPerMs, unitsPerToken, cost];
    }
  }
}

function keptState(policy: LimitPolicy, at: number, amount: number): CounterState {
  switch (policy.algorithm) {
    case "fixed":
      return { algorithm: "fixed", window: at, used: amount };
    case "bucket":
      return { algorithm: "bucket", atMs: at, level: amount };
  }
}

function parseAnswer(answer: unknown, length: number): number[] {
  if (!Array.isArray(answer) || answer.length !== length) throw new TypeError("not an answer of the take script");
  return answer.map((value: unknown) => {
    if (typeof value !== "number") throw new TypeError("not an answer of the take script");
    return value;
  });
}
