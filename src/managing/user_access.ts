import { err, ok, type Result } from "../kernel/result.ts";
import type { EndOutcome, GrantSummary, SessionRecord } from "../ports/accounts.ts";
import type { SecurityEventRecords } from "../ports/operator_records.ts";
import type { GrantId, SessionId, UserId } from "../protocol/ids.ts";
import { type Changed, type ManagingFault, NOT_FOUND } from "./management.ts";
import { progressOf, type UserManagement } from "./user_management.ts";

type Access = Pick<UserManagement, "users" | "accounts">;

/** A user's live sessions, the last used first. What opens one is known to nobody but its browser. */
export async function listUserSessions(
  id: UserId,
  { users, accounts }: Access,
  nowMs: number,
): Promise<Result<readonly SessionRecord[], ManagingFault>> {
  if ((await users.find(id)) === null) return err(NOT_FOUND);
  return ok(await accounts.listSessions(id, nowMs));
}

/** What clients hold of a user's now. */
export async function listUserGrants(
  id: UserId,
  { users, accounts }: Access,
  nowMs: number,
): Promise<Result<readonly GrantSummary[], ManagingFault>> {
  if ((await users.find(id)) === null) return err(NOT_FOUND);
  return ok(await accounts.listGrants(id, nowMs));
}

/** Ends one session of a user, and what was granted in it for as long as it lasts. */
export function endUserSession(
  id: UserId,
  session: SessionId,
  access: Access,
  nowMs: number,
): Promise<Result<Changed<null>, ManagingFault>> {
  return ended(id, access, ({ accounts }) => accounts.endSession(id, session, nowMs));
}

/**
 * Ends one grant of a user: its refresh token and its access tokens. What the user agreed to stays theirs to withdraw: the client
 * may ask again, where somebody is signed in.
 */
export function endUserGrant(
  id: UserId,
  grant: GrantId,
  access: Access,
  nowMs: number,
): Promise<Result<Changed<null>, ManagingFault>> {
  return ended(id, access, ({ accounts }) => accounts.endGrant(id, grant, nowMs));
}

/**
 * Whether anything is known of a user: an account, or what happened to one. The record outlives the account: why a user
 * who was deleted had been signed out can still be told.
 */
export async function isKnownUser(
  id: UserId,
  { users, events }: Pick<UserManagement, "users"> & { readonly events: SecurityEventRecords },
): Promise<boolean> {
  return (await users.find(id)) !== null || (await events.list(id, 1, null)).length > 0;
}

/** An account knows its own alone: what is another user's is not found here. */
async function ended(
  id: UserId,
  access: Access,
  end: (access: Access) => Promise<EndOutcome>,
): Promise<Result<Changed<null>, ManagingFault>> {
  if ((await access.users.find(id)) === null) return err(NOT_FOUND);
  const outcome = await end(access);
  if (outcome.sessions + outcome.grants === 0) return err(NOT_FOUND);
  return ok({ value: null, progress: progressOf(outcome) });
}
