import type { LogFields } from "../http/log.ts";
import type { IssuedToken } from "../issuing/issued_token.ts";
import type { TokenTrace } from "../issuing/token_trace.ts";
import { oauthJson } from "./oauth_response.ts";

/** A successful token response (RFC 6749 §5.1). */
export function tokenAnswer({ accessToken, expiresInSeconds, scopes, refreshToken, idToken }: IssuedToken): Response {
  return oauthJson({
    access_token: accessToken,
    token_type: "Bearer",
    expires_in: expiresInSeconds,
    ...(refreshToken === null ? {} : { refresh_token: refreshToken }),
    ...(idToken === null ? {} : { id_token: idToken }),
    scope: scopes.join(" "),
  });
}

/** What of a trace is known, under the log's names. */
export function tracedFields({ clientId, userId, grantId }: TokenTrace): LogFields {
  return { client_id: clientId ?? undefined, user_id: userId ?? undefined, grant_id: grantId ?? undefined };
}
