import { type CookieRules, readCookie, setCookie } from "../http/cookies.ts";
import type { RandomBytes } from "../kernel/random.ts";
import { newBrowserId, parseBrowserId } from "../protocol/form_token.ts";

/** The cookie that tells one browser from all others before anybody signs in. It ends with the browser. */
const BROWSER_COOKIE = "sallyport_browser";

/** The browser that asks. */
export interface Browser {
  /** 256 random bits, known to it and to nobody else. Only its hash is ever kept. */
  readonly id: string;
  /** The `Set-Cookie` that a response owes it; null where it has its cookie. */
  readonly setCookie: string | null;
}

/**
 * The browser of a request with this `Cookie` header. One that has an id keeps it: another one would cut off what it has open
 * in other tabs. Nobody else can plant it where the cookie is `__Host-`.
 */
export function browserOf(cookies: string | null, rules: CookieRules, random: RandomBytes): Browser {
  const known = parseBrowserId(readCookie(cookies, BROWSER_COOKIE, rules) ?? "");
  if (known !== null) return { id: known, setCookie: null };
  const id = newBrowserId(random);
  return { id, setCookie: setCookie({ name: BROWSER_COOKIE, value: id, maxAgeSeconds: null }, rules) };
}
