const WELL_KNOWN = "/.well-known/oauth-protected-resource";

/** What a gateway says of the API behind it. */
export interface ResourceMetadataInput {
  /** The resource identifier: a URL. */
  readonly resource: string;
  readonly authorizationServers: readonly string[];
  readonly scopes: readonly string[];
  /** Whether callers are asked for certificates, so that tokens can be bound to them (RFC 8705 §3). */
  readonly takesBoundTokens: boolean;
}

/** Where the metadata of `resource` lies (RFC 9728 §3.1): the well-known path goes between host and path. */
export function resourceMetadataUrl(resource: string): string {
  const { origin, pathname, search } = new URL(resource);
  return `${origin}${WELL_KNOWN}${pathname === "/" ? "" : pathname}${search}`;
}

/** The protected resource metadata document (RFC 9728 §2). */
export function resourceMetadata(input: ResourceMetadataInput) {
  const { resource, authorizationServers, scopes, takesBoundTokens } = input;
  return {
    resource,
    authorization_servers: authorizationServers,
    scopes_supported: scopes,
    bearer_methods_supported: ["header"],
    ...(takesBoundTokens && { tls_client_certificate_bound_access_tokens: true }),
  };
}
