import { logEvent } from "../http/log.ts";
import type { ScopedContext } from "../http/request_scope.ts";
import { deviceAuthorizationEndpoint } from "../issuing/device_authorization_endpoint.ts";
import type { Issuer } from "../issuing/issuer.ts";
import { formatUserCode } from "../protocol/user_code.ts";
import { callerOf, readFormRequest } from "./form_request.ts";
import { oauthErrorResponse, oauthJson } from "./oauth_response.ts";

/** Where a person enters a user code. */
export const VERIFICATION_PATH = "/device";

/** `POST /oauth2/device_authorization` (RFC 8628 §3.1, §3.2). */
export async function deviceAuthorizationRoute(c: ScopedContext, issuer: Issuer): Promise<Response> {
  const { requestId, nowMs, address } = c.var.scope;
  const form = await readFormRequest(c.req.raw);
  const moment = { nowMs, defer: (work: Promise<unknown>) => c.executionCtx.waitUntil(work) };
  const caller = callerOf(c);
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
