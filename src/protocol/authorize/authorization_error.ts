import { err } from "../../kernel/result.ts";

/** Error codes of RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6 and RFC 8707 §2 that the authorization endpoint answers with. */
export type AuthorizationErrorCode =
  | "invalid_request"
  | "invalid_client"
  | "unauthorized_client"
  | "access_denied"
  | "unsupported_response_type"
  | "invalid_scope"
  | "invalid_target"
  | "temporarily_unavailable"
  | "login_required"
  | "consent_required"
  | "request_not_supported"
  | "request_uri_not_supported";

/** A refusal at the authorization endpoint. */
export interface AuthorizationError {
  readonly code: AuthorizationErrorCode;
  /** For the client's developer: printable ASCII without quotes or backslash, no input echoed. */
  readonly description: string;
  /** For the log alone: which check refused. A fixed word, never data. */
  readonly reason: string;
}

/** A failed check. */
export function refuse(code: AuthorizationErrorCode, description: string, reason: string) {
  return err<AuthorizationError>({ code, description, reason });
}
