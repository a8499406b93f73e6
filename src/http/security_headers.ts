/** What answers say to browsers for their own protection. */
export interface SecurityHeaders {
  /** Fields by name; null for one that is taken away. */
  readonly fields: readonly (readonly [name: string, value: string | null])[];
  /** Said over TLS alone (RFC 6797 §7.2). */
  readonly hsts: string;
}

/** What responses of ours carry unless an installation chose otherwise: an API's answers are not pages, not frames, and not for guessing types. */
export const SECURITY_HEADERS: SecurityHeaders = {
  fields: [
    ["x-content-type-options", "nosniff"],
    ["x-frame-options", "DENY"],
    ["content-security-policy", "default-src 'none'; frame-ancestors 'none'"],
    ["referrer-policy", "no-referrer"],
  ],
  hsts: "max-age=63072000; includeSubDomains",
};

/** Sets what `security` says on `headers`; HSTS only where the request came over TLS (RFC 6797 §7.2). */
export function setSecurityHeaders(headers: Headers, scheme: string, security = SECURITY_HEADERS): void {
  for (const [name, value] of security.fields) {
    if (value === null) headers.delete(name);
    else headers.set(name, value);
  }
  if (scheme === "https:") headers.set("strict-transport-security", security.hsts);
}

/**
 * The same for an app of our own, whose pages bring a policy that fits them: what is there already is kept. Not for answers
 * that come from anyone else.
 */
export function fillSecurityHeaders(headers: Headers, scheme: string): void {
  const { fields, hsts } = SECURITY_HEADERS;
  setSecurityHeaders(headers, scheme, { fields: fields.filter(([name]) => !headers.has(name)), hsts });
}
