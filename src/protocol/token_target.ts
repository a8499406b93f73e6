import { err, ok, type Result } from "../kernel/result.ts";
import { type OAuthError, oauthError } from "./oauth_error.ts";

/** The scope of the admin API. It belongs to the issuer itself, and to no token that any API would take. */
export const ADMIN_SCOPE = "admin";

/** An API that tokens are minted for. */
export interface TargetApi {
  /** Its resource indicator (RFC 8707), which is the audience of its tokens. */
  readonly resource: string;
  readonly scopes: ReadonlySet<string>;
}

/** What can be asked for: the issuer's own endpoints, the default API, and further ones. */
export interface TargetCatalog {
  readonly issuer: string;
  readonly issuerScopes: ReadonlySet<string>;
  /** The first one is the default. */
  readonly apis: readonly [TargetApi, ...TargetApi[]];
}

/** What a request and its client bring. */
export interface TargetRequest {
  /** `resource` parameters as sent. */
  readonly resources: readonly string[];
  /** Scopes asked for, or null when the parameter is absent. */
  readonly requested: readonly string[] | null;
  readonly clientScopes: readonly string[];
  /** The client's own default, or null for all that it may have. */
  readonly clientDefaults: readonly string[] | null;
}

/** Whom the token is for and what it allows. */
export interface TokenTarget {
  readonly audience: readonly [string, ...string[]];
  /** The API whose settings (algorithm, life time) apply; null for the issuer alone. */
  readonly api: TargetApi | null;
  readonly scopes: readonly string[];
}

interface Candidate {
  readonly audience: readonly [string, ...string[]];
  readonly api: TargetApi | null;
  readonly scopes: ReadonlySet<string>;
}

/**
 * Decides audience and scopes together (RFC 8707 §2, RFC 6749 §3.3). One API per token. Without `resource` a token is
 * for the issuer's endpoints and the default API, unless scopes of the issuer alone are asked for: those never share a
 * token with an API, whose operator could replay it at the issuer.
 */
export function chooseTarget(request: TargetRequest, catalog: TargetCatalog): Result<TokenTarget, OAuthError> {
  const candidates = candidatesFor(request.resources, catalog);
  if (!candidates.ok) return candidates;
  const allowed = new Set(request.clientScopes);
  for (const candidate of candidates.value) {
    const wanted = request.requested ?? defaultsFor(request, candidate);
    if (wanted.length > 0 && wanted.every((scope) => allowed.has(scope) && candidate.scopes.has(scope))) {
      return ok({ audience: candidate.audience, api: candidate.api, scopes: wanted });
    }
  }
  return err(invalidScope(request, catalog));
}

function candidatesFor(resources: readonly string[], catalog: TargetCatalog): Result<Candidate[], OAuthError> {
  const distinct = [...new Set(resources)];
  if (distinct.length > 1) return invalidTarget("one resource per token", "several_resources");
  const [resource] = distinct;
  const issuerAlone: Candidate = { audience: [catalog.issuer], api: null, scopes: catalog.issuerScopes };
  if (resource === undefined) {
    const [api] = catalog.apis;
    return ok([{ audience: [catalog.issuer, api.resource], api, scopes: api.scopes }, issuerAlone]);
  }
  if (resource === catalog.issuer) return ok([issuerAlone]);
  const api = catalog.apis.find((known) => known.resource === resource);
  if (api === undefined) return invalidTarget("the resource is not known here", "unknown_resource");
  return ok([{ audience: [api.resource], api, scopes: api.scopes }]);
}

function defaultsFor(request: TargetRequest, candidate: Candidate): readonly string[] {
  return (request.clientDefaults ?? request.clientScopes).filter((scope) => candidate.scopes.has(scope));
}

function invalidTarget(description: string, reason: string): Result<never, OAuthError> {
  return err(oauthError("invalid_target", description, reason));
}

function invalidScope(request: TargetRequest, catalog: TargetCatalog): OAuthError {
  if (request.requested?.some((scope) => catalog.issuerScopes.has(scope)) && request.requested.length > 1) {
    return oauthError("invalid_scope", "a scope of the issuer itself is asked for alone", "mixed_scopes");
  }
  return request.requested === null
    ? oauthError("invalid_scope", "the client has no scope for this resource", "no_default_scope")
    : oauthError("invalid_scope", "a scope is unknown or not allowed to this client", "scope_not_allowed");
}
