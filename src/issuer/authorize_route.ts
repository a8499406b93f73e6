import { isPlainUtf8, mediaType, readTextBody } from "../http/body.ts";
import type { ScopedContext } from "../http/request_scope.ts";
import { authorize } from "../issuing/authorize.ts";
import { refusedPage } from "../issuing/authorizing.ts";
import { chooseAccount, continueAuthorization, TRANSACTION_GONE } from "../issuing/continue_authorization.ts";
import { ok, type Result } from "../kernel/result.ts";
import { type AuthorizationError, refuse } from "../protocol/authorize/authorization_error.ts";
import { parseParameters } from "../protocol/authorize/parameters.ts";
import { parseTransactionId } from "../protocol/ids.ts";
import { type AuthorizationDesk, present, seeOther, visit } from "./authorization_desk.ts";
import { readPageForm } from "./form_guard.ts";

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
export async function resumeRoute(c: ScopedContext, desk: AuthorizationDesk): Promise<Response> {
  const visitor = await visit(c, desk);
  const id = parseTransactionId(c.req.query("tx") ?? "");
  const step =
    id === null
      ? refusedPage(TRANSACTION_GONE)
      : await continueAuthorization(id, visitor.asking, desk.authorizing, visitor.moment);
  return present(c, step, "/oauth2/authorize/resume", visitor, desk);
}

/** `POST /oauth2/authorize/resume`: the choice of an account, `account=current` or `account=other`. */
export async function chooseAccountRoute(c: ScopedContext, desk: AuthorizationDesk): Promise<Response> {
  const visitor = await visit(c, desk);
  const { signedIn } = visitor.asking;
  const bearer = signedIn === null ? null : ({ kind: "session", sessionId: signedIn.session.id } as const);
  const form = await readPageForm(c.req.raw, bearer, desk.forms);
  const here = "/oauth2/authorize/resume";
  if (!form.ok) {
    const description = "the form was not written for this browser, or is too old";
    const error = { code: "invalid_request", description, reason: form.error } as const;
    return present(c, refusedPage(error), here, visitor, desk);
  }
  const id = parseTransactionId(form.value.get("tx") ?? "");
  if (id === null) return present(c, refusedPage(TRANSACTION_GONE), here, visitor, desk);
  if (form.value.get("account") !== "current")
    return present(c, { kind: "login", transaction: id }, here, visitor, desk);
  const step = await chooseAccount(id, visitor.asking, desk.authorizing, visitor.moment);
  return present(c, step, here, visitor, desk);
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
