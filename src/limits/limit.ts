/**
 * Limits as plain data: what a policy promises, what a request asks of it, what it got.
 * Owns the vocabulary of the limiter port. Refuses to know who is asking: a subject is an opaque string.
 */

/** At most `limit` units of cost in each window of `windowSeconds` aligned to the Unix epoch. */
export interface FixedWindowPolicy {
  readonly name: string;
  readonly algorithm: "fixed";
  readonly limit: number;
  readonly windowSeconds: number;
}

/** At most `burst` + `refill` per `intervalSeconds` x t units of cost over any interval of length t. */
export interface TokenBucketPolicy {
  readonly name: string;
  readonly algorithm: "bucket";
  readonly burst: number;
  readonly refill: number;
  readonly intervalSeconds: number;
}

export type LimitPolicy = FixedWindowPolicy | TokenBucketPolicy;

/** One thing a request wants: `cost` units (a positive integer) of `policy` for `subject`. */
export interface LimitDemand {
  /** Whose counter: `client:cli_…`, `address:203.0.113.7`. Counters of one subject live together. */
  readonly subject: string;
  readonly policy: LimitPolicy;
  readonly cost: number;
  /** Whether it may be met from units that an isolate took ahead (see `lease.ts`). */
  readonly leased?: boolean;
}

/** What one demand's counter says after the verdict. */
export interface LimitState {
  /** The policy's name. */
  readonly policy: string;
  /** False for the demands that made the verdict a denial. */
  readonly granted: boolean;
  /** Units that could still be taken now; never negative. */
  readonly remaining: number;
  /** Seconds (whole, at least 1) until the quota is whole again, or, where denied, until this cost could be granted. */
  readonly resetSeconds: number;
}

/** All demands granted and charged, or none charged at all. `limits` is in the order of the demands. */
export interface LimitVerdict {
  readonly granted: boolean;
  readonly limits: readonly LimitState[];
}
