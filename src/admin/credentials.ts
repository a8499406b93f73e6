import { readAuthorization } from "../protocol/authorization_header.ts";

/** What a request brings to be recognised by; nothing about it is proven. */
export type PresentedToken =
  | { readonly kind: "none" }
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "refused"; readonly code: "ambiguous_credentials" | "credential_in_query" };

/**
 * Reads the one bearer token of a request (RFC 6750 §2.1). Two credentials are refused whatever they say: two checks could
 * each believe another one, and two `Authorization` fields arrive joined by a comma, which no bearer token contains. A
 * cookie is no credential here, so a page in an operator's browser can do nothing in their name.
 */
export function presentedToken(headers: Headers, query: URLSearchParams): PresentedToken {
  // RFC 9700 §4.3.2: a token in a URL ends in logs and histories.
  if (query.has("access_token")) return { kind: "refused", code: "credential_in_query" };
  const authorization = headers.get("authorization");
  if (authorization === null) return { kind: "none" };
  const read = readAuthorization(authorization);
  if (read.kind === "several" || headers.has("x-api-key")) return { kind: "refused", code: "ambiguous_credentials" };
  if (read.kind === "other_scheme") return { kind: "none" };
  // A broken bearer token is a token, and invalid.
  return { kind: "token", token: read.kind === "bearer" ? read.token : "" };
}
