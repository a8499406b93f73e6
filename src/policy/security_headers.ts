/** What answers say to browsers for their own protection. */
export interface SecurityHeaders {
  /** Fields by name; null for one that is taken away. */
  readonly fields: readonly (readonly [name: string, value: string | null])[];
  /** Said over TLS alone (RFC 6797 §7.2). */
  readonly hsts: string;
}

/** What an installation chose. */
export interface SecuritySettings {
  /** Without `frame-ancestors`. */
  readonly contentSecurityPolicy: string;
  readonly frameAncestors: readonly string[];
  readonly referrerPolicy: string;
  readonly crossOriginResourcePolicy?: string | undefined;
  readonly hsts: "withdraw" | { maxAgeSeconds: number; includeSubDomains: boolean; preload: boolean };
}

/** The fields that say `settings`. `nosniff` is no setting. */
export function securityHeaders(settings: SecuritySettings): SecurityHeaders {
  const { contentSecurityPolicy, frameAncestors, referrerPolicy, crossOriginResourcePolicy, hsts } = settings;
  const ancestors = frameAncestors.length === 0 ? "'none'" : frameAncestors.join(" ");
  const fields: (readonly [string, string | null])[] = [
    ["x-content-type-options", "nosniff"],
    ["x-frame-options", frameOptions(frameAncestors)],
    ["content-security-policy", `${contentSecurityPolicy}; frame-ancestors ${ancestors}`],
    ["referrer-policy", referrerPolicy],
  ];
  if (crossOriginResourcePolicy !== undefined) {
    fields.push(["cross-origin-resource-policy", crossOriginResourcePolicy]);
  }
  return { fields, hsts: strictTransportSecurity(hsts) };
}

/** For browsers that do not know `frame-ancestors`; null where it has no words for what is meant. */
function frameOptions(ancestors: readonly string[]): string | null {
  if (ancestors.length === 0) return "DENY";
  return ancestors.every((ancestor) => ancestor === "'self'") ? "SAMEORIGIN" : null;
}

/** RFC 6797 §6.1. A policy that browsers remember is taken back by a life of 0 alone. */
function strictTransportSecurity(hsts: SecuritySettings["hsts"]): string {
  if (hsts === "withdraw") return "max-age=0";
  const { maxAgeSeconds, includeSubDomains, preload } = hsts;
  return [
    `max-age=${maxAgeSeconds}`,
    ...(includeSubDomains ? ["includeSubDomains"] : []),
    ...(preload ? ["preload"] : []),
  ].join("; ");
}
