import { logEvent } from "../http/log.ts";
import { introspectionEndpoint } from "../issuing/introspection_endpoint.ts";
import type { Issuer } from "../issuing/issuer.ts";
import type { ClientCall } from "./client_call.ts";
import { oauthErrorResponse, oauthJson } from "./oauth_response.ts";

/** `POST /oauth2/introspect` (RFC 7662). */
export async function introspectRoute({ form, caller, moment, scope }: ClientCall, issuer: Issuer): Promise<Response> {
  const { requestId, address } = scope;
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
