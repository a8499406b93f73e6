/** Error codes of RFC 6749 §5.2, RFC 8707 §2, RFC 7009 §2.2.1, RFC 8628 §3.5 and RFC 6750 §3.1 that this issuer answers with. */
export type OAuthErrorCode =
  | "invalid_request"
  | "invalid_client"
  | "invalid_grant"
  | "unauthorized_client"
  | "unsupported_grant_type"
  | "invalid_scope"
  | "invalid_target"
  | "authorization_pending"
  | "slow_down"
  | "access_denied"
  | "expired_token"
  | "temporarily_unavailable";

/** A refusal at an OAuth endpoint. */
export interface OAuthError {
  readonly code: OAuthErrorCode;
  /** For the client's developer: printable ASCII without quotes or backslash (RFC 6749 §5.2), no input echoed. */
  readonly description: string;
  /** For the log alone: which check refused. A fixed word, never data. */
  readonly reason: string;
  /** Set where HTTP knows a better status than the code's own. */
  readonly status?: 405 | 408 | 413 | 429;
  /** When to come back, in whole seconds, where that is known. */
  readonly retryAfterSeconds?: number;
}

/** An `OAuthError`. `reason` defaults to the code. */
export function oauthError(
  code: OAuthErrorCode,
  description: string,
  reason: string = code,
  status?: 405 | 408 | 413,
): OAuthError {
  return status === undefined ? { code, description, reason } : { code, description, reason, status };
}

/**
 * Too many requests: 429 with `Retry-After` (RFC 6585 §4). RFC 6749 §5.2 has no code for it; `slow_down`, registered for token endpoint
 * errors (RFC 8628 §3.5), says what to do, and clients that poll know it.
 */
export function tooManyRequests(description: string, reason: string, retryAfterSeconds: number): OAuthError {
  return { code: "slow_down", description, reason, status: 429, retryAfterSeconds };
}
