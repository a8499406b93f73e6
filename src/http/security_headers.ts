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

/**
 * The same for an app of our own, whose pages bring a policy that fits them: what is there already is kept. Not for answers
 * that come from anyone else.
 */
export function fillSecurityHeaders(headers: Headers, scheme: string): void {
  const own = ALWAYS.map(([name]) => [name, headers.get(name)] as const);
  setSecurityHeaders(headers, scheme);
  for (const [name, value] of own) if (value !== null) headers.set(name, value);
}
