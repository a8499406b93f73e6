import type { ScopedContext } from "../http/request_scope.ts";
import { decideConsent } from "../issuing/decide_consent.ts";
import { type AuthorizationDesk, present, resumeAt, takeDeskForm, visit } from "./authorization_desk.ts";

/** `GET /consent?tx=..`: the page, where consent is what the transaction waits for. Changes nothing by itself. */
export function consentPageRoute(c: ScopedContext, desk: AuthorizationDesk): Promise<Response> {
  return resumeAt(c, "/consent", desk);
}

/**
 * `POST /consent`: the decision. It counts from the browser that the transaction began in, with a form that was written for the
 * session that is signed in now. Anything but `allow` is a denial.
 */
export async function consentRoute(c: ScopedContext, desk: AuthorizationDesk): Promise<Response> {
  const visitor = await visit(c, desk);
  const taken = await takeDeskForm(c, visitor, desk);
  if ("kind" in taken) return present(c, taken, "/consent", visitor, desk);
  const decision = taken.form.get("decision") === "allow" ? "allow" : "deny";
  const step = await decideConsent(taken.transaction, decision, visitor.asking, desk.authorizing, visitor.moment);
  return present(c, step, "/consent", visitor, desk);
}
