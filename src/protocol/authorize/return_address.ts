import { ok, type Result } from "../../kernel/result.ts";
import { matchesRedirect } from "../redirect_uri.ts";
import { type AuthorizationError, refuse } from "./authorization_error.ts";
import type { AuthorizingClient } from "./authorizing_client.ts";
import type { AuthorizationParameters } from "./parameters.ts";

/** How an answer travels (OAuth 2.0 Multiple Response Types §2.1, OAuth 2.0 Form Post Response Mode). */
export const RESPONSE_MODES = ["query", "fragment", "form_post"] as const;
export type ResponseMode = (typeof RESPONSE_MODES)[number];

/** Where answers go, proven to be the client's own. */
export interface ReturnAddress {
  readonly redirectUri: string;
  readonly responseMode: ResponseMode;
  /** As it was sent, byte for byte; null where none was. */
  readonly state: string | null;
}

/**
 * Proves the redirect URI. Nothing is sent there before this (RFC 9700 §4.11.2), and it is never left to a default: a client
 * that names where it waits cannot be answered somewhere else. An unknown mode is answered by query, where it is refused.
 */
export function proveReturnAddress(
  client: AuthorizingClient,
  parameters: AuthorizationParameters,
): Result<ReturnAddress, AuthorizationError> {
  const redirectUri = parameters.get("redirect_uri");
  if (redirectUri === undefined) {
    return refuse("invalid_request", "redirect_uri is missing or repeated", "no_redirect_uri");
  }
  if (!matchesRedirect(client.person, redirectUri)) {
    return refuse(
      "invalid_request",
      "redirect_uri is not one that the client registered",
      "redirect_uri_not_registered",
    );
  }
  const mode = RESPONSE_MODES.find((known) => known === parameters.get("response_mode"));
  return ok({ redirectUri, responseMode: mode ?? "query", state: parameters.get("state") ?? null });
}
