import type { ScopedContext } from "../http/request_scope.ts";
import { refusedPage } from "../issuing/authorizing.ts";
import { continueAuthorization, TRANSACTION_GONE } from "../issuing/continue_authorization.ts";
import { decideConsent } from "../issuing/decide_consent.ts";
import { parseTransactionId } from "../protocol/ids.ts";
import { type AuthorizationDesk, present, visit } from "./authorization_desk.ts";
import { readPageForm } from "./form_guard.ts";

/** `GET /consent?tx=..`: the page, where consent is what the transaction waits for. Changes nothing by itself. */
export async function consentPageRoute(c: ScopedContext, desk: AuthorizationDesk): Promise<Response> {
  const visitor = await visit(c, desk);
  const id = parseTransactionId(c.req.query("tx") ?? "");
  const step =
    id === null
      ? refusedPage(TRANSACTION_GONE)
      : await continueAuthorization(id, visitor.asking, desk.authorizing, visitor.moment);
  return present(c, step, "/consent", visitor, desk);
}

/**
 * `POST /consent`: the decision. It counts from the browser that the transaction began in, with a form that was written for the
 * session that is signed in now. Anything but `allow` is a denial.
 */
export async function consentRoute(c: ScopedContext, desk: AuthorizationDesk): Promise<Response> {
  const visitor = await visit(c, desk);
  const { signedIn } = visitor.asking;
  const bearer = signedIn === null ? null : ({ kind: "session", sessionId: signedIn.session.id } as const);
  const form = await readPageForm(c.req.raw, bearer, desk.forms);
  if (!form.ok) {
    const description = "the form was not written for this browser, or is too old";
    const error = { code: "invalid_request", description, reason: form.error } as const;
    return present(c, refusedPage(error), "/consent", visitor, desk);
  }
  const id = parseTransactionId(form.value.get("tx") ?? "");
  if (id === null) return present(c, refusedPage(TRANSACTION_GONE), "/consent", visitor, desk);
  const decision = form.value.get("decision") === "allow" ? "allow" : "deny";
  const step = await decideConsent(id, decision, visitor.asking, desk.authorizing, visitor.moment);
  return present(c, step, "/consent", visitor, desk);
}
