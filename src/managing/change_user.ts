import { Outage } from "../kernel/outage.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { EndOutcome } from "../ports/accounts.ts";
import type { UserRecord } from "../ports/users.ts";
import { normaliseEmail } from "../protocol/email_address.ts";
import { losesHoldings, sameHoldings } from "../protocol/holdings.ts";
import type { UserId } from "../protocol/ids.ts";
import { attributeFaults, patchHoldings } from "./holding_rules.ts";
import { type Changed, invalidFields, type ManagingFault, NOT_FOUND, type Progress } from "./management.ts";
import type { Patch } from "./patch.ts";
import { progressOf, type UserManagement } from "./user_management.ts";

/**
 * What an operator may change of a user; absent means "as it is". `profile` and `attributes` replace the whole of theirs. Never a password.
 * `assignments` come from the use cases of assignments alone, which give `roles` with them.
 */
export type UserPatch = Patch<Pick<UserRecord, "profile" | "roles" | "assignments" | "attributes" | "disabled">>;

/** What follows from the record as it is: assigning adds to what others have assigned meanwhile. */
export type UserEdit = (before: UserRecord) => Result<UserPatch, ManagingFault>;

type UserParts = Pick<UserManagement, "users" | "accounts"> & Partial<Pick<UserManagement, "attributes">>;

/** How often a deletion is tried again that somebody else's change came between. */
const TRIES = 3;

/**
 * Changes a user. Two places know of it, the account (sessions, grants) and D1 (the record), and no transaction spans them. So what
 * closes goes to the account first, and what opens goes there last: whatever fails in between leaves less open than was
 * asked, never more, and asking again completes it.
 *
 * Disabling blocks the account, which ends everything, and then writes the record; enabling writes it, and then unblocks.
 * Both are said to the account even where the record has it already, for an earlier try may have stopped half-way. Before any change of
 * roles or attributes the account forgets what it answers with.
 *
 * Roles that are taken away, and attributes that change, end everything too, before and after: tokens carry the old ones, and grants give
 * such tokens. The account knows from the first end on that a second one is owed, and makes it by itself where nobody else does: the
 * change is `pending` where it was made and its second end was not. Whoever asks for the same again finds nothing to change, and has
 * what is owed ended at once.
 */
export async function changeUser(
  id: UserId,
  edit: UserPatch | UserEdit,
  { users, accounts, attributes }: UserParts,
  nowMs: number,
): Promise<Result<Changed<UserRecord>, ManagingFault>> {
  const before = await users.find(id);
  if (before === null) return err(NOT_FOUND);
  const edited = typeof edit === "function" ? edit(before) : ok(edit);
  if (!edited.ok) {
    // What is to be taken away is gone already, perhaps by an earlier try.
    await accounts.endOwed(id, nowMs);
    return edited;
  }
  const patch = edited.value;
  const faults = attributeFaults(patch.attributes, attributes ?? {});
  if (faults.length > 0) return err(invalidFields(faults));
  const wanted = patchUser(before, patch, nowMs);
  const losesRoles = wanted !== null && losesHoldings(before, wanted, nowMs);
  const progress: Progress[] = [];
  if (!losesRoles && namesHoldings(patch)) progress.push(...(await endedByNow(accounts.endOwed(id, nowMs))));
  if (wanted !== null && !sameHoldings(before, wanted)) await accounts.forgetRoles(id, nowMs);
  if (patch.disabled === true) progress.push(progressOf(await accounts.setBlocked(id, true, "disabled", nowMs)));
  const begun = losesRoles && patch.disabled !== true ? await accounts.beginChange(id, "admin", null, nowMs) : null;
  if (wanted !== null) {
    const outcome = await users.update(before, wanted, normaliseEmail(before.email) ?? before.email, []);
    if (begun !== null) progress.push(await finished(accounts.finishChange(id, begun, nowMs)));
    if (outcome !== "changed") return err({ code: "conflict" });
    progress.push("announced");
  }
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

function namesHoldings({ roles, assignments, attributes }: UserPatch): boolean {
  return roles !== undefined || assignments !== undefined || attributes !== undefined;
}

async function endedByNow(ending: Promise<EndOutcome | null>): Promise<readonly Progress[]> {
  const ended = await ending;
  return ended === null ? [] : [progressOf(ended)];
}

/** The change is made: an outage leaves its second end to the account, and would hide from whoever asked that it is. */
async function finished(ending: Promise<EndOutcome>): Promise<Progress> {
  try {
    return progressOf(await ending);
  } catch (fault) {
    if (fault instanceof Outage) return "pending";
    throw fault;
  }
}

/** The user after `patch`, or null where nothing would differ. */
export function patchUser(before: UserRecord, patch: UserPatch, nowMs: number): UserRecord | null {
  const after = {
    ...before,
    profile: patch.profile ?? before.profile,
    ...patchHoldings(before, patch),
    disabled: patch.disabled ?? before.disabled,
  };
  const isSame =
    canonical(before.profile) === canonical(after.profile) &&
    sameHoldings(before, after) &&
    before.disabled === after.disabled;
  return isSame ? null : { ...after, version: before.version + 1, updatedAtMs: nowMs };
}

function canonical(profile: UserRecord["profile"]): string {
  return JSON.stringify(Object.entries(profile).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function worst(progress: readonly Progress[]): Progress {
  if (progress.includes("pending")) return "pending";
  return progress.includes("announced") ? "announced" : "unchanged";
}
