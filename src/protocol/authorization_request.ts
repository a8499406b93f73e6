import { err, ok, type Result } from "../kernel/result.ts";
import { type AuthorizationError, refuse } from "./authorize/authorization_error.ts";
import type { AuthorizingClient } from "./authorize/authorizing_client.ts";
import { checkInteraction, type Interaction } from "./authorize/check_interaction.ts";
import { checkPkce } from "./authorize/check_pkce.ts";
import {
  checkRepetition,
  checkRequestObject,
  checkResponseMode,
  checkResponseType,
} from "./authorize/check_response.ts";
import { type AskedTarget, checkTarget } from "./authorize/check_target.ts";
import type { AuthorizationParameters } from "./authorize/parameters.ts";
import { proveReturnAddress, type ReturnAddress } from "./authorize/return_address.ts";
import type { ClientId } from "./ids.ts";
import type { TargetCatalog } from "./token_target.ts";

/** An authorization request that passed every check: all that later steps see of it. Plain data, for it is stored. */
export interface AuthorizationRequest extends ReturnAddress, AskedTarget, Interaction {
  readonly clientId: ClientId;
  /** The S256 challenge; null for a client that sends a nonce instead. */
  readonly codeChallenge: string | null;
}

/** A refusal. `to` is null until client and redirect URI are proven: then it is a page, and never a redirect. */
export interface RefusedRequest {
  readonly error: AuthorizationError;
  readonly to: ReturnAddress | null;
}

/**
 * Checks an authorization request of `client` (null: there is none of that name, or it is disabled), in order: RFC 6749
 * §4.1.1, RFC 7636 §4.3, RFC 8707 §2, OpenID Connect Core §3.1.2.2. Up to the redirect URI nothing is sent anywhere; from
 * there on the client is told what it did wrong.
 */
export function checkAuthorizationRequest(
  parameters: AuthorizationParameters,
  client: AuthorizingClient | null,
  catalog: TargetCatalog,
): Result<AuthorizationRequest, RefusedRequest> {
  if (client === null)
    return refusedAt(null, refuse("invalid_client", "the client is not known here", "unknown_client"));
  const address = proveReturnAddress(client, parameters);
  if (!address.ok) return refusedAt(null, address);
  const repetition = checkRepetition(parameters);
  if (!repetition.ok) return refusedAt(address.value, repetition);
  const responseType = checkResponseType(parameters);
  if (!responseType.ok) return refusedAt(address.value, responseType);
  const responseMode = checkResponseMode(parameters);
  if (!responseMode.ok) return refusedAt(address.value, responseMode);
  const requestObject = checkRequestObject(parameters);
  if (!requestObject.ok) return refusedAt(address.value, requestObject);
  const target = checkTarget(client, parameters, catalog);
  if (!target.ok) return refusedAt(address.value, target);
  const challenge = checkPkce(client, parameters, target.value.scopes);
  if (!challenge.ok) return refusedAt(address.value, challenge);
  const interaction = checkInteraction(parameters);
  if (!interaction.ok) return refusedAt(address.value, interaction);
  const grant = checkGrantType(client);
  if (!grant.ok) return refusedAt(address.value, grant);
  return ok({
    clientId: client.id,
    ...address.value,
    ...target.value,
    ...interaction.value,
    codeChallenge: challenge.value,
  });
}

function checkGrantType({ grantTypes }: AuthorizingClient): Result<null, AuthorizationError> {
  return grantTypes.includes("authorization_code")
    ? ok(null)
    : refuse("unauthorized_client", "the client is not allowed this grant", "grant_not_allowed");
}

function refusedAt(
  to: ReturnAddress | null,
  { error }: { readonly error: AuthorizationError },
): Result<never, RefusedRequest> {
  return err({ error, to });
}
