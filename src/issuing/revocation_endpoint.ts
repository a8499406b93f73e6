import { sha256Base64url } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { Form } from "../protocol/form.ts";
import type { ClientId, GrantId } from "../protocol/ids.ts";
import { type OAuthError, oauthError } from "../protocol/oauth_error.ts";
import { tokenEntry } from "../protocol/token_revocation.ts";
import { openToken } from "./grant_holder.ts";
import { identifyClient } from "./identify_client.ts";
import type { Caller, Issuer, Moment } from "./issuer.ts";

/** What the log is told of a revocation. Ids are null where nothing was there to revoke. */
export interface RevocationOutcome {
  readonly clientId: string;
  readonly tokenId: string | null;
  readonly grantId: GrantId | null;
  /** The grant has ended, and the gates are still to hear of it. */
  readonly pending: boolean;
}

/**
 * Token revocation (RFC 7009). A token that is unknown, malformed or dead already is success (§2.2); one of another client
 * is refused and stays alive (§2.1).
 *
 * An access token: success means that the edge feed holds the entry, so that it stops at every gate within the feed's bound;
 * throws `Outage` when the feed cannot be told, and the caller must try again (§2.2.1).
 *
 * A refresh token ends its grant, access tokens included. It is dead when this answers, wherever it is presented. Where the
 * feed has not heard of the grant's access tokens yet (`pending`) it is success all the same: what was named is dead, the
 * account goes on telling the feed by itself, and RFC 7009 knows no answer between 200 and 503.
 */
export async function revocationEndpoint(
  caller: Caller,
  form: Form,
  issuer: Issuer,
  moment: Moment,
): Promise<Result<RevocationOutcome, OAuthError>> {
  const view = await issuer.revocations.view(moment.nowMs, moment.defer, 0);
  const client = await identifyClient(caller, form, issuer, moment, view);
  if (!client.ok) return client;
  const token = form.get("token");
  if (token === undefined) return err(oauthError("invalid_request", "token is missing", "no_token"));
  const revoke = token.startsWith("spr_") ? revokeRefreshToken : revokeAccessToken;
  return revoke(token, client.value.id, issuer, moment);
}

async function revokeAccessToken(
  token: string,
  clientId: ClientId,
  issuer: Issuer,
  { nowMs, defer }: Moment,
): Promise<Result<RevocationOutcome, OAuthError>> {
  const verified = await issuer.verifier.verify(token, nowMs, defer);
  if (!verified.ok) return ok(nothing(clientId));
  const { claims } = verified.value;
  if (claims.clientId !== clientId) return err(notItsOwn());
  if (claims.expSeconds * 1000 <= nowMs) return ok(nothing(clientId));
  await issuer.feed.append([tokenEntry(claims)]);
  issuer.revocations.expire();
  return ok({ ...nothing(clientId), tokenId: claims.jti });
}

/** Ends the grant of a refresh token that was issued to `clientId`, as above. */
export async function revokeRefreshToken(
  token: string,
  clientId: ClientId,
  issuer: Issuer,
  { nowMs }: Moment,
): Promise<Result<RevocationOutcome, OAuthError>> {
  const opened = await openToken(token, "spr_", issuer);
  if (opened === null) return ok(nothing(clientId));
  const presentedHash = await sha256Base64url(opened.secret);
  const presented = { grantId: opened.grant, presentedHash, clientId };
  const ended = await issuer.accounts.revokeRefresh(opened.user, presented, nowMs);
  if (ended === "of_another_client") return err(notItsOwn());
  // Only where something ended: a dead token, presented over and over, must not make every request here wait for the feed.
  if (ended.grants > 0) issuer.revocations.expire();
  const grantId = ended.grants > 0 ? opened.grant : null;
  return ok({ ...nothing(clientId), grantId, pending: ended.delivered === "pending" });
}

function nothing(clientId: ClientId): RevocationOutcome {
  return { clientId, tokenId: null, grantId: null, pending: false };
}

function notItsOwn(): OAuthError {
  return oauthError("invalid_request", "the token was issued to another client", "token_of_another_client");
}
