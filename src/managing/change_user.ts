import { err, ok, type Result } from "../kernel/result.ts";
import type { UserRecord } from "../ports/users.ts";
import { normaliseEmail } from "../protocol/email_address.ts";
import type { UserId } from "../protocol/ids.ts";
import { type Changed, type ManagingFault, NOT_FOUND, type Progress } from "./management.ts";
import { losesAny, type Patch } from "./patch.ts";
import { progressOf, type UserManagement } from "./user_management.ts";

/** What an operator may change of a user; absent means "as it is". `profile` replaces the whole of it. Never a password. */
export type UserPatch = Patch<Pick<UserRecord, "profile" | "roles" | "disabled">>;

/** How often a deletion is tried again that somebody else's change came between. */
const TRIES = 3;

/**
 * Changes a user. Two places know of it, the account (sessions, grants) and D1 (the record), and no transaction spans them. So what
 * closes goes to the account first, and what opens goes there last: whatever fails in between leaves less open than was
 * asked, never more, and asking again completes it.
 *
 * Disabling blocks the account, which ends everything, and then writes the record; enabling writes it, and then unblocks.
 * Both are said to the account even where the record has it already, for an earlier try may have stopped half-way. Roles that
 * are taken away end everything too, before and after: tokens carry the old ones, and grants give such tokens. Before any change of
 * roles the account forgets those that it answers with.
 */
export async function changeUser(
  id: UserId,
  patch: UserPatch,
  { users, accounts }: Pick<UserManagement, "users" | "accounts">,
  nowMs: number,
): Promise<Result<Changed<UserRecord>, ManagingFault>> {
  const before = await users.find(id);
  if (before === null) return err(NOT_FOUND);
  const wanted = patchUser(before, patch, nowMs);
  const losesRoles = wanted !== null && losesAny(before.roles, wanted.roles);
  const end = () => accounts.endEverything(id, "admin", null, nowMs);
  const progress: Progress[] = [];
  if (wanted !== null && !sameRoles(before, wanted)) await accounts.forgetRoles(id, nowMs);
  if (patch.disabled === true) progress.push(progressOf(await accounts.setBlocked(id, true, "disabled", nowMs)));
  else if (losesRoles) await end();
  if (wanted !== null) {
    const outcome = await users.update(before, wanted, normaliseEmail(before.email) ?? before.email, []);
    if (outcome !== "changed") return err({ code: "conflict" });
    progress.push("announced");
  }
  if (losesRoles && patch.disabled !== true) progress.push(progressOf(await end()));
  if (patch.disabled === false) await accounts.setBlocked(id, false, "admin", nowMs);
  return ok({ value: wanted ?? before, progress: worst(progress) });
}

/**
 * Deletes a user. The account is blocked first and stays so: what it gave ends, and nothing more is given to an id that nobody has.
 */
export async function deleteUser(
  id: UserId,
  { users, accounts }: Pick<UserManagement, "users" | "accounts">,
  nowMs: number,
): Promise<Result<Changed<null>, ManagingFault>> {
  if ((await users.find(id)) === null) return err(NOT_FOUND);
  const ended = await accounts.setBlocked(id, true, "deleted", nowMs);
  for (let tries = 0; tries < TRIES; tries++) {
    const user = await users.find(id);
    if (user === null || (await users.delete(user, [])) === "deleted") {
      return ok({ value: null, progress: progressOf(ended) });
    }
  }
  return err({ code: "conflict" });
}

/** Ends every session and every grant of a user, who may sign in again. */
export async function endUserSessions(
  id: UserId,
  { users, accounts }: Pick<UserManagement, "users" | "accounts">,
  nowMs: number,
): Promise<Result<Changed<null>, ManagingFault>> {
  if ((await users.find(id)) === null) return err(NOT_FOUND);
  return ok({ value: null, progress: progressOf(await accounts.endEverything(id, "admin", null, nowMs)) });
}

/** The user after `patch`, or null where nothing would differ. */
export function patchUser(before: UserRecord, patch: UserPatch, nowMs: number): UserRecord | null {
  const after = {
    ...before,
    profile: patch.profile ?? before.profile,
    roles: patch.roles ?? before.roles,
    disabled: patch.disabled ?? before.disabled,
  };
  const isSame =
    canonical(before.profile) === canonical(after.profile) &&
    sameRoles(before, after) &&
    before.disabled === after.disabled;
  return isSame ? null : { ...after, version: before.version + 1, updatedAtMs: nowMs };
}

function sameRoles(a: UserRecord, b: UserRecord): boolean {
  return JSON.stringify(a.roles) === JSON.stringify(b.roles);
}

function canonical(profile: UserRecord["profile"]): string {
  return JSON.stringify(Object.entries(profile).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function worst(progress: readonly Progress[]): Progress {
  if (progress.includes("pending")) return "pending";
  return progress.includes("announced") ? "announced" : "unchanged";
}
