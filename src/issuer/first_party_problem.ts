import type { Problem } from "../http/problem.ts";
import type { FirstPartyFault } from "../issuing/first_party.ts";
import type { FieldFault } from "../protocol/first_party_request.ts";
import type { OAuthError } from "../protocol/oauth_error.ts";
import type { JsonRequestFault } from "./json_request.ts";

/** Everything that a first-party endpoint answers in the place of what was asked. */
export type FirstPartyRefusal =
  | FirstPartyFault
  | { readonly kind: "not_read"; readonly fault: JsonRequestFault }
  | { readonly kind: "fields"; readonly errors: readonly FieldFault[] }
  | { readonly kind: "busy"; readonly retryAfterSeconds: number };

/** A refusal for the caller, and for the log. */
export interface ToldRefusal {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
  readonly loggedReason: string;
}

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  503: "Service Unavailable",
};

const NOT_READ: Readonly<Record<JsonRequestFault, { readonly status: number; readonly detail: string }>> = {
  origin_foreign: { status: 403, detail: "pages of other sites are not answered here" },
  credential_in_query: { status: 400, detail: "what the body carries does not belong in a URL" },
  unsupported_media_type: { status: 415, detail: "the body must be application/json in UTF-8" },
  body_too_large: { status: 413, detail: "the body is larger than 64 KiB" },
  invalid_json: { status: 400, detail: "the body is not unambiguous JSON in UTF-8" },
};

const CLIENT_CHALLENGE = { "www-authenticate": 'Basic realm="sallyport", charset="UTF-8"' };
/** Every 401 owes a challenge (RFC 9110 §15.5.2). Of a scheme that no browser knows, for it would ask for the password in a box of its own. */
const PASSWORD_CHALLENGE = { "www-authenticate": 'Password realm="sallyport"' };
const TRY_AGAIN = "please try again in a moment";

/** The one mapper from refusals of first-party endpoints to problems (RFC 9457). */
export function tellRefusal(refusal: FirstPartyRefusal): ToldRefusal {
  switch (refusal.kind) {
    case "not_read":
      return told(NOT_READ[refusal.fault].status, refusal.fault, NOT_READ[refusal.fault].detail);
    case "fields":
      return fieldRefusal(400, "validation_failed", "a field is missing, unknown or wrong: see errors", refusal.errors);
    case "fenced":
      return {
        ...told(403, "client_not_first_party", "this client may not use first-party endpoints: use the code flow"),
        loggedReason: refusal.loggedReason,
      };
    case "wrong":
      return {
        ...told(401, "invalid_credentials", "email address or password is wrong", PASSWORD_CHALLENGE),
        loggedReason: refusal.loggedReason,
      };
    case "human_required": {
      const { siteKey, action } = refusal.challenge;
      const captcha = { provider: "turnstile", site_key: siteKey, action, member: "captcha_token" };
      const { problem, headers } = told(403, "captcha_required", "a person has to solve a challenge");
      return { problem: { ...problem, members: { captcha } }, headers, loggedReason: refusal.loggedReason };
    }
    case "human_unknown":
      return {
        ...told(503, "temporarily_unavailable", TRY_AGAIN, { "retry-after": "2" }),
        loggedReason: refusal.loggedReason,
      };
    case "throttled":
      return {
        ...told(429, "too_many_attempts", "too many attempts: wait", retryAfter(refusal)),
        loggedReason: "throttled",
      };
    case "busy":
      return { ...told(503, "temporarily_unavailable", TRY_AGAIN, retryAfter(refusal)), loggedReason: "busy" };
    case "email_invalid": {
      const reason = "is no address that mail can be sent to";
      return fieldRefusal(422, refusal.kind, `the email address ${reason}`, [{ field: "email", reason }]);
    }
    case "password_refused": {
      const { code, text } = refusal.fault;
      return fieldRefusal(422, code, text, [{ field: "password", reason: text }]);
    }
    case "oauth":
      return oauthRefusal(refusal.error);
  }
}

/** As the token endpoint has it, for the rules are the token endpoint's. */
function oauthRefusal({ code, description, reason, retryAfterSeconds }: OAuthError): ToldRefusal {
  if (retryAfterSeconds !== undefined) {
    const owed = retryAfter({ retryAfterSeconds });
    return { ...told(429, "too_many_attempts", "too many attempts: wait", owed), loggedReason: reason };
  }
  switch (code) {
    case "invalid_client":
      return { ...told(401, code, description, CLIENT_CHALLENGE), loggedReason: reason };
    case "temporarily_unavailable":
      return { ...told(503, code, TRY_AGAIN, { "retry-after": "2" }), loggedReason: reason };
    default:
      return { ...told(400, code, description), loggedReason: reason };
  }
}

function fieldRefusal(status: number, code: string, detail: string, errors: readonly FieldFault[]): ToldRefusal {
  const { problem, headers } = told(status, code, detail);
  return { problem: { ...problem, members: { errors } }, headers, loggedReason: code };
}

function told(
  status: number,
  code: string,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
): ToldRefusal {
  return { problem: { status, code, title: TITLES[status] ?? "Error", detail }, headers, loggedReason: code };
}

function retryAfter({ retryAfterSeconds }: { readonly retryAfterSeconds: number }) {
  return { "retry-after": String(retryAfterSeconds) };
}
