import { sha256Base64url } from "../kernel/bytes.ts";
import { err, type Result } from "../kernel/result.ts";
import type { ClientRecord } from "../ports/clients.ts";
import type { RevocationView } from "../ports/edge_feed.ts";
import { challengeAnswered } from "../protocol/code_verifier.ts";
import type { Form } from "../protocol/form.ts";
import { type OAuthError, oauthError } from "../protocol/oauth_error.ts";
import type { KnownHoldings } from "../protocol/roles_copy.ts";
import { firstRefreshToken } from "./first_refresh_token.ts";
import { invalidGrant, openToken, spendSecret } from "./grant_holder.ts";
import type { IssuedToken } from "./issued_token.ts";
import type { Issuer, Moment } from "./issuer.ts";
import { mintPersonTokens, signersReady } from "./mint_person_tokens.ts";
import { narrowingFault, readNarrowing } from "./narrowing.ts";
import type { TokenTrace } from "./token_trace.ts";

/**
 * The authorization code grant (RFC 6749 §4.1.3, RFC 7636 §4.6). The account spends the code in one transaction and weighs
 * client, redirect URI and verifier there: from then on nothing that fails gives the code back. What may be out is
 * asked before, so that an outage costs nobody their code.
 */
export async function authorizationCodeGrant(
  client: ClientRecord,
  form: Form,
  issuer: Issuer,
  moment: Moment,
  view: RevocationView | null,
  trace: TokenTrace,
): Promise<Result<IssuedToken, OAuthError>> {
  const code = form.get("code");
  if (code === undefined) return err(oauthError("invalid_request", "code is missing", "no_code"));
  const asked = readNarrowing(form, issuer.catalog);
  if (!asked.ok) return asked;
  // `scope` means nothing here (RFC 6749 §4.1.3): some clients repeat it, and the code has its own.
  const narrowing = { scopes: null, resource: asked.value.resource };
  const opened = await openToken(code, "spc_", issuer);
  if (opened === null) return err(invalidGrant("code_malformed"));
  trace.userId = opened.user;
  trace.grantId = opened.grant;
  await signersReady(client, issuer, moment, view);
  const refresh = await firstRefreshToken(opened.user, opened.grant, issuer);
  const redemption = {
    grantId: opened.grant,
    codeHash: await sha256Base64url(opened.secret),
    clientId: client.id,
    redirectUri: form.get("redirect_uri") ?? null,
    verifierChallenge: await challengeAnswered(form.get("code_verifier")),
    dpopThumbprint: null,
    refreshHash: refresh.hash,
  };
  const redeem = (holdings: KnownHoldings) =>
    issuer.accounts.redeemCode(opened.user, { ...redemption, holdings }, moment.nowMs);
  const spent = await spendSecret(opened.user, redeem, issuer, trace);
  if (!spent.ok) return spent;
  const { grant, holdings } = spent.value;
  const fault = narrowingFault(grant.terms, narrowing, issuer.catalog);
  if (fault !== null) {
    // The code is spent, and nobody will ever hold what it gave.
    await issuer.accounts.endGrant(opened.user, opened.grant, moment.nowMs);
    return err(fault);
  }
  const refreshToken = grant.terms.refreshable ? refresh.token : null;
  return mintPersonTokens({ grant, client, holdings, narrowing, refreshToken, first: true }, issuer, moment, view);
}
