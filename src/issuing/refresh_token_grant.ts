import { sha256Base64url } from "../kernel/bytes.ts";
import { err, type Result } from "../kernel/result.ts";
import type { ClientRecord } from "../ports/clients.ts";
import type { RevocationView } from "../ports/edge_feed.ts";
import type { Form } from "../protocol/form.ts";
import { type OAuthError, oauthError } from "../protocol/oauth_error.ts";
import { formatOpaqueToken } from "../protocol/opaque_token.ts";
import type { KnownHoldings } from "../protocol/roles_copy.ts";
import { invalidGrant, type OpenedToken, openToken, spendSecret } from "./grant_holder.ts";
import type { IssuedToken } from "./issued_token.ts";
import type { Issuer, Moment } from "./issuer.ts";
import { mintPersonTokens, signersReady } from "./mint_person_tokens.ts";
import { canonicalNarrowing, type Narrowing, narrowingFault, readNarrowing } from "./narrowing.ts";
import type { TokenTrace } from "./token_trace.ts";

/**
 * The refresh token grant (RFC 6749 §6) with rotation (RFC 9700 §4.14.2). The successor follows from what was presented, so
 * a client that lost the answer asks again and gets the same refresh token, with a new access token. It keeps the
 * sealed locator of its predecessor: both belong to one grant of one client.
 */
export async function refreshTokenGrant(
  client: ClientRecord,
  form: Form,
  issuer: Issuer,
  moment: Moment,
  view: RevocationView | null,
  trace: TokenTrace,
): Promise<Result<IssuedToken, OAuthError>> {
  const presented = form.get("refresh_token");
  if (presented === undefined) {
    return err(oauthError("invalid_request", "refresh_token is missing", "no_refresh_token"));
  }
  const narrowing = readNarrowing(form, issuer.catalog);
  if (!narrowing.ok) return narrowing;
  const opened = await openToken(presented, "spr_", issuer);
  if (opened === null) return err(invalidGrant("refresh_malformed"));
  trace.userId = opened.user;
  trace.grantId = opened.grant;
  const presentedHash = await sha256Base64url(opened.secret);
  const growth = await growthOf(opened, presentedHash, narrowing.value, client, issuer, moment);
  if (growth !== null) return err(growth);
  const successor = await issuer.secrets.successorOf(opened.grant, opened.secret);
  const presentation = {
    grantId: opened.grant,
    presentedHash,
    successorHash: await sha256Base64url(successor),
    clientId: client.id,
    dpopThumbprint: null,
    narrowing: canonicalNarrowing(narrowing.value),
  };
  // What may be out is asked before the spend. A client that cannot get its answer within the retry window comes back with a
  // spent token, and would be taken for a thief for our own outage.
  await signersReady(client, issuer, moment, view);
  const refresh = (holdings: KnownHoldings) =>
    issuer.accounts.refresh(opened.user, { ...presentation, holdings }, moment.nowMs);
  const spent = await spendSecret(opened.user, refresh, issuer, trace);
  if (!spent.ok) return spent;
  const { grant, holdings, retried } = spent.value;
  trace.retried = retried;
  const refreshToken = formatOpaqueToken("spr_", opened.sealed, successor);
  const mint = { grant, client, holdings, narrowing: narrowing.value, refreshToken, first: false };
  const minted = await mintPersonTokens(mint, issuer, moment, view);
  // Nothing of the grant is left that the client may have: it ends, and its next try is not a spent token that returns.
  if (!minted.ok) await issuer.accounts.endGrant(opened.user, opened.grant, moment.nowMs);
  return minted;
}

/**
 * Whether the request asks for more than was granted: told before anything is spent, so that a client which asked too much
 * still has its refresh token. A token that would not work is the account's to judge.
 */
async function growthOf(
  { user, grant }: OpenedToken,
  presentedHash: string,
  narrowing: Narrowing,
  client: ClientRecord,
  issuer: Issuer,
  { nowMs }: Moment,
): Promise<OAuthError | null> {
  if (narrowing.scopes === null && narrowing.resource === null) return null;
  const live = await issuer.accounts.readRefresh(user, grant, presentedHash, nowMs);
  if (live === null || live.terms.clientId !== client.id) return null;
  return narrowingFault(live.terms, narrowing, issuer.catalog);
}
