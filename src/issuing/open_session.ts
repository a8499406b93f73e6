import { sha256Base64url, toBase64url } from "../kernel/bytes.ts";
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

/** Opens a session under a new id in the place of `replaces`, or null where the account is blocked. Only a hash of its secret is kept. */
export async function openSession(
  user: UserId,
  visitor: Visitor,
  replaces: SessionId | null,
  people: Pick<People, "accounts" | "secrets" | "random" | "settings">,
  nowMs: number,
): Promise<OpenedSession | null> {
  const { idleSeconds, absoluteSeconds } = people.settings.sessions;
  const id = newSessionId(people.random);
  const secret = toBase64url(people.random(32));
  const [sealed, secretHash] = await Promise.all([
    people.secrets.seal({ user, grant: null }, "session"),
    sha256Base64url(secret),
  ]);
  const opening = {
    id,
    secretHash,
    amr: PASSWORD,
    acr: null,
    label: visitor.label,
    idleMs: idleSeconds * 1_000,
    absoluteMs: absoluteSeconds * 1_000,
    replaces,
  };
  if ((await people.accounts.openSession(user, opening, nowMs)) === "blocked") return null;
  return { id, token: formatOpaqueToken("sps_", sealed, secret), endsAtMs: nowMs + absoluteSeconds * 1_000 };
}
