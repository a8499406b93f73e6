import { ok, type Result } from "../../kernel/result.ts";
import { choosePersonTarget } from "../person_target.ts";
import { parseScope } from "../scope.ts";
import type { TargetCatalog } from "../token_target.ts";
import { type AuthorizationError, refuse } from "./authorization_error.ts";
import type { AuthorizingClient } from "./authorizing_client.ts";
import type { AuthorizationParameters } from "./parameters.ts";

/** What is asked for. */
export interface AskedTarget {
  readonly scopes: readonly string[];
  /** The API as it was named; null for the issuer's endpoints and the default API. */
  readonly resource: string | null;
}

/**
 * Scopes and API (RFC 6749 §3.3, RFC 8707 §2). `offline_access` is left out for a client that holds no refresh_token
 * grant (OpenID Connect Core §11 has it ignored): access that outlives the session would be a word without a token.
 */
export function checkTarget(
  client: AuthorizingClient,
  parameters: AuthorizationParameters,
  catalog: TargetCatalog,
): Result<AskedTarget, AuthorizationError> {
  const text = parameters.get("scope");
  const requested = text === undefined ? null : parseScope(text);
  if (text !== undefined && requested === null) return refuse("invalid_scope", "scope is malformed", "malformed_scope");
  const { resources } = parameters;
  const target = choosePersonTarget(
    { resources, requested, clientScopes: client.scopes, clientDefaults: client.defaultScopes },
    catalog,
  );
  if (!target.ok) {
    const { code, description, reason } = target.error;
    return refuse(code === "invalid_target" ? code : "invalid_scope", description, reason);
  }
  const mayStay = client.grantTypes.includes("refresh_token");
  const scopes = target.value.scopes.filter((scope) => mayStay || scope !== "offline_access");
  return scopes.length === 0
    ? refuse("invalid_scope", "the client may not have offline access", "no_default_scope")
    : ok({ scopes, resource: resources[0] ?? null });
}
