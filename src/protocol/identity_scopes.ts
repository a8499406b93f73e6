/** Scopes of OpenID Connect (Core §5.4, §11): about the person and the session, never about an API. */
export const IDENTITY_SCOPES = ["openid", "profile", "email", "phone", "address", "offline_access"] as const;
export type IdentityScope = (typeof IDENTITY_SCOPES)[number];

const NAMES: ReadonlySet<string> = new Set(IDENTITY_SCOPES);

/** Whether `scope` is one of OpenID Connect. */
export function isIdentityScope(scope: string): scope is IdentityScope {
  return NAMES.has(scope);
}
