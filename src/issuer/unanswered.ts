import { logEvent, logLastResort } from "../http/log.ts";
import { problemResponse } from "../http/problem.ts";
import type { RequestScope } from "../http/request_scope.ts";
import { oauthError } from "../protocol/oauth_error.ts";
import { oauthErrorResponse } from "./oauth_response.ts";

/* How the issuer answers where no endpoint of it could. */

const RETRY_AFTER_SECONDS = "2";

/** The most that any endpoint here takes; some take less. Ten seconds are longer than any honest upload of that size. */
export const BODY_BOUNDS = { maxBytes: 64 * 1024, deadlineMs: 10_000 };

/** A body that did not come: told like any refusal of the endpoint it was for. */
export function tooSlow(path: string, { requestId, address }: RequestScope): Response {
  const description = "the body did not come in time";
  logEvent("request_too_slow", { request_id: requestId, address, path });
  if (path.startsWith("/oauth2/")) {
    return oauthErrorResponse(oauthError("invalid_request", description, "request_timeout", 408));
  }
  const problem = { status: 408, code: "request_timeout", title: "Request Timeout", detail: description };
  return problemResponse(problem, requestId);
}

/** Whatever nobody expected: an outage says when to come back, anything else says nothing. */
export function lastResort(error: unknown, path: string, requestId: string): Response {
  const isOutage = logLastResort(error, path, requestId) !== null;
  if (isOutage) return outageResponse(path, requestId);
  return problemResponse({ status: 500, code: "internal_error", title: "Internal Server Error" }, requestId);
}

/** OAuth clients read OAuth's errors; everyone else reads problems (RFC 9457). */
function outageResponse(path: string, requestId: string): Response {
  const description = "please try again in a moment";
  if (path.startsWith("/oauth2/")) {
    return oauthErrorResponse(oauthError("temporarily_unavailable", description, "outage"));
  }
  const problem = { status: 503, code: "temporarily_unavailable", title: "Service Unavailable", detail: description };
  return problemResponse(problem, requestId, { "retry-after": RETRY_AFTER_SECONDS });
}
