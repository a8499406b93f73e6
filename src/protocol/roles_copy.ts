/**
 * A user's roles as their account keeps them: what the directory said, so that a spend answers with them in the same call.
 * Owns when the copy may be used and when none may be kept. The directory stays the truth.
 */
export interface RolesCopy {
  /** Null where none is kept. */
  readonly roles: readonly string[] | null;
  /** The account's epoch at that time. Roles that are taken away end everything behind the change: what was kept before is over. */
  readonly epoch: number;
  readonly keptAtMs: number;
  /** The directory may be changing its word: none is kept before. */
  readonly unsettledUntilMs: number;
}

/** The roles as the directory told them during this very request; null where it was not asked. */
export type KnownRoles = readonly string[] | null;

export const NO_ROLES_COPY: RolesCopy = { roles: null, epoch: 0, keptAtMs: 0, unsettledUntilMs: 0 };

/** The directory is asked once in this time, whatever happens: what somebody changed there by hand is seen then. */
const COPY_MS = 60 * 60_000;

/** A change of the directory that was announced is made within this time or never, also one that was given up at its deadline. */
const SETTLES_MS = 60_000;

/** The roles that may be answered at `nowMs` under `epoch`, or null. Whichever clock is wrong: an age below zero counts as well. */
export function keptRoles(copy: RolesCopy, epoch: number, nowMs: number): KnownRoles {
  return copy.epoch === epoch && Math.abs(nowMs - copy.keptAtMs) < COPY_MS ? copy.roles : null;
}

/** The copy once the directory said `roles`: the same object where nothing is worth a write. */
export function keepRoles(copy: RolesCopy, roles: readonly string[], epoch: number, nowMs: number): RolesCopy {
  if (nowMs < copy.unsettledUntilMs) return copy;
  const isYoung = copy.epoch === epoch && Math.abs(nowMs - copy.keptAtMs) < COPY_MS / 2;
  const isSame = copy.roles !== null && JSON.stringify(copy.roles) === JSON.stringify(roles);
  return isSame && isYoung ? copy : { ...copy, roles, epoch, keptAtMs: nowMs };
}

/**
 * Without a copy, and with none until the directory has settled: said before a change. What was read before the change and
 * arrives after it is then not kept, and no second word behind the change can be lost.
 */
export function unsettledRoles(copy: RolesCopy, nowMs: number): RolesCopy {
  return { ...copy, roles: null, unsettledUntilMs: Math.max(copy.unsettledUntilMs, nowMs + SETTLES_MS) };
}
