import { err, ok, type Result } from "../kernel/result.ts";
import { isIdentityScope } from "./identity_scopes.ts";
import { type OAuthError, oauthError } from "./oauth_error.ts";
import type { TargetApi, TargetCatalog, TargetRequest, TokenTarget } from "./token_target.ts";

/**
 * Audience and scopes of what a person grants (RFC 8707 §2, RFC 6749 §3.3). Scopes of OpenID Connect go with any target;
 * the others must belong to the one API that is meant. The issuer's own scopes (`admin`) are never granted by a person.
 */
export function choosePersonTarget(request: TargetRequest, catalog: TargetCatalog): Result<TokenTarget, OAuthError> {
  const api = targetApi(request.resources, catalog);
  if (!api.ok) return api;
  const fits = (scope: string) => isIdentityScope(scope) || api.value.scopes.has(scope);
  const allowed = new Set(request.clientScopes);
  const scopes = request.requested ?? (request.clientDefaults ?? request.clientScopes).filter(fits);
  if (scopes.length === 0)
    return err(oauthError("invalid_scope", "the client has no scope for this resource", "no_default_scope"));
  if (!scopes.every((scope) => allowed.has(scope) && fits(scope))) {
    return err(oauthError("invalid_scope", "a scope is unknown or not allowed to this client", "scope_not_allowed"));
  }
  const named = request.resources.length > 0;
  return ok({ audience: named ? [api.value.resource] : [catalog.issuer, api.value.resource], api: api.value, scopes });
}

function targetApi(resources: readonly string[], catalog: TargetCatalog): Result<TargetApi, OAuthError> {
  const [resource, ...others] = new Set(resources);
  if (others.length > 0) return err(oauthError("invalid_target", "one resource per token", "several_resources"));
  if (resource === undefined) return ok(catalog.apis[0]);
  const api = catalog.apis.find((known) => known.resource === resource);
  return api === undefined
    ? err(oauthError("invalid_target", "the resource is not known here", "unknown_resource"))
    : ok(api);
}
