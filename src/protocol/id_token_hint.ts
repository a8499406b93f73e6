import { isJsonObject } from "../kernel/strict_json.ts";
import { type ClientId, parseClientId } from "./ids.ts";

/** What an ID token of our own says of a sign-in, once its signature holds. Its end of life is not looked at: it is a hint. */
export interface HintedSignIn {
  readonly clientId: ClientId;
  /** As that client knows the user. */
  readonly subject: string;
  /** The browser session, as that client knows it; null for a sign-in without one. */
  readonly sid: string | null;
  /** Unix seconds. */
  readonly issuedAtSeconds: number;
}

/** How far ahead of this clock a hint may have been issued: isolates' clocks differ a little. */
const CLOCK_SKEW_SECONDS = 5;

/** Reads the claims of an ID token of `issuer`, as `idTokenClaims` writes them, or null. One audience: ours never have two. */
export function parseHintedSignIn(claims: unknown, issuer: string): HintedSignIn | null {
  // What has events is a logout token, whatever its type says (OpenID Connect Back-Channel Logout §4).
  if (!isJsonObject(claims) || claims.iss !== issuer || "events" in claims) return null;
  const { sub, aud, azp = aud, iat, exp, sid = null } = claims;
  const clientId = typeof aud === "string" && azp === aud ? parseClientId(aud) : null;
  if (clientId === null || typeof sub !== "string" || sub === "" || !isTime(iat) || !isTime(exp)) return null;
  return sid === null || (typeof sid === "string" && sid !== "")
    ? { clientId, subject: sub, sid, issuedAtSeconds: iat }
    : null;
}

/**
 * Whether a hint is young enough to end a session. Clients keep ID tokens for as long as they keep a session, so expired ones
 * count (OpenID Connect RP-Initiated Logout §4); but none that is older than any session here can be.
 */
export function isRecentHint({ issuedAtSeconds }: HintedSignIn, maxAgeSeconds: number, nowSeconds: number): boolean {
  return issuedAtSeconds <= nowSeconds + CLOCK_SKEW_SECONDS && nowSeconds - issuedAtSeconds <= maxAgeSeconds;
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
