import { fromUtf8 } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { decodeFormComponent, type Form } from "./form.ts";
import { type OAuthError, oauthError } from "./oauth_error.ts";

/** `token_endpoint_auth_method` values of RFC 7591 §2 that a client may hold. */
export const CLIENT_AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none"] as const;
export type ClientAuthMethod = (typeof CLIENT_AUTH_METHODS)[number];

/** What a request claims about its client, not yet proven. */
export type PresentedClient =
  | {
      readonly method: "client_secret_basic" | "client_secret_post";
      readonly clientId: string;
      readonly secret: string;
    }
  | { readonly method: "none"; readonly clientId: string };

/**
 * Finds the one way in which a request authenticates its client (RFC 6749 §2.3: more than one is refused).
 * No way at all, and a header that cannot be read, are `invalid_client`.
 */
export function presentedClient(authorization: string | null, form: Form): Result<PresentedClient, OAuthError> {
  const bodyId = form.get("client_id");
  const bodySecret = form.get("client_secret");
  if (authorization !== null) return fromHeader(authorization, bodyId, bodySecret);
  if (bodyId === undefined) return err(invalidClient("no_client_authentication"));
  return bodySecret === undefined
    ? ok({ method: "none", clientId: bodyId })
    : ok({ method: "client_secret_post", clientId: bodyId, secret: bodySecret });
}

function fromHeader(
  authorization: string,
  bodyId: string | undefined,
  bodySecret: string | undefined,
): Result<PresentedClient, OAuthError> {
  if (bodySecret !== undefined) {
    return err(
      oauthError("invalid_request", "the client authenticates in more than one way", "two_client_credentials"),
    );
  }
  const basic = parseBasic(authorization);
  if (basic === null) return err(invalidClient("malformed_basic"));
  if (bodyId !== undefined && bodyId !== basic.clientId) {
    return err(oauthError("invalid_request", "client_id differs from the Authorization header", "client_id_mismatch"));
  }
  return basic.secret === ""
    ? err(invalidClient("empty_secret"))
    : ok({ method: "client_secret_basic", clientId: basic.clientId, secret: basic.secret });
}

/** Reads HTTP Basic, whose two halves are form-encoded before base64 (RFC 6749 §2.3.1). Null when malformed. */
function parseBasic(authorization: string): { clientId: string; secret: string } | null {
  const match = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization.trim());
  if (match?.[1] === undefined) return null;
  const text = decodeBase64(match[1]);
  const colon = text?.indexOf(":") ?? -1;
  if (text === null || colon < 0) return null;
  const clientId = decodeFormComponent(text.slice(0, colon));
  const secret = decodeFormComponent(text.slice(colon + 1));
  return clientId === null || secret === null || clientId === "" ? null : { clientId, secret };
}

function decodeBase64(text: string): string | null {
  try {
    return fromUtf8(Uint8Array.from(atob(text), (symbol) => symbol.charCodeAt(0)));
  } catch {
    return null;
  }
}

/** The one answer to every failed client authentication: it tells an unknown client from a wrong secret in the log alone. */
export function invalidClient(reason: string): OAuthError {
  return oauthError("invalid_client", "client authentication failed", reason);
}
