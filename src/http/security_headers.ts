/** What every response of ours carries: an API's answers are not pages, not frames, and not for guessing types. */
const ALWAYS: readonly (readonly [string, string])[] = [
  ["x-content-type-options", "nosniff"],
  ["x-frame-options", "DENY"],
  ["content-security-policy", "default-src 'none'; frame-ancestors 'none'"],
  ["referrer-policy", "no-referrer"],
];

const HSTS = "max-age=63072000; includeSubDomains";

/** Sets the security headers on `headers`; HSTS only where the request came over TLS (RFC 6797 §7.2). */
export function setSecurityHeaders(headers: Headers, scheme: string): void {
  for (const [name, value] of ALWAYS) headers.set(name, value);
  if (scheme === "https:") headers.set("strict-transport-security", HSTS);
}
