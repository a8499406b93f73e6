import { ok, type Result } from "../../kernel/result.ts";
import { type AuthorizationError, refuse } from "./authorization_error.ts";
import { type AuthorizingClient, isPublicClient } from "./authorizing_client.ts";
import type { AuthorizationParameters } from "./parameters.ts";

/** SHA-256 as base64url: neither shorter, nor longer, nor padded (RFC 7636 §4.2). */
const S256_CHALLENGE = /^[A-Za-z0-9_-]{43}$/;

/**
 * PKCE by S256 (RFC 7636 §4.3, RFC 9700 §2.1.1). `plain` would show the verifier to whoever sees the request; a missing
 * method means plain. A confidential client that an operator exempted sends `nonce` with `openid` in its place: the ID
 * token then binds the code to the session that asked. The challenge, or null for such a client.
 */
export function checkPkce(
  client: AuthorizingClient,
  parameters: AuthorizationParameters,
  scopes: readonly string[],
): Result<string | null, AuthorizationError> {
  const challenge = parameters.get("code_challenge");
  const method = parameters.get("code_challenge_method");
  if (challenge === undefined) {
    const isExempt = !client.person.requirePkce && !isPublicClient(client);
    if (!isExempt || method !== undefined)
      return refuse("invalid_request", "code_challenge is missing", "no_code_challenge");
    const isBound = parameters.get("nonce") !== undefined && scopes.includes("openid");
    return isBound
      ? ok(null)
      : refuse("invalid_request", "without code_challenge, nonce and the scope openid are needed", "no_nonce");
  }
  if (method !== "S256")
    return refuse("invalid_request", "code_challenge_method must be S256", "challenge_method_unknown");
  return S256_CHALLENGE.test(challenge)
    ? ok(challenge)
    : refuse("invalid_request", "code_challenge is not 43 characters of base64url", "challenge_malformed");
}
