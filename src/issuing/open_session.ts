import { sha256Base64url, toBase64url } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { newSessionRoot } from "../protocol/client_sid.ts";
import { newSessionId, type SessionId, type UserId } from "../protocol/ids.ts";
import { formatOpaqueToken } from "../protocol/opaque_token.ts";
import type { People, Visitor } from "./people.ts";

/** A session that was just opened, with the one copy of its cookie's value. */
export interface OpenedSession {
  readonly id: SessionId;
  /** `sps_<sealed locator>.<secret>`: the whole value of the cookie. */
  readonly token: string;
  /** In Unix milliseconds. */
  readonly endsAtMs: number;
}

/** How the user proved who they are (RFC 8176). */
const PASSWORD = ["pwd"] as const;

/** Why no session was opened: fixed words for logs. */
export type SessionRefusal = "user_disabled" | "proof_superseded";

/**
 * Opens a session under a new id in the place of `replaces`, unless the account is blocked or everything of it has ended since
 * `provenAtEpoch`. Only a hash of its secret is kept.
 */
export async function openSession(
  user: UserId,
  visitor: Visitor,
  replaces: SessionId | null,
  provenAtEpoch: number | null,
  people: Pick<People, "accounts" | "secrets" | "random" | "settings">,
  nowMs: number,
): Promise<Result<OpenedSession, SessionRefusal>> {
  const { idleSeconds, absoluteSeconds } = people.settings.sessions;
  const id = newSessionId(people.random);
  const secret = toBase64url(people.random(32));
  const [sealed, secretHash] = await Promise.all([
    people.secrets.seal({ user, grant: null }, "session"),
    sha256Base64url(secret),
  ]);
  const opening = {
    id,
    root: newSessionRoot(people.random),
    secretHash,
    amr: PASSWORD,
    acr: null,
    label: visitor.label,
    idleMs: idleSeconds * 1_000,
    absoluteMs: absoluteSeconds * 1_000,
    replaces,
    provenAtEpoch,
  };
  const outcome = await people.accounts.openSession(user, opening, nowMs);
  if (outcome !== "opened") return err(outcome === "blocked" ? "user_disabled" : "proof_superseded");
  return ok({ id, token: formatOpaqueToken("sps_", sealed, secret), endsAtMs: nowMs + absoluteSeconds * 1_000 });
}
