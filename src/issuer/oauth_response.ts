import { fillSecurityHeaders } from "../http/security_headers.ts";
import type { OAuthError, OAuthErrorCode } from "../protocol/oauth_error.ts";

const STATUS: Readonly<Record<OAuthErrorCode, number>> = {
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  invalid_scope: 400,
  invalid_target: 400,
  authorization_pending: 400,
  slow_down: 400,
  access_denied: 400,
  expired_token: 400,
  temporarily_unavailable: 503,
};

const RETRY_AFTER_SECONDS = "2";
/**
 * What all answers say. Made once, and never changed: the platform copies fields as they are for less than it takes to set each. HSTS is not among
 * them, for only `finishAnswer` knows whether a request came over TLS.
 */
const FIELDS = new Headers({ "content-type": "application/json", "cache-control": "no-store", pragma: "no-cache" });
fillSecurityHeaders(FIELDS, "http:");

/** A JSON answer of an OAuth endpoint, never cached (RFC 6749 §5.1). */
export function oauthJson(body: object, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  const response = new Response(JSON.stringify(body), { status, headers: FIELDS });
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
  return response;
}

/** The one mapper from refusals of OAuth endpoints to responses (RFC 6749 §5.2). */
export function oauthErrorResponse(error: OAuthError): Response {
  const headers: Record<string, string> = {};
  const status = error.status ?? STATUS[error.code];
  if (status === 401) headers["www-authenticate"] = 'Basic realm="sallyport", charset="UTF-8"';
  if (status === 405) headers.allow = "POST";
  if (status === 503) headers["retry-after"] = RETRY_AFTER_SECONDS;
  if (error.retryAfterSeconds !== undefined) headers["retry-after"] = String(error.retryAfterSeconds);
  return oauthJson({ error: error.code, error_description: error.description }, status, headers);
}
