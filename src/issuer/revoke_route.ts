import { logEvent } from "../http/log.ts";
import type { Issuer } from "../issuing/issuer.ts";
import { revocationEndpoint } from "../issuing/revocation_endpoint.ts";
import type { ClientCall } from "./client_call.ts";
import { oauthErrorResponse, oauthJson } from "./oauth_response.ts";

/** `POST /oauth2/revoke` (RFC 7009). Success is `{}`: some clients cannot read an empty body. */
export async function revokeRoute({ form, caller, moment, scope }: ClientCall, issuer: Issuer): Promise<Response> {
  const { requestId, address } = scope;
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
