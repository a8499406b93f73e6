import type { TargetCatalog } from "./token_target.ts";

/** What discovery has to say; every endpoint and method in it works. */
export interface ServerMetadataInput {
  readonly catalog: TargetCatalog;
  readonly grantTypes: readonly string[];
  readonly clientAuthMethods: readonly string[];
}

/** The authorization server metadata document (RFC 8414 §2, RFC 9728 §4 for `protected_resources`). */
export function serverMetadata({ catalog, grantTypes, clientAuthMethods }: ServerMetadataInput) {
  const { issuer, issuerScopes, apis } = catalog;
  return {
    issuer,
    token_endpoint: `${issuer}/oauth2/token`,
    revocation_endpoint: `${issuer}/oauth2/revoke`,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    // Required by RFC 8414; empty because there is no authorization endpoint.
    response_types_supported: [],
    grant_types_supported: grantTypes,
    token_endpoint_auth_methods_supported: clientAuthMethods,
    revocation_endpoint_auth_methods_supported: clientAuthMethods,
    scopes_supported: [...new Set([...issuerScopes, ...apis.flatMap((api) => [...api.scopes])])],
    protected_resources: apis.map((api) => api.resource),
  };
}
