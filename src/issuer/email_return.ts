import { type CookieRules, dropCookie, readCookie, setCookie } from "../http/cookies.ts";

/**
 * The way back to a mailed link that changes an address, for somebody who has to sign in first. A cookie and no parameter, which holds
 * the link's own secret: no link can make a sign-in lead anywhere but to our own page, which asks before it does anything.
 */
const EMAIL_COOKIE = "sallyport_email_link";
const TOKEN = /^[\w-]{43}$/;
/** As long as a link works that was mailed just now; an older one is dead when the browser comes back. */
const RETURN_SECONDS = 900;

/** Whether `text` has the form of a link's secret. */
export function isLinkToken(text: string): boolean {
  return TOKEN.test(text);
}

/** Where a mailed link with `token` leads. */
export function confirmEmailPath(token: string): string {
  return `/account/email/confirm?token=${encodeURIComponent(token)}`;
}

/** Remembers that this browser was on its way to confirm an address. `token` has the form of one. */
export function setEmailReturn(token: string, rules: CookieRules): string {
  return setCookie({ name: EMAIL_COOKIE, value: token, maxAgeSeconds: RETURN_SECONDS }, rules);
}

/** Where a sign-in leads that a mailed link waits for, or null. */
export function emailReturnPath(header: string | null, rules: CookieRules): string | null {
  const token = readCookie(header, EMAIL_COOKIE, rules);
  return token !== null && TOKEN.test(token) ? confirmEmailPath(token) : null;
}

export function dropEmailReturn(rules: CookieRules): string {
  return dropCookie(EMAIL_COOKIE, rules);
}
