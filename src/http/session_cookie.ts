import { type CookieRules, dropCookie, readCookie, setCookie } from "./cookies.ts";

/**
 * The session of somebody who signed in, in the browser: opaque, and gone with the browser at the latest. The issuer sets it; the gate
 * reads it on routes that sessions open.
 */
const SESSION_COOKIE = "sallyport_session";

/** The session's cookie as it came, or null. Nothing in it is proven. */
export function readSessionCookie(header: string | null, rules: CookieRules): string | null {
  return readCookie(header, SESSION_COOKIE, rules);
}

/** Sets the session. It has no age of its own: the account's object says when it ends. */
export function setSessionCookie(value: string, rules: CookieRules): string {
  return setCookie({ name: SESSION_COOKIE, value, maxAgeSeconds: null }, rules);
}

export function dropSessionCookie(rules: CookieRules): string {
  return dropCookie(SESSION_COOKIE, rules);
}
