import type { UserId } from "../protocol/ids.ts";
import type { AccountHead, AccountStore } from "./account_store.ts";

const DAY_MS = 24 * 60 * 60_000;

/** Longer than any token lives, and than anything that was under way at the deletion is. */
const AFTER_DELETION_MS = 2 * DAY_MS;

/** What is to be done about an account of which nothing lives: forget it now, look again at that time, or let it be. */
export type End = "forget" | "keep" | { readonly lookAtMs: number };

/** `head` of an account that is closed because its user is deleted. */
export function closedFor(user: UserId, head: AccountHead, nowMs: number): AccountHead {
  return { ...head, blocked: true, deleted: head.deleted ?? { user, atMs: nowMs } };
}

/**
 * Whether an account can be forgotten, storage and all. One that remembers nothing which a new one would not know can: it was looked
 * into by an old cookie, or all that was opened in it is over. One whose user is deleted can after a while, unless the user's record
 * is there still: then the deletion stopped half-way, and what is closed stays closed. A live user's epochs stay. Throws `Outage`.
 */
export async function endOf(
  store: AccountStore,
  isUser: (user: UserId) => Promise<boolean>,
  nowMs: number,
): Promise<End> {
  if (!isIdle(store)) return "keep";
  const { deleted } = store.head();
  if (deleted === undefined) return store.isAsNew() ? "forget" : "keep";
  const dueMs = deleted.atMs + AFTER_DELETION_MS;
  if (nowMs < dueMs) return { lookAtMs: dueMs };
  if (await isUser(deleted.user)) return { lookAtMs: nowMs + DAY_MS };
  return isIdle(store) && store.head().deleted !== undefined ? "forget" : "keep";
}

/** Nothing lives, and nothing waits to be told. */
function isIdle(store: AccountStore): boolean {
  return store.nextEndMs() === null && !store.hasWaiting() && store.nextNoticeDueMs() === null;
}
