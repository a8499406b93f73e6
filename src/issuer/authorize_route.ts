import { isPlainUtf8, mediaType, readTextBody } from "../http/body.ts";
import type { ScopedContext } from "../http/request_scope.ts";
import { authorize } from "../issuing/authorize.ts";
import { chooseAccount } from "../issuing/continue_authorization.ts";
import { ok, type Result } from "../kernel/result.ts";
import { type AuthorizationError, refuse } from "../protocol/authorize/authorization_error.ts";
import { parseParameters } from "../protocol/authorize/parameters.ts";
import { type AuthorizationDesk, present, resumeAt, seeOther, takeDeskForm, visit } from "./authorization_desk.ts";

const RESUME = "/oauth2/authorize/resume";
const MAX_BODY_BYTES = 16 * 1024;
const FORM = "application/x-www-form-urlencoded";
/** A body that can be the query of a `Location` as it stands. */
const PLAIN_QUERY = /^[\x21\x24-\x3b\x3d\x3f-\x7e]+$/;

/**
 * `GET` and `POST /oauth2/authorize` (RFC 6749 §3.1, OpenID Connect Core §3.1.2.1). No CORS: a page is navigated to, never
 * read by another site's script (RFC 9700 §2.6).
 */
export async function authorizeRoute(c: ScopedContext, desk: AuthorizationDesk): Promise<Response> {
  const request = c.req.raw;
  const body = await readBody(request);
  if (body.ok && isBlindPost(request) && PLAIN_QUERY.test(body.value))
    return seeOther(`/oauth2/authorize?${body.value}`);
  const visitor = await visit(c, desk);
  const parameters = body.ok ? parseParameters(queryOf(request.url), body.value) : body;
  const step = await authorize(parameters, visitor.asking, desk.authorizing, visitor.moment);
  return present(c, step, "/oauth2/authorize", visitor, desk);
}

/** `GET /oauth2/authorize/resume?tx=..`: where every interactive step returns to. */
export function resumeRoute(c: ScopedContext, desk: AuthorizationDesk): Promise<Response> {
  return resumeAt(c, RESUME, desk);
}

/** `POST /oauth2/authorize/resume`: the choice of an account, `account=current` or `account=other`. */
export async function chooseAccountRoute(c: ScopedContext, desk: AuthorizationDesk): Promise<Response> {
  const visitor = await visit(c, desk);
  const taken = await takeDeskForm(c, visitor, desk);
  if ("kind" in taken) return present(c, taken, RESUME, visitor, desk);
  const { transaction, form } = taken;
  const step =
    form.get("account") === "current"
      ? await chooseAccount(transaction, visitor.asking, desk.authorizing, visitor.moment)
      : ({ kind: "login", transaction } as const);
  return present(c, step, RESUME, visitor, desk);
}

/**
 * Whether another site posted this: the browser then kept our `SameSite=Lax` cookies back, and a person who is signed in
 * looks like a stranger. As a GET with the same parameters it comes again, with them.
 */
function isBlindPost({ method, headers }: Request): boolean {
  return method === "POST" && headers.get("sec-fetch-site") === "cross-site" && !headers.has("cookie");
}

/** The body of a POST as text, or none: a form in plain UTF-8, of 16 KiB at most. */
export async function readBody(request: Request): Promise<Result<string, AuthorizationError>> {
  if (request.method !== "POST") return ok("");
  if (mediaType(request.headers.get("content-type")) !== FORM || !isPlainUtf8(request.headers)) {
    return refuse("invalid_request", `the body must be ${FORM}`, "wrong_content_type");
  }
  const body = await readTextBody(request, MAX_BODY_BYTES);
  if (body.ok) return body;
  return body.error === "body_too_large"
    ? refuse("invalid_request", "the request is longer than 16 KiB", "request_too_long")
    : refuse("invalid_request", "the body is not UTF-8", "body_not_text");
}

/** The query of `url` as it was sent. */
export function queryOf(url: string): string {
  const at = url.indexOf("?");
  return at < 0 ? "" : url.slice(at + 1).replace(/#.*$/, "");
}
