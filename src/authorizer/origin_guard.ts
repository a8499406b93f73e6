import type { BreakerSettings } from "../limits/breaker.ts";
import { Circuit } from "../limits/circuit.ts";
import {
  backoffMs,
  earnRetry,
  newRetryBudget,
  type RetryBudgetSettings,
  type RetryBudgetState,
  spendRetry,
} from "../limits/retry_budget.ts";
import type { Slots } from "../limits/slots.ts";
import type { OnwardTokens } from "../ports/onward_tokens.ts";
import { logBreaker } from "./breaker_log.ts";

/**
 * What stands before one origin in this isolate. Owns the memory that its calls share: how many are under way, how the
 * last ones went, what may be repeated. Each part is null where the origin does not ask for it.
 */
export interface OriginGuard {
  readonly slots: Slots | null;
  /** How long a caller may take nothing of a body that waits for it, in milliseconds, before its place is given back. */
  readonly readerIdleMs: number;
  readonly breaker: OriginBreaker | null;
  readonly retries: Retries | null;
  readonly onward: OnwardTokens | null;
}

/** What an answer, or none, says of the origin. */
export interface BreakerRules extends BreakerSettings {
  readonly failureStatuses: ReadonlySet<number>;
}

/** The circuit breaker of one origin. Each change of its phase is logged, by the call that made it. */
export class OriginBreaker extends Circuit {
  readonly rules: BreakerRules;

  constructor(origin: string, rules: BreakerRules) {
    super(rules, (phase) => logBreaker(phase, { origin }));
    this.rules = rules;
  }
}

/** Why a call may be repeated: no answer came, or one with this status. */
export type RetryCause = "unreachable" | 502 | 503 | 504;

export interface RetryRules extends RetryBudgetSettings {
  /** Calls in all, the first one included. */
  readonly maxAttempts: number;
  readonly methods: ReadonlySet<string>;
  readonly on: ReadonlySet<RetryCause>;
  readonly baseMs: number;
  readonly maxMs: number;
}

/** What may be repeated at one origin, and when. */
export class Retries {
  readonly rules: RetryRules;
  readonly #random: () => number;
  #budget: RetryBudgetState | null = null;

  /** `random` gives numbers from 0 up to 1. */
  constructor(rules: RetryRules, random: () => number) {
    this.rules = rules;
    this.#random = random;
  }

  /** A first call: it earns a share of a repetition. */
  earn(nowMs: number): void {
    this.#budget = earnRetry(this.#budget ?? newRetryBudget(this.rules, nowMs), this.rules, nowMs);
  }

  /** Milliseconds to wait before the call that follows `attempt`, now paid for; null where it is not to be made in time or at all. */
  spend(attempt: number, leftMs: number, nowMs: number): number | null {
    if (attempt >= this.rules.maxAttempts || this.#budget === null) return null;
    const pauseMs = backoffMs(attempt, this.rules, this.#random);
    if (pauseMs >= leftMs) return null;
    const spent = spendRetry(this.#budget, this.rules, nowMs);
    if (spent === null) return null;
    this.#budget = spent;
    return pauseMs;
  }
}
