import { logEvent, logFault } from "../http/log.ts";
import type { Issuer } from "../issuing/issuer.ts";
import { tokenEndpoint } from "../issuing/token_endpoint.ts";
import { newTokenTrace } from "../issuing/token_trace.ts";
import type { ClientCall } from "./client_call.ts";
import { oauthErrorResponse } from "./oauth_response.ts";
import { tokenAnswer, tracedFields } from "./token_answer.ts";

/** `POST /oauth2/token` (RFC 6749 §3.2, §5). */
export async function tokenRoute({ form, caller, moment, scope }: ClientCall, issuer: Issuer): Promise<Response> {
  const { requestId, address } = scope;
  const trace = newTokenTrace();
  const issued = form.ok ? await tokenEndpoint(caller, form.value, issuer, moment, trace) : form;
  const who = { request_id: requestId, address, ...tracedFields(trace) };
  if (!issued.ok) {
    const { code, reason } = issued.error;
    logEvent("token_refused", { ...who, error: code, reason });
    if (trace.ended !== "nothing") logFault("grant_token_reused", { ...who, reason, ended: trace.ended });
    return oauthErrorResponse(issued.error);
  }
  const { scopes, clientId, tokenId } = issued.value;
  const given = { client_id: clientId, token_id: tokenId, scopes, retried: trace.retried || undefined };
  logEvent("token_issued", { ...who, ...given });
  return tokenAnswer(issued.value);
}
