import { err, ok, type Result } from "../kernel/result.ts";
import { readAuthorization } from "../protocol/authorization_header.ts";

/** The one explicit credential of a request; nothing about it is proven. */
export type Presented =
  | { readonly kind: "none"; readonly reason: "no_credential" | "scheme_not_supported" }
  | { readonly kind: "bearer"; readonly token: string }
  | { readonly kind: "bearer_malformed" }
  | { readonly kind: "api_key"; readonly key: string };

/**
 * Reads the explicit credentials of a request. Two of them are refused whatever they say (RFC 6750 §2): the gate and the
 * origin, or two checks of the gate, could each believe another one.
 */
export function presentedCredential(header: (name: string) => string | null): Result<Presented, string> {
  const authorization = header("authorization");
  const apiKey = header("x-api-key");
  if (authorization !== null && apiKey !== null) return err("two_credentials");
  if (apiKey !== null) return apiKey.includes(",") ? err("two_api_keys") : ok({ kind: "api_key", key: apiKey });
  if (authorization === null) return ok({ kind: "none", reason: "no_credential" });
  const read = readAuthorization(authorization);
  switch (read.kind) {
    case "several":
      return err("two_authorizations");
    case "other_scheme":
      return ok({ kind: "none", reason: "scheme_not_supported" });
    default:
      return ok(read);
  }
}
