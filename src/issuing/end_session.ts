import { err, ok, type Result } from "../kernel/result.ts";
import type { ClientRecord } from "../ports/clients.ts";
import type { Revocations, RevocationView } from "../ports/edge_feed.ts";
import type { IdTokenHints } from "../ports/id_token_hints.ts";
import type { AuthorizationError } from "../protocol/authorize/authorization_error.ts";
import { clientSid } from "../protocol/client_sid.ts";
import { type HintedSignIn, isRecentHint } from "../protocol/id_token_hint.ts";
import type { ClientId, SessionId, UserId } from "../protocol/ids.ts";
import { decideLogout, type LogoutRequest, type Onward } from "../protocol/logout_request.ts";
import type { ClientCache } from "./client_cache.ts";
import type { CurrentSession } from "./current_session.ts";
import { subjectFor } from "./finish_authorization.ts";
import type { Moment } from "./issuer.ts";
import type { People } from "./people.ts";

/**
 * What the logout endpoint is built from. Owns who may end a browser session: its person, and a client that this very session
 * signed in to. Refuses to send a browser anywhere that the client did not register.
 */
export interface SigningOut {
  readonly clients: Pick<ClientCache, "find">;
  readonly revocations: Revocations;
  readonly hints: IdTokenHints;
  readonly people: Pick<People, "accounts" | "subjects">;
  /** How old an ID token may be to count as a hint, in seconds: as long as a session can last. */
  readonly hintSeconds: number;
}

/** A session that ended here. */
export interface EndedSession {
  readonly userId: UserId;
  readonly sessionId: SessionId;
  /** The gates are still to hear of its grants: the account goes on telling the edge feed. */
  readonly pending: boolean;
}

/** What the browser is answered. */
export type LogoutStep =
  /** The person has to say so first. Nothing has ended. */
  | { readonly kind: "ask"; readonly client: ClientRecord | null; readonly onward: Onward | null }
  /** Nobody is signed in in this browser any more. `ended` is null where nobody was. */
  | {
      readonly kind: "over";
      readonly client: ClientRecord | null;
      readonly onward: Onward | null;
      readonly ended: EndedSession | null;
    };

/**
 * The logout endpoint (OpenID Connect RP-Initiated Logout §2): ends the session at once for a client that proves itself by its
 * ID token of that session, else asks. `isVisit` is whether a person's own navigation made the request. Throws `Outage`.
 */
export async function logout(
  request: LogoutRequest,
  signedIn: CurrentSession | null,
  isVisit: boolean,
  parts: SigningOut,
  moment: Moment,
): Promise<Result<LogoutStep, AuthorizationError>> {
  const view = await parts.revocations.view(moment.nowMs, moment.defer, 0);
  const hinted = request.idTokenHint === null ? null : await provenHint(request.idTokenHint, parts, moment, view);
  const named = hinted?.client ?? (await findClient(request.clientId, parts, moment, view));
  const hint = hinted?.hint ?? null;
  const known = hinted === null || signedIn === null ? null : await knownAs(signedIn, hinted.client, parts);
  const decided = decideLogout({ request, hint, client: named, isSignedIn: signedIn !== null, known, isVisit });
  if (!decided.ok) return err(decided.error);
  const { kind, onward } = decided.value;
  // A client that is only named is shown where the answer leads to its own address: then it is who gets the person back.
  const client = hinted?.client ?? (onward === null ? null : named);
  if (kind === "ask") return ok({ kind, client, onward });
  const ended = kind === "end" && signedIn !== null ? await end(signedIn, parts, moment) : null;
  return ok({ kind: "over", client, onward, ended });
}

/** What the person confirmed: the session ends. The caller has proved that the answer came from our own page. */
export async function confirmLogout(
  request: LogoutRequest,
  signedIn: CurrentSession,
  parts: SigningOut,
  moment: Moment,
): Promise<Result<LogoutStep, AuthorizationError>> {
  const asked = await logout({ ...request, idTokenHint: null }, signedIn, false, parts, moment);
  if (!asked.ok) return asked;
  const { client, onward } = asked.value;
  return ok({ kind: "over", client, onward, ended: await end(signedIn, parts, moment) });
}

async function end({ user, session }: CurrentSession, parts: SigningOut, { nowMs }: Moment): Promise<EndedSession> {
  const { delivered } = await parts.people.accounts.endSession(user.id, session.id, nowMs);
  parts.revocations.expire();
  return { userId: user.id, sessionId: session.id, pending: delivered === "pending" };
}

/** The hint with its client, or null. A forged one, one too old, and one of a client that is gone are all alike: none. */
async function provenHint(
  token: string,
  parts: SigningOut,
  moment: Moment,
  view: RevocationView | null,
): Promise<{ readonly hint: HintedSignIn; readonly client: ClientRecord } | null> {
  const hint = await parts.hints.read(token, moment.nowMs, moment.defer);
  if (hint === null) return null;
  // A key that was withdrawn is in other hands: what it signed proves nothing. Nor does anything while nobody can say.
  if (view === null || view.leastEpoch("kid", hint.kid) > 0) return null;
  if (!isRecentHint(hint, parts.hintSeconds, Math.floor(moment.nowMs / 1000))) return null;
  const client = await findClient(hint.clientId, parts, moment, view);
  return client === null ? null : { hint, client };
}

async function findClient(
  id: ClientId | null,
  { clients }: SigningOut,
  { nowMs }: Moment,
  view: RevocationView | null,
): Promise<ClientRecord | null> {
  const found = id === null ? null : await clients.find(id, nowMs, view);
  return found === null || found.client.disabled ? null : found.client;
}

/** Whom `client` knows the current session as. */
async function knownAs({ user, session }: CurrentSession, client: ClientRecord, { people }: SigningOut) {
  const [subject, sid] = await Promise.all([subjectFor(user.id, client, people), clientSid(client.id, session.root)]);
  return { subject, sid };
}
