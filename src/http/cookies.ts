import { isLoopbackHost } from "../kernel/loopback.ts";

/** How this installation's cookies are named and marked; decided once, from the configured issuer URL. */
export interface CookieRules {
  /** `__Host-`, or nothing on plain-http loopback. */
  readonly prefix: string;
  readonly secure: boolean;
}

/** A cookie to be set. */
export interface NewCookie {
  /** Without the prefix. */
  readonly name: string;
  readonly value: string;
  /** Null: until the browser closes. 0: gone now. */
  readonly maxAgeSeconds: number | null;
}

/** Longer than browsers keep (RFC 6265bis §5.6: 4096 octets a cookie), and than a `Cookie` header of ours ever is. */
const MAX_HEADER = 16 * 1024;
/** `cookie-octet` less what needs no thought: every value of ours is base64url or a token with dots. */
const VALUE = /^[A-Za-z0-9._~-]+$/;

/**
 * The rules for `issuerUrl`: `__Host-` and `Secure`. The one exception is a plain-http issuer on loopback, for development:
 * browsers take `Secure` cookies from http://localhost, but not from http://127.0.0.1, and there nobody could sign in.
 * It follows the configuration and never the request: whoever could choose it would choose weaker cookies. A plain-http
 * issuer elsewhere gets secure cookies, which no browser keeps: such an installation does not work, on purpose.
 */
export function cookieRules(issuerUrl: string): CookieRules {
  const url = new URL(issuerUrl);
  const isExempt = url.protocol === "http:" && isLoopbackHost(url.hostname);
  return isExempt ? { prefix: "", secure: false } : { prefix: "__Host-", secure: true };
}

/** `Set-Cookie` for a host-only cookie that no script reads and no other site sends along with a form. */
export function setCookie({ name, value, maxAgeSeconds }: NewCookie, { prefix, secure }: CookieRules): string {
  if (value !== "" && !VALUE.test(value)) throw new Error(`the value of the cookie ${name} is not fit for a header`);
  return [
    `${prefix}${name}=${value}`,
    "Path=/",
    "HttpOnly",
    "SameSite=Lax",
    ...(secure ? ["Secure"] : []),
    ...(maxAgeSeconds === null ? [] : [`Max-Age=${maxAgeSeconds}`]),
  ].join("; ");
}

/** `Set-Cookie` that takes a cookie away. */
export function dropCookie(name: string, rules: CookieRules): string {
  return setCookie({ name, value: "", maxAgeSeconds: 0 }, rules);
}

/**
 * The value of one cookie of ours, or null. Null too where it is there twice: a neighbour's host may set a second one, and
 * nobody can say which is ours. The name is compared exactly: some servers take `__host-` for `__Host-`, browsers do not
 * guard it.
 */
export function readCookie(header: string | null, name: string, { prefix }: CookieRules): string | null {
  if (header === null || header.length > MAX_HEADER) return null;
  const wanted = `${prefix}${name}`;
  const values = header.split(";").flatMap((pair) => {
    const at = pair.indexOf("=");
    return at >= 0 && pair.slice(0, at).replace(/^[ \t]+|[ \t]+$/g, "") === wanted ? [pair.slice(at + 1).trim()] : [];
  });
  const [value, ...others] = values;
  return value !== undefined && others.length === 0 && VALUE.test(value) ? value : null;
}
