import { err, ok, type Result } from "../kernel/result.ts";
import type { ClientRecord } from "../ports/clients.ts";
import type { Form } from "../protocol/form.ts";
import type { GrantTerms } from "../protocol/grant_terms.ts";
import { isIdentityScope } from "../protocol/identity_scopes.ts";
import { type OAuthError, oauthError } from "../protocol/oauth_error.ts";
import { choosePersonTarget } from "../protocol/person_target.ts";
import { parseScope } from "../protocol/scope.ts";
import type { TargetCatalog, TokenTarget } from "../protocol/token_target.ts";

/** What a request wants of its grant; null: all of it. */
export interface Narrowing {
  readonly scopes: readonly string[] | null;
  readonly resource: string | null;
}

/** What a request on a grant is measured against. */
export type GrantedAccess = Pick<GrantTerms, "scopes" | "resource">;

/** Reads `scope` and `resource` of a request on a grant (RFC 6749 §6, RFC 8707 §2.2). What the grant holds is not asked here. */
export function readNarrowing(form: Form, catalog: TargetCatalog): Result<Narrowing, OAuthError> {
  const text = form.get("scope");
  const scopes = text === undefined ? null : parseScope(text);
  if (text !== undefined && scopes === null) {
    return err(oauthError("invalid_scope", "scope is malformed", "malformed_scope"));
  }
  const [resource, ...others] = new Set(form.all("resource"));
  if (others.length > 0) return err(oauthError("invalid_target", "one resource per token", "several_resources"));
  if (resource !== undefined && !catalog.apis.some((api) => api.resource === resource)) {
    return err(oauthError("invalid_target", "the resource is not known here", "unknown_resource"));
  }
  return ok({ scopes, resource: resource ?? null });
}

/** `narrowing` as one text: two requests that ask for the same have the same one. */
export function canonicalNarrowing({ scopes, resource }: Narrowing): string {
  return JSON.stringify([scopes?.toSorted() ?? null, resource]);
}

/** Why `terms` do not cover `narrowing`, or null: neither scope nor audience ever grows (RFC 6749 §6, RFC 8707 §2.2). */
export function narrowingFault(
  terms: GrantedAccess,
  { scopes, resource }: Narrowing,
  catalog: TargetCatalog,
): OAuthError | null {
  if (scopes !== null && !scopes.every((scope) => terms.scopes.includes(scope))) {
    return oauthError("invalid_scope", "a scope was not granted", "scope_not_granted");
  }
  const granted = terms.resource ?? catalog.apis[0].resource;
  if (resource !== null && resource !== granted) {
    return oauthError("invalid_target", "the resource was not granted", "resource_not_granted");
  }
  return null;
}

/**
 * Audience and scopes of an access token of the grant, as narrowed. What the client lost since, or the configuration
 * dropped, is gone from a grant as well: consent gives a client no more than its registration does.
 */
export function narrowedTarget(
  terms: GrantedAccess,
  narrowing: Narrowing,
  client: ClientRecord,
  catalog: TargetCatalog,
): Result<TokenTarget, OAuthError> {
  const fault = narrowingFault(terms, narrowing, catalog);
  if (fault !== null) return err(fault);
  const resource = narrowing.resource ?? terms.resource;
  const exists = (scope: string) => isIdentityScope(scope) || catalog.apis.some((api) => api.scopes.has(scope));
  const requested = (narrowing.scopes ?? terms.scopes).filter(
    (scope) => client.scopes.includes(scope) && exists(scope),
  );
  return choosePersonTarget(
    { resources: resource === null ? [] : [resource], requested, clientScopes: client.scopes, clientDefaults: null },
    catalog,
  );
}
