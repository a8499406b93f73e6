import { err, ok, type Result } from "../kernel/result.ts";
import type { ClientRecord } from "../ports/clients.ts";
import type { RevocationView } from "../ports/edge_feed.ts";
import { isPublicClient } from "../protocol/authorize/authorizing_client.ts";
import type { Form } from "../protocol/form.ts";
import { GRANT_TYPES, type GrantType } from "../protocol/grant_types.ts";
import { type OAuthError, oauthError, tooManyRequests } from "../protocol/oauth_error.ts";
import { authorizationCodeGrant } from "./authorization_code_grant.ts";
import { clientCredentialsGrant } from "./client_credentials_grant.ts";
import { deviceCodeGrant } from "./device_code_grant.ts";
import { identifyClient } from "./identify_client.ts";
import type { IssuedToken } from "./issued_token.ts";
import type { Caller, Issuer, Moment } from "./issuer.ts";
import { refreshTokenGrant } from "./refresh_token_grant.ts";
import type { TokenTrace } from "./token_trace.ts";

/**
 * The token endpoint (RFC 6749 §3.2): the checks that every grant shares, in order, then the grant. What it learns on the
 * way it leaves in `trace`. Throws `Outage`.
 */
export async function tokenEndpoint(
  caller: Caller,
  form: Form,
  issuer: Issuer,
  moment: Moment,
  trace: TokenTrace,
): Promise<Result<IssuedToken, OAuthError>> {
  const grantType = supportedGrant(form);
  if (!grantType.ok) return grantType;
  const view = await issuer.revocations.view(moment.nowMs, moment.defer, 0);
  const client = await identifyClient(caller, form, issuer, moment, view);
  if (!client.ok) return client;
  trace.clientId = client.value.id;
  const paced = withinPace(client.value, caller, issuer, moment);
  if (!paced.ok) return paced;
  const allowed = allowedGrant(client.value, grantType.value);
  if (!allowed.ok) return allowed;
  const issued = await runGrant(grantType.value, client.value, form, issuer, moment, view, trace);
  if (issued.ok) return issued;
  return err(await issuer.failures.ofToken(client.value, caller.address, issued.error, moment.nowMs));
}

function supportedGrant(form: Form): Result<GrantType, OAuthError> {
  const asked = form.get("grant_type");
  if (asked === undefined) return err(oauthError("invalid_request", "grant_type is missing", "no_grant_type"));
  const known = GRANT_TYPES.find((grantType) => grantType === asked);
  return known === undefined ? err(oauthError("unsupported_grant_type", "this grant does not exist here")) : ok(known);
}

/** A public client is anybody: there, one address alone is held to the pace, and cannot use up what is the others'. */
function withinPace(
  client: ClientRecord,
  { address }: Caller,
  { tokenPace }: Issuer,
  { nowMs }: Moment,
): Result<null, OAuthError> {
  const waitSeconds = tokenPace?.take(isPublicClient(client) ? `${client.id} ${address}` : client.id, nowMs) ?? 0;
  return waitSeconds === 0 ? ok(null) : err(tooManyRequests("too many requests: wait", "client_pace", waitSeconds));
}

function allowedGrant(client: ClientRecord, grantType: GrantType): Result<null, OAuthError> {
  // RFC 6749 §4.4: whoever cannot keep a secret has no credentials of its own to be granted on.
  const isClosed = grantType === "client_credentials" && client.authMethods.includes("none");
  const mayUse = client.grantTypes.includes(grantType) && !isClosed;
  return mayUse ? ok(null) : err(oauthError("unauthorized_client", "the client is not allowed this grant"));
}

function runGrant(
  grantType: GrantType,
  client: ClientRecord,
  form: Form,
  issuer: Issuer,
  moment: Moment,
  view: RevocationView | null,
  trace: TokenTrace,
): Promise<Result<IssuedToken, OAuthError>> {
  switch (grantType) {
    case "client_credentials":
      return clientCredentialsGrant(client, form, issuer, moment, view);
    case "authorization_code":
      return authorizationCodeGrant(client, form, issuer, moment, view, trace);
    case "refresh_token":
      return refreshTokenGrant(client, form, issuer, moment, view, trace);
    case "urn:ietf:params:oauth:grant-type:device_code":
      return deviceCodeGrant(client, form, issuer, moment, view, trace);
  }
}
