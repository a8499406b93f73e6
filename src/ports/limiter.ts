import type { LimitDemand, LimitVerdict } from "../limits/limit.ts";

/** Shared counting. */
export interface Limiter {
  /**
   * Takes every demand or none: a denied request is never charged, and no schedule of calls gets more than a
   * policy promises. `nowMs` is the caller's clock in Unix milliseconds. Throws `Outage` when it cannot tell.
   */
  take(demands: readonly LimitDemand[], nowMs: number): Promise<LimitVerdict>;

  /**
   * Charges what a call that was let in has cost beside what it took, whether or not so much is left (see
   * `limits/charge.ts`). Throws `Outage` when it cannot tell whether it did.
   */
  charge(demands: readonly LimitDemand[], nowMs: number): Promise<void>;
}
