import { isPlainUtf8, mediaType, readTextBody } from "../http/body.ts";
import { err, type Result } from "../kernel/result.ts";
import { type Form, parseForm } from "../protocol/form.ts";
import { type OAuthError, oauthError } from "../protocol/oauth_error.ts";

const MAX_BODY_BYTES = 64 * 1024;
const FORM = "application/x-www-form-urlencoded";

/** Names that carry a secret or a decision: in a URL they end in logs, so a request that puts them there is refused. */
const BODY_ONLY = [
  "client_id",
  "client_secret",
  "grant_type",
  "scope",
  "resource",
  "token",
  "code",
  "code_verifier",
  "refresh_token",
  "device_code",
];

/** Reads a request to an OAuth endpoint that takes a form by POST alone (RFC 6749 §3.2): checks in order. */
export async function readFormRequest(request: Request): Promise<Result<Form, OAuthError>> {
  if (request.method !== "POST") return refuse("only POST is answered here", "method_not_allowed", 405);
  if (request.url.includes("?") && namesBodyParameter(new URL(request.url).searchParams)) {
    return refuse("parameters belong in the body", "parameters_in_query");
  }
  if (mediaType(request.headers.get("content-type")) !== FORM) {
    return refuse(`the body must be ${FORM}`, "wrong_content_type");
  }
  if (!isPlainUtf8(request.headers)) return refuse("the body must be plain UTF-8", "wrong_content_type");
  const body = await readTextBody(request, MAX_BODY_BYTES);
  if (body.ok) return parseForm(body.value);
  return body.error === "body_too_large"
    ? refuse("the body is larger than 64 KiB", "body_too_large", 413)
    : refuse("the body is not UTF-8", "body_not_text");
}

function namesBodyParameter(query: URLSearchParams): boolean {
  return BODY_ONLY.some((name) => query.has(name));
}

function refuse(description: string, reason: string, status?: 405 | 413): Result<never, OAuthError> {
  return err(oauthError("invalid_request", description, reason, status));
}
