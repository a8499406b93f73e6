import { sha256Base64url } from "../kernel/bytes.ts";
import type { EndOutcome, LiveSession } from "../ports/accounts.ts";
import type { SessionProof, SessionStanding } from "../ports/issuer_reader.ts";
import type { UserRecord } from "../ports/users.ts";
import type { Holdings } from "../protocol/holdings.ts";
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
  return presented === null ? null : liveSession(presented, people, nowMs);
}

/** What of a live session the gate may know, for somebody who holds its cookie; else null. Throws `Outage`. */
export async function sessionStanding(
  { sealed, secretHash }: SessionProof,
  people: Pick<People, "accounts" | "users" | "secrets">,
  nowMs: number,
): Promise<SessionStanding | null> {
  const locator = await people.secrets.open(sealed, "session");
  const live = locator === null ? null : await liveSession({ user: locator.user, secretHash }, people, nowMs);
  if (live === null) return null;
  const { user, session } = live;
  const { id: sessionId, accountEpoch: userEpoch, authTimeMs, amr, acr, endsAtMs } = session;
  return { sessionId, userId: user.id, userEpoch, ...heldBy(user), authTimeMs, amr, acr, endsAtMs };
}

/** What most users have none of is left out: a gate of an earlier release reads the rest. */
function heldBy({ roles, assignments, attributes }: Holdings) {
  return {
    roles,
    ...(assignments.length > 0 && { assignments }),
    ...(Object.keys(attributes).length > 0 && { attributes }),
  };
}

/** What a cookie proves, once it is opened. */
interface OpenedCookie {
  readonly user: UserId;
  readonly secretHash: string;
}

async function liveSession(
  presented: OpenedCookie,
  { accounts, users }: Pick<People, "accounts" | "users">,
  nowMs: number,
): Promise<CurrentSession | null> {
  const [session, user] = await Promise.all([
    accounts.findSession(presented.user, presented.secretHash, nowMs),
    users.find(presented.user),
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

async function openCookie(cookie: string, { secrets }: Pick<People, "secrets">): Promise<OpenedCookie | null> {
  const token = parseOpaqueToken("sps_", cookie);
  const locator = token === null ? null : await secrets.open(token.sealed, "session");
  if (token === null || locator === null) return null;
  return { user: locator.user, secretHash: await sha256Base64url(token.secret) };
}
