import type { ClientAuthMethod } from "../client_credentials.ts";
import type { GrantType } from "../grant_types.ts";
import type { ClientId } from "../ids.ts";
import type { PersonFacing } from "../person_facing.ts";
import { isClaimedRedirect } from "../redirect_uri.ts";

/** What the checks of the authorization endpoint look at in a client. */
export interface AuthorizingClient {
  readonly id: ClientId;
  readonly authMethods: readonly ClientAuthMethod[];
  readonly grantTypes: readonly GrantType[];
  readonly scopes: readonly string[];
  readonly defaultScopes: readonly string[] | null;
  readonly person: PersonFacing;
}

/** Whether the client has no secret (RFC 6749 §2.1). */
export function isPublicClient({ authMethods }: Pick<AuthorizingClient, "authMethods">): boolean {
  return authMethods.includes("none");
}

/**
 * Whether an answer sent to `redirectUri` reaches this client and no impostor: it has to prove itself for the code, or
 * the URI is a site of its own. Any app may listen on a loopback port or claim a private scheme (RFC 8252 §8.6).
 */
export function isIdentifiable(client: Pick<AuthorizingClient, "authMethods">, redirectUri: string): boolean {
  return !isPublicClient(client) || isClaimedRedirect(redirectUri);
}
