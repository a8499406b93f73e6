import { type CookieRules, dropCookie, readCookie, setCookie } from "../http/cookies.ts";
import { fromBase64url } from "../kernel/bytes.ts";

/**
 * The cookies of pages beside the session's: the name under which a browser is known again, which outlives the session, what the
 * next page is to say, and that an account was registered here. All are opaque. Refuses to hold anything about the person.
 */
const KNOWN_COOKIE = "sallyport_known";
const NOTICE_COOKIE = "sallyport_notice";
const REGISTRATION_COOKIE = "sallyport_registered";

/** As long as the issuer remembers a browser of a name. */
const KNOWN_SECONDS = 90 * 86_400;
const KNOWN_BYTES = 16;
/** Long enough for the next page. */
const NOTICE_SECONDS = 60;

/** The id under which this browser signed somebody in before, or null. */
export function readKnownBrowser(header: string | null, rules: CookieRules): string | null {
  const value = readCookie(header, KNOWN_COOKIE, rules);
  return value !== null && fromBase64url(value)?.length === KNOWN_BYTES ? value : null;
}

export function setKnownBrowser(value: string, rules: CookieRules): string {
  return setCookie({ name: KNOWN_COOKIE, value, maxAgeSeconds: KNOWN_SECONDS }, rules);
}

/** What the next page is to say. A cookie and no parameter: nobody else can make our page say it. */
export function setNotice(word: string, rules: CookieRules): string {
  return setCookie({ name: NOTICE_COOKIE, value: word, maxAgeSeconds: NOTICE_SECONDS }, rules);
}

export function readNotice(header: string | null, rules: CookieRules): string | null {
  return readCookie(header, NOTICE_COOKIE, rules);
}

export function dropNotice(rules: CookieRules): string {
  return dropCookie(NOTICE_COOKIE, rules);
}

/** That an account was registered in this browser: for as long as the mailed link works. */
export function setRegistration(proof: string, linkSeconds: number, rules: CookieRules): string {
  return setCookie({ name: REGISTRATION_COOKIE, value: proof, maxAgeSeconds: linkSeconds }, rules);
}

export function readRegistration(header: string | null, rules: CookieRules): string | null {
  return readCookie(header, REGISTRATION_COOKIE, rules);
}

export function dropRegistration(rules: CookieRules): string {
  return dropCookie(REGISTRATION_COOKIE, rules);
}
