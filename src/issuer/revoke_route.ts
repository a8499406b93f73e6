import { logEvent } from "../http/log.ts";
import type { ScopedContext } from "../http/request_scope.ts";
import type { Issuer } from "../issuing/issuer.ts";
import { revocationEndpoint } from "../issuing/revocation_endpoint.ts";
import { callerOf, readFormRequest } from "./form_request.ts";
import { oauthErrorResponse, oauthJson } from "./oauth_response.ts";

/** `POST /oauth2/revoke` (RFC 7009). Success is `{}`: some clients cannot read an empty body. */
export async function revokeRoute(c: ScopedContext, issuer: Issuer): Promise<Response> {
  const { requestId, nowMs, address } = c.var.scope;
  const form = await readFormRequest(c.req.raw);
  const moment = { nowMs, defer: (work: Promise<unknown>) => c.executionCtx.waitUntil(work) };
  const caller = callerOf(c);
  const revoked = form.ok ? await revocationEndpoint(caller, form.value, issuer, moment) : form;
  if (!revoked.ok) {
    const { code, reason } = revoked.error;
    logEvent("revocation_refused", { request_id: requestId, address, error: code, reason });
    return oauthErrorResponse(revoked.error);
  }
  const { clientId, tokenId, grantId, pending } = revoked.value;
  const what = { client_id: clientId, token_id: tokenId, grant_id: grantId, pending };
  logEvent("token_revoked", { request_id: requestId, address, ...what });
  return oauthJson({});
}
