import { err, ok, type Result } from "../kernel/result.ts";
import type { ClientRecord } from "../ports/clients.ts";
import type { RevocationView } from "../ports/edge_feed.ts";
import type { Form } from "../protocol/form.ts";
import { GRANT_TYPES, type GrantType } from "../protocol/grant_types.ts";
import { type OAuthError, oauthError } from "../protocol/oauth_error.ts";
import { authorizationCodeGrant } from "./authorization_code_grant.ts";
import { clientCredentialsGrant } from "./client_credentials_grant.ts";
import { deviceCodeGrant } from "./device_code_grant.ts";
import { identifyClient } from "./identify_client.ts";
import type { IssuedToken } from "./issued_token.ts";
import type { Issuer, Moment } from "./issuer.ts";
import { refreshTokenGrant } from "./refresh_token_grant.ts";
import type { TokenTrace } from "./token_trace.ts";

/**
 * The token endpoint (RFC 6749 §3.2): the checks that every grant shares, in order, then the grant. What it learns on the
 * way it leaves in `trace`. Throws `Outage`.
 */
export async function tokenEndpoint(
  authorization: string | null,
  form: Form,
  issuer: Issuer,
  moment: Moment,
  trace: TokenTrace,
): Promise<Result<IssuedToken, OAuthError>> {
  const grantType = supportedGrant(form);
  if (!grantType.ok) return grantType;
  const view = await issuer.revocations.view(moment.nowMs, moment.defer, 0);
  const client = await identifyClient(authorization, form, issuer, moment, view);
  if (!client.ok) return client;
  trace.clientId = client.value.id;
  const allowed = allowedGrant(client.value, grantType.value);
  return allowed.ok ? runGrant(grantType.value, client.value, form, issuer, moment, view, trace) : allowed;
}

function supportedGrant(form: Form): Result<GrantType, OAuthError> {
  const asked = form.get("grant_type");
  if (asked === undefined) return err(oauthError("invalid_request", "grant_type is missing", "no_grant_type"));
  const known = GRANT_TYPES.find((grantType) => grantType === asked);
  return known === undefined ? err(oauthError("unsupported_grant_type", "this grant does not exist here")) : ok(known);
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
