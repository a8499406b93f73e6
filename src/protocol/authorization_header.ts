/** What an `Authorization` field holds; nothing about it is proven. */
export type AuthorizationHeader =
  | { readonly kind: "bearer"; readonly token: string }
  /** The scheme is `Bearer`, and what follows is no token (RFC 6750 §2.1). */
  | { readonly kind: "bearer_malformed" }
  /** RFC 6750 §3.1: a scheme that is not ours counts as nothing sent. */
  | { readonly kind: "other_scheme" }
  /** More than one field: they arrive joined by a comma. */
  | { readonly kind: "several" };

const BEARER = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i;
const HAS_BEARER_SCHEME = /^bearer(?: |$)/i;
/** A comma behind a whole bearer credential, which has none in it, or before a scheme of its own. */
const SECOND_FIELD = /^bearer(?: +[A-Za-z0-9._~+/-]+=*)?\s*,|,\s*[A-Za-z][A-Za-z0-9-]*\s+[^\s,]/i;

/** Reads an `Authorization` field. The scheme's case does not matter (RFC 9110 §11.1). */
export function readAuthorization(value: string): AuthorizationHeader {
  // A token has hundreds of characters: most requests are read here without walking through them more than once.
  if (value.includes(",") && SECOND_FIELD.test(value)) return { kind: "several" };
  const token = BEARER.exec(value)?.[1];
  if (token !== undefined) return { kind: "bearer", token };
  return { kind: HAS_BEARER_SCHEME.test(value) ? "bearer_malformed" : "other_scheme" };
}
