import { isJsonObject } from "../kernel/strict_json.ts";
import { type ClientId, parseClientId } from "./ids.ts";

/** What an ID token of our own says of a sign-in, once its signature holds. Its end of life is not looked at: it is a hint. */
export interface HintedSignIn {
  readonly issuer: string;
  readonly clientId: ClientId;
  /** The user, as this client knows them. */
  readonly subject: string;
  /** The browser session, as this client knows it; null for a sign-in without one. */
  readonly sid: string | null;
  /** Unix seconds. */
  readonly issuedAtSeconds: number;
}

/** How far ahead of this clock a hint may have been issued: isolates' clocks differ a little. */
const CLOCK_SKEW_SECONDS = 5;

/** Reads the claims of an ID token as `idTokenClaims` writes them, or null. One audience: ours never have two. */
export function parseHintedSignIn(payload: unknown): HintedSignIn | null {
  if (!isJsonObject(payload)) return null;
  const { iss, sub, aud, azp, iat, exp, sid = null } = payload;
  const clientId = typeof aud === "string" && azp === aud ? parseClientId(aud) : null;
  if (clientId === null || typeof iss !== "string" || typeof sub !== "string" || sub === "") return null;
  if (!isTime(iat) || !isTime(exp) || !(sid === null || (typeof sid === "string" && sid !== ""))) return null;
  return { issuer: iss, clientId, subject: sub, sid, issuedAtSeconds: iat };
}

/**
 * Whether a hint is young enough to be taken. Clients keep ID tokens for as long as they keep a session, so expired ones
 * count (OpenID Connect RP-Initiated Logout §4); but none that is older than any session here can be.
 */
export function isRecentHint({ issuedAtSeconds }: HintedSignIn, maxAgeSeconds: number, nowSeconds: number): boolean {
  return issuedAtSeconds <= nowSeconds + CLOCK_SKEW_SECONDS && nowSeconds - issuedAtSeconds <= maxAgeSeconds;
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
