import { logEvent } from "../http/log.ts";
import type { ScopedContext } from "../http/request_scope.ts";
import type { Issuer } from "../issuing/issuer.ts";
import { tokenEndpoint } from "../issuing/token_endpoint.ts";
import { readFormRequest } from "./form_request.ts";
import { oauthErrorResponse, oauthJson } from "./oauth_response.ts";

/** `POST /oauth2/token` (RFC 6749 §3.2, §5). */
export async function tokenRoute(c: ScopedContext, issuer: Issuer): Promise<Response> {
  const { requestId, nowMs, address } = c.var.scope;
  const form = await readFormRequest(c.req.raw);
  const moment = { nowMs, defer: (work: Promise<unknown>) => c.executionCtx.waitUntil(work) };
  const authorization = c.req.raw.headers.get("authorization");
  const issued = form.ok ? await tokenEndpoint(authorization, form.value, issuer, moment) : form;
  if (!issued.ok) {
    const { code, reason } = issued.error;
    logEvent("token_refused", { request_id: requestId, address, error: code, reason });
    return oauthErrorResponse(issued.error);
  }
  const { accessToken, expiresInSeconds, scopes, clientId, tokenId } = issued.value;
  logEvent("token_issued", { request_id: requestId, address, client_id: clientId, token_id: tokenId, scopes });
  return oauthJson({
    access_token: accessToken,
    token_type: "Bearer",
    expires_in: expiresInSeconds,
    scope: scopes.join(" "),
  });
}
