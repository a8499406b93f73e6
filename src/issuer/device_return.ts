import { type CookieRules, dropCookie, readCookie, setCookie } from "../http/cookies.ts";
import { formatUserCode, parseUserCode, type UserCode } from "../protocol/user_code.ts";

/**
 * The way back to a device for somebody who has to sign in first. It is a cookie and no parameter, and holds a user code at most:
 * no link can make a sign-in lead anywhere but to our own page, which asks before it does anything.
 */
const DEVICE_COOKIE = "sallyport_device";
const NO_CODE = "none";
/** As long as a sign-in takes; a device code does not live much longer. */
const RETURN_SECONDS = 600;

/** Remembers that this browser was on its way to a device. */
export function setDeviceReturn(code: UserCode | null, rules: CookieRules): string {
  return setCookie({ name: DEVICE_COOKIE, value: code ?? NO_CODE, maxAgeSeconds: RETURN_SECONDS }, rules);
}

/** Where a sign-in leads that a device is waiting for, or null. */
export function deviceReturnPath(header: string | null, rules: CookieRules): string | null {
  const value = readCookie(header, DEVICE_COOKIE, rules);
  if (value === null) return null;
  const code = parseUserCode(value);
  return code === null ? "/device" : `/device?user_code=${formatUserCode(code)}`;
}

export function dropDeviceReturn(rules: CookieRules): string {
  return dropCookie(DEVICE_COOKIE, rules);
}
