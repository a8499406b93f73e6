import { type Holdings, sameHoldings } from "./holdings.ts";

/**
 * A user's roles and attributes as their account keeps them: what the directory said, so that a spend answers with them in the same call.
 * Owns when the copy may be used and when none may be kept. The directory stays the truth.
 */
export interface RolesCopy {
  /** Null where none is kept. Copies of earlier releases have another member in its place, and count as none. */
  readonly holdings: Holdings | null;
  /** The account's epoch at that time. What is taken away ends everything behind the change: what was kept before is over. */
  readonly epoch: number;
  readonly keptAtMs: number;
  /** The directory may be changing its word: none is kept before. */
  readonly unsettledUntilMs: number;
}

/** Roles and attributes as the directory told them during this very request; null where it was not asked. */
export type KnownHoldings = Holdings | null;

export const NO_ROLES_COPY: RolesCopy = { holdings: null, epoch: 0, keptAtMs: 0, unsettledUntilMs: 0 };

/** The directory is asked once in this time, whatever happens: what somebody changed there by hand is seen then. */
const COPY_MS = 60 * 60_000;

/** A change of the directory that was announced is made within this time or never, also one that was given up at its deadline. */
const SETTLES_MS = 60_000;

/** What may be answered at `nowMs` under `epoch`, or null. Whichever clock is wrong: an age below zero counts as well. */
export function keptHoldings(copy: RolesCopy, epoch: number, nowMs: number): KnownHoldings {
  return copy.epoch === epoch && Math.abs(nowMs - copy.keptAtMs) < COPY_MS ? (copy.holdings ?? null) : null;
}

/** The copy once the directory said `holdings`: the same object where nothing is worth a write. */
export function keepHoldings(copy: RolesCopy, holdings: Holdings, epoch: number, nowMs: number): RolesCopy {
  if (nowMs < copy.unsettledUntilMs) return copy;
  const isYoung = copy.epoch === epoch && Math.abs(nowMs - copy.keptAtMs) < COPY_MS / 2;
  const before = copy.holdings ?? null;
  const isSame = before !== null && sameHoldings(before, holdings);
  return isSame && isYoung ? copy : { ...copy, holdings, epoch, keptAtMs: nowMs };
}

/**
 * Without a copy, and with none until the directory has settled: said before a change. What was read before the change and
 * arrives after it is then not kept, and no second word behind the change can be lost.
 */
export function unsettledRoles(copy: RolesCopy, nowMs: number): RolesCopy {
  return { ...copy, holdings: null, unsettledUntilMs: Math.max(copy.unsettledUntilMs, nowMs + SETTLES_MS) };
}
