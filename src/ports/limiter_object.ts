import type { LimitDemand, LimitState, LimitVerdict } from "../limits/limit.ts";

/** A take of one request, which can be given back under `reservation`. */
export interface ReservedTake {
  readonly demands: readonly LimitDemand[];
  readonly nowMs: number;
  readonly reservation: string;
}

/** What the object that counts for one subject answers over RPC. All demands of a call belong to its subject. */
export interface LimiterObject {
  /**
   * Takes every demand or none. With `reservation`, an id unique to the request, a grant can be given back for a few
   * seconds.
   */
  take(demands: readonly LimitDemand[], nowMs: number, reservation?: string): Promise<LimitVerdict>;

  /** Each of `takes` by itself and in this order, with a verdict for each: what `take` does, for requests that come together. */
  takeEach(takes: readonly ReservedTake[]): Promise<readonly LimitVerdict[]>;

  /** Charges every demand, into debt where it must. */
  charge(demands: readonly LimitDemand[], nowMs: number): Promise<void>;

  /**
   * Undoes the grant of `reservation` and answers its counters, in the order of its demands. Null, and nothing
   * changed, where there is no such grant to undo: never made, already given back, or forgotten.
   */
  giveBack(reservation: string, nowMs: number): Promise<readonly LimitState[] | null>;
}
