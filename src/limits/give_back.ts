import { type CounterState, counterAt, counterKey, limitState } from "./counter.ts";
import type { LimitDemand, LimitState } from "./limit.ts";
import type { Counters } from "./take.ts";
import { bucketScale } from "./token_bucket.ts";

/** What a granted demand may still return: `amount` units of cost of `window`, or units of a bucket's level. */
type Holding =
  | { readonly algorithm: "fixed"; readonly key: string; readonly window: number; readonly amount: number }
  | { readonly algorithm: "bucket"; readonly key: string; readonly amount: number };

/** A granted take that its caller may have to undo, because another counter elsewhere denied the request. */
export interface Reservation {
  readonly id: string;
  /** By the clock of whoever keeps it. */
  readonly madeAtMs: number;
  readonly demands: readonly LimitDemand[];
  readonly holdings: readonly Holding[];
}

/** The reservation of `demands`, just granted and kept in `counters`. */
export function reserve(
  id: string,
  demands: readonly LimitDemand[],
  counters: Counters,
  madeAtMs: number,
): Reservation {
  const holdings = demands.map((demand) => holdingOf(demand, counters));
  return { id, madeAtMs, demands, holdings };
}

function holdingOf(demand: LimitDemand, counters: Counters): Holding {
  const key = counterKey(demand);
  const state = counters.get(key);
  if (demand.policy.algorithm === "bucket") {
    return { algorithm: "bucket", key, amount: demand.cost * bucketScale(demand.policy).unitsPerToken };
  }
  const window = state?.algorithm === "fixed" ? state.window : Number.NaN;
  return { algorithm: "fixed", key, window, amount: demand.cost };
}

/**
 * `open` (oldest first) as it stands once the buckets of `demands` have refilled up to `nowMs`; to be asked before they
 * are charged. A bucket that ran full has made good what was taken before: returning it as well would grant it twice.
 * So all reservations together may return no more than the empty room there ever was since they were made; the oldest
 * lose theirs first, being the likeliest to stand.
 */
export function settleRefill(
  open: readonly Reservation[],
  counters: Counters,
  demands: readonly LimitDemand[],
  nowMs: number,
): readonly Reservation[] {
  if (open.length === 0) return open;
  const room = new Map<string, number>();
  for (const demand of demands) {
    const key = counterKey(demand);
    const counter = counterAt(demand.policy, counters.get(key), nowMs);
    if (counter.algorithm !== "bucket") continue;
    room.set(key, bucketScale(counter.policy).capacity - counter.state.level);
  }
  if (room.size === 0) return open;
  return open
    .toReversed()
    .map((reservation) => within(reservation, room))
    .toReversed();
}

function within(reservation: Reservation, room: Map<string, number>): Reservation {
  const holdings = reservation.holdings.map((holding): Holding => {
    const left = room.get(holding.key);
    if (holding.algorithm !== "bucket" || left === undefined) return holding;
    const amount = Math.min(holding.amount, left);
    room.set(holding.key, left - amount);
    return { ...holding, amount };
  });
  return { ...reservation, holdings };
}

/**
 * The counters that change when `reservation` is undone. A window that has passed gets nothing back, for there is
 * nothing left to spend it in. Undoing twice is the caller's to prevent: a reservation is spent by this.
 */
export function giveBack(counters: Counters, reservation: Reservation): Map<string, CounterState> {
  const changed = new Map<string, CounterState>();
  for (const holding of reservation.holdings) {
    const state = changed.get(holding.key) ?? counters.get(holding.key);
    if (state?.algorithm === "fixed" && holding.algorithm === "fixed" && state.window === holding.window) {
      changed.set(holding.key, { ...state, used: Math.max(0, state.used - holding.amount) });
    }
    if (state?.algorithm === "bucket" && holding.algorithm === "bucket") {
      changed.set(holding.key, { ...state, level: state.level + holding.amount });
    }
  }
  return changed;
}

/** What the counters of `demands` say at `nowMs`, nothing being asked of them. */
export function describe(counters: Counters, demands: readonly LimitDemand[], nowMs: number): LimitState[] {
  return demands.map((demand) =>
    limitState(counterAt(demand.policy, counters.get(counterKey(demand)), nowMs), nowMs, null),
  );
}
