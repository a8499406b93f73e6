import { sha256Base64url } from "../kernel/bytes.ts";
import type { EndOutcome, LiveSession } from "../ports/accounts.ts";
import type { UserRecord } from "../ports/users.ts";
import type { UserId } from "../protocol/ids.ts";
import { parseOpaqueToken } from "../protocol/opaque_token.ts";
import type { People } from "./people.ts";

/** Who a browser is signed in as. */
export interface CurrentSession {
  readonly user: UserRecord;
  readonly session: LiveSession;
}

/**
 * The live session behind a cookie's value, with its user; null for anything else, and for a user who is disabled or gone. Throws
 * `Outage`: a session that cannot be looked up is not one that ended.
 */
export async function currentSession(
  cookie: string,
  people: Pick<People, "accounts" | "users" | "secrets">,
  nowMs: number,
): Promise<CurrentSession | null> {
  const presented = await openCookie(cookie, people);
  if (presented === null) return null;
  const [session, user] = await Promise.all([
    people.accounts.findSession(presented.user, presented.secretHash, nowMs),
    people.users.find(presented.user),
  ]);
  return session === null || user === null || user.disabled ? null : { user, session };
}

/**
 * Ends the session behind a cookie's value, and what was granted in it. Null where there is none: signing out twice is
 * no fault. Asks the account alone, so that a disabled user's session ends too.
 */
export async function signOut(
  cookie: string,
  people: Pick<People, "accounts" | "secrets">,
  nowMs: number,
): Promise<EndOutcome | null> {
  const presented = await openCookie(cookie, people);
  if (presented === null) return null;
  const session = await people.accounts.findSession(presented.user, presented.secretHash, nowMs);
  return session === null ? null : people.accounts.endSession(presented.user, session.id, nowMs);
}

async function openCookie(
  cookie: string,
  { secrets }: Pick<People, "secrets">,
): Promise<{ readonly user: UserId; readonly secretHash: string } | null> {
  const token = parseOpaqueToken("sps_", cookie);
  const locator = token === null ? null : await secrets.open(token.sealed, "session");
  if (token === null || locator === null) return null;
  return { user: locator.user, secretHash: await sha256Base64url(token.secret) };
}
