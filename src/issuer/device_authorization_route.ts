import { logEvent } from "../http/log.ts";
import { deviceAuthorizationEndpoint } from "../issuing/device_authorization_endpoint.ts";
import type { Issuer } from "../issuing/issuer.ts";
import { formatUserCode } from "../protocol/user_code.ts";
import type { ClientCall } from "./client_call.ts";
import { oauthErrorResponse, oauthJson } from "./oauth_response.ts";

/** Where a person enters a user code. */
export const VERIFICATION_PATH = "/device";

/** `POST /oauth2/device_authorization` (RFC 8628 §3.1, §3.2). */
export async function deviceAuthorizationRoute(
  { form, caller, moment, scope }: ClientCall,
  issuer: Issuer,
): Promise<Response> {
  const { requestId, address } = scope;
  const issued = form.ok ? await deviceAuthorizationEndpoint(caller, form.value, issuer, moment) : form;
  if (!issued.ok) {
    const { code, reason } = issued.error;
    logEvent("device_authorization_refused", { request_id: requestId, address, error: code, reason });
    return oauthErrorResponse(issued.error);
  }
  const { deviceCode, userCode, expiresInSeconds, intervalSeconds, clientId, scopes } = issued.value;
  logEvent("device_authorization_begun", { request_id: requestId, address, client_id: clientId, scopes });
  const shown = formatUserCode(userCode);
  const verificationUri = `${issuer.url}${VERIFICATION_PATH}`;
  return oauthJson({
    device_code: deviceCode,
    user_code: shown,
    verification_uri: verificationUri,
    verification_uri_complete: `${verificationUri}?user_code=${shown}`,
    expires_in: expiresInSeconds,
    interval: intervalSeconds,
  });
}
