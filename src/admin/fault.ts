import type { Problem } from "../http/problem.ts";
import type { AdmissionFault } from "../managing/authenticate_admin.ts";
import type { ManagingFault } from "../managing/management.ts";
import { bearerChallenge } from "../protocol/bearer_challenge.ts";
import { ADMIN_SCOPE } from "../protocol/token_target.ts";

/** Everything that the admin API refuses, by its public code. */
export type AdminFault =
  | ManagingFault
  | AdmissionFault
  | {
      readonly code:
        | "unauthenticated"
        | "ambiguous_credentials"
        | "credential_in_query"
        | "invalid_json"
        | "unsupported_media_type"
        | "body_too_large"
        | "request_timeout"
        | "internal_error";
    }
  | { readonly code: "method_not_allowed"; readonly allow: string };

const RETRY_AFTER_SECONDS = "2";
/** A document of wrong routes must not become an answer many times its size. */
const MOST_CONFIG_FAULTS = 500;
const EXPIRED = "the access token expired";
const NOT_VALID = "the access token is not valid here";

type Told = Pick<Problem, "status" | "title" | "detail">;

/** What each code says: the one table from refusals to responses, and what the OpenAPI document is written from. */
export const FAULTS: Readonly<Record<AdminFault["code"], Told>> = {
  validation_failed: { status: 400, title: "Bad Request", detail: "a field is missing, unknown or wrong: see errors" },
  config_invalid: {
    status: 422,
    title: "Unprocessable Content",
    detail: "the configuration would not run: see errors",
  },
  invalid_json: { status: 400, title: "Bad Request", detail: "the body is not unambiguous JSON in UTF-8" },
  ambiguous_credentials: { status: 400, title: "Bad Request", detail: "more than one credential" },
  credential_in_query: { status: 400, title: "Bad Request", detail: "a credential does not belong in a URL" },
  unauthenticated: { status: 401, title: "Unauthorized", detail: "an access token is required" },
  invalid_token: { status: 401, title: "Unauthorized", detail: NOT_VALID },
  insufficient_scope: { status: 403, title: "Forbidden", detail: "a scope is missing" },
  not_found: { status: 404, title: "Not Found" },
  method_not_allowed: { status: 405, title: "Method Not Allowed" },
  conflict: { status: 409, title: "Conflict", detail: "the object changed meanwhile: read it again, then repeat" },
  too_many_secrets: { status: 409, title: "Conflict", detail: "two secrets are live: remove one first" },
  public_client: { status: 409, title: "Conflict", detail: "a public client has no secret" },
  rotation_in_progress: {
    status: 409,
    title: "Conflict",
    detail: "an earlier rotation still overlaps: wait for its end, or end every older string with overlap_seconds 0",
  },
  precondition_failed: {
    status: 412,
    title: "Precondition Failed",
    detail: "a tuple is there that must not be, or is not there and must: nothing was changed",
  },
  role_in_use: {
    status: 409,
    title: "Conflict",
    detail: "somebody has the role, or another role inherits from it: take it away there first",
  },
  request_timeout: { status: 408, title: "Request Timeout", detail: "the body did not come in time" },
  body_too_large: { status: 413, title: "Content Too Large", detail: "the body is larger than is taken here" },
  unsupported_media_type: { status: 415, title: "Unsupported Media Type", detail: "the body must be application/json" },
  internal_error: { status: 500, title: "Internal Server Error" },
  temporarily_unavailable: { status: 503, title: "Service Unavailable", detail: "please try again in a moment" },
};

/** The response to `fault`: its problem (RFC 9457), and the headers that its status owes. */
export function describeFault(fault: AdminFault): { readonly problem: Problem; readonly headers: Headers } {
  const problem: Problem = { code: fault.code, ...FAULTS[fault.code] };
  switch (fault.code) {
    case "validation_failed":
      return { problem: { ...problem, members: { errors: fault.errors } }, headers: new Headers() };
    case "config_invalid": {
      const errors = fault.faults.slice(0, MOST_CONFIG_FAULTS).map(({ path, reason }) => ({ field: path, reason }));
      return { problem: { ...problem, members: { errors } }, headers: new Headers() };
    }
    case "invalid_token": {
      const detail = fault.reason === "token_expired" ? EXPIRED : NOT_VALID;
      return challenged({ ...problem, detail }, bearerChallenge({ error: fault.code, errorDescription: detail }));
    }
    case "unauthenticated":
      return challenged(problem, bearerChallenge({}));
    case "insufficient_scope":
      return challenged(problem, bearerChallenge({ error: fault.code, scope: ADMIN_SCOPE }));
    case "ambiguous_credentials":
    case "credential_in_query":
      return challenged(problem, bearerChallenge({ error: "invalid_request" }));
    case "method_not_allowed":
      return { problem, headers: new Headers({ allow: fault.allow }) };
    case "temporarily_unavailable":
      return { problem, headers: new Headers({ "retry-after": RETRY_AFTER_SECONDS }) };
    default:
      return { problem, headers: new Headers() };
  }
}

function challenged(problem: Problem, challenge: string) {
  return { problem, headers: new Headers({ "www-authenticate": challenge }) };
}
