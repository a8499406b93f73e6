import { err, ok, type Result } from "../kernel/result.ts";
import type { Form } from "../protocol/form.ts";
import { type OAuthError, oauthError } from "../protocol/oauth_error.ts";
import { tokenEntry } from "../protocol/token_revocation.ts";
import { identifyClient } from "./identify_client.ts";
import type { Issuer, Moment } from "./issuer.ts";

/** What the log is told of a revocation; `tokenId` is null where nothing was there to revoke. */
export interface RevocationOutcome {
  readonly clientId: string;
  readonly tokenId: string | null;
}

/**
 * Token revocation (RFC 7009). Success means that the edge feed holds the entry: the token stops at every gate within the
 * feed's bound. A token that is unknown, malformed or dead already is success (§2.2); one of another client is
 * refused and stays alive (§2.1). Throws `Outage` when the feed cannot be told: the caller must try again (§2.2.1).
 */
export async function revocationEndpoint(
  authorization: string | null,
  form: Form,
  issuer: Issuer,
  moment: Moment,
): Promise<Result<RevocationOutcome, OAuthError>> {
  const { nowMs, defer } = moment;
  const view = await issuer.revocations.view(nowMs, defer, 0);
  const client = await identifyClient(authorization, form, issuer, moment, view);
  if (!client.ok) return client;
  const clientId = client.value.id;
  const token = form.get("token");
  if (token === undefined) return err(oauthError("invalid_request", "token is missing", "no_token"));
  const verified = await issuer.verifier.verify(token, nowMs, defer);
  if (!verified.ok) return ok({ clientId, tokenId: null });
  const { claims } = verified.value;
  if (claims.clientId !== clientId) {
    return err(oauthError("invalid_request", "the token was issued to another client", "token_of_another_client"));
  }
  if (claims.expSeconds * 1000 <= nowMs) return ok({ clientId, tokenId: null });
  await issuer.feed.append([tokenEntry(claims)]);
  issuer.revocations.expire();
  return ok({ clientId, tokenId: claims.jti });
}
