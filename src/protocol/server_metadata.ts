import { IDENTITY_SCOPES } from "./identity_scopes.ts";
import { OWN_ACR_VALUES } from "./sign_in_claims.ts";
import type { TargetCatalog } from "./token_target.ts";

/** What discovery has to say; every endpoint and method in it works. */
export interface ServerMetadataInput {
  readonly catalog: TargetCatalog;
  readonly grantTypes: readonly string[];
  readonly clientAuthMethods: readonly string[];
}

/** The authorization server metadata document (RFC 8414 §2, RFC 8628 §4, RFC 9207 §3, RFC 9728 §4 for `protected_resources`). */
export function serverMetadata({ catalog, grantTypes, clientAuthMethods }: ServerMetadataInput) {
  const { issuer, issuerScopes, apis } = catalog;
  return {
    issuer,
    authorization_endpoint: `${issuer}/oauth2/authorize`,
    token_endpoint: `${issuer}/oauth2/token`,
    device_authorization_endpoint: `${issuer}/oauth2/device_authorization`,
    introspection_endpoint: `${issuer}/oauth2/introspect`,
    revocation_endpoint: `${issuer}/oauth2/revoke`,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    response_types_supported: ["code"],
    response_modes_supported: ["query", "fragment", "form_post"],
    grant_types_supported: grantTypes,
    // RFC 9700 §2.1.1: a client sees here that PKCE is enforced, and that `plain` is not.
    code_challenge_methods_supported: ["S256"],
    authorization_response_iss_parameter_supported: true,
    token_endpoint_auth_methods_supported: clientAuthMethods,
    // Who has no secret may give tokens back, but not ask what others' tokens are (RFC 7662 §2.1).
    revocation_endpoint_auth_methods_supported: clientAuthMethods,
    introspection_endpoint_auth_methods_supported: clientAuthMethods.filter((method) => method !== "none"),
    scopes_supported: [...new Set([...IDENTITY_SCOPES, ...issuerScopes, ...apis.flatMap((api) => [...api.scopes])])],
    protected_resources: apis.map((api) => api.resource),
    // RFC 9470 §7. An empty list would promise that `acr_values` is heeded.
    ...(OWN_ACR_VALUES.length > 0 && { acr_values_supported: OWN_ACR_VALUES }),
  };
}
