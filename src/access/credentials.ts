import { err, ok, type Result } from "../kernel/result.ts";

/** The one explicit credential of a request; nothing about it is proven. */
export type Presented =
  | { readonly kind: "none" }
  | { readonly kind: "bearer"; readonly token: string }
  | { readonly kind: "api_key"; readonly key: string }
  /** An `Authorization` that no route takes. */
  | { readonly kind: "unreadable"; readonly reason: "scheme_not_supported" | "bearer_malformed" };

const BEARER = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i;
const HAS_BEARER_SCHEME = /^bearer(?: |$)/i;
/**
 * Two `Authorization` fields arrive joined by a comma: behind a whole bearer credential, which has none in it, or before a
 * scheme of its own.
 */
const SECOND_AUTHORIZATION = /^bearer(?: +[A-Za-z0-9._~+/-]+=*)?\s*,|,\s*[A-Za-z][A-Za-z0-9-]*\s+[^\s,]/i;

/**
 * Reads the explicit credentials of a request. Two of them are refused whatever they say (RFC 6750 §2): the gate and the
 * origin, or two checks of the gate, could each believe another one.
 */
export function presentedCredential(header: (name: string) => string | null): Result<Presented, string> {
  const authorization = header("authorization");
  const apiKey = header("x-api-key");
  if (authorization !== null && apiKey !== null) return err("two_credentials");
  if (apiKey !== null) return apiKey.includes(",") ? err("two_api_keys") : ok({ kind: "api_key", key: apiKey });
  if (authorization === null) return ok({ kind: "none" });
  if (SECOND_AUTHORIZATION.test(authorization)) return err("two_authorizations");
  const token = BEARER.exec(authorization)?.[1];
  if (token !== undefined) return ok({ kind: "bearer", token });
  const reason = HAS_BEARER_SCHEME.test(authorization) ? "bearer_malformed" : "scheme_not_supported";
  return ok({ kind: "unreadable", reason });
}
