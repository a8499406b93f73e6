import { logEvent } from "../http/log.ts";
import type { ScopedContext } from "../http/request_scope.ts";
import { introspectionEndpoint } from "../issuing/introspection_endpoint.ts";
import type { Issuer } from "../issuing/issuer.ts";
import { callerOf, readFormRequest } from "./form_request.ts";
import { oauthErrorResponse, oauthJson } from "./oauth_response.ts";

/** `POST /oauth2/introspect` (RFC 7662). */
export async function introspectRoute(c: ScopedContext, issuer: Issuer): Promise<Response> {
  const { requestId, nowMs, address } = c.var.scope;
  const form = await readFormRequest(c.req.raw);
  const moment = { nowMs, defer: (work: Promise<unknown>) => c.executionCtx.waitUntil(work) };
  const caller = callerOf(c);
  const told = form.ok ? await introspectionEndpoint(caller, form.value, issuer, moment) : form;
  if (!told.ok) {
    const { code, reason } = told.error;
    logEvent("introspection_refused", { request_id: requestId, address, error: code, reason });
    return oauthErrorResponse(told.error);
  }
  const { clientId, answer } = told.value;
  logEvent("token_introspected", { request_id: requestId, address, client_id: clientId, active: answer.active });
  return oauthJson(answer);
}
