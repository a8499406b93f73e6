import { sha256Base64url } from "../kernel/bytes.ts";
import { err, type Result } from "../kernel/result.ts";
import type { ClientRecord } from "../ports/clients.ts";
import type { RevocationView } from "../ports/edge_feed.ts";
import type { DeviceStep } from "../protocol/device_authorization.ts";
import type { Form } from "../protocol/form.ts";
import { DEVICE_CODE_GRANT } from "../protocol/grant_types.ts";
import { type OAuthError, oauthError } from "../protocol/oauth_error.ts";
import { openDeviceCode } from "./device_code.ts";
import { firstRefreshToken } from "./first_refresh_token.ts";
import { currentHoldings, invalidGrant, spendSecret } from "./grant_holder.ts";
import type { IssuedToken } from "./issued_token.ts";
import type { Issuer, Moment } from "./issuer.ts";
import { mintPersonTokens, signersReady } from "./mint_person_tokens.ts";
import { narrowedTarget, readNarrowing } from "./narrowing.ts";
import type { TokenTrace } from "./token_trace.ts";

/**
 * What stands for a redirect URI where a device's grant waits in the account. No client can register it, so nothing that
 * begins at the authorization endpoint is collected here, and nothing of a device there.
 */
export const DEVICE_REDIRECT = DEVICE_CODE_GRANT;

/**
 * The device grant (RFC 8628 §3.4). The grant waits in the user's account since its approval, and whatever ended it there
 * meanwhile (a new password, a disabled account, access withdrawn) has ended it here too.
 *
 * What may be out, and what the request asks too much of, is looked at while nothing is spent. Then the device authorization
 * is spent, in one transaction: of any number of polls at once one goes on, and the others never reach the account, where
 * a second redemption ends the grant. A crash between the spend and the account's answer leaves a code that is spent and
 * gave nothing: the device begins anew.
 */
export async function deviceCodeGrant(
  client: ClientRecord,
  form: Form,
  issuer: Issuer,
  moment: Moment,
  view: RevocationView | null,
  trace: TokenTrace,
): Promise<Result<IssuedToken, OAuthError>> {
  const { nowMs } = moment;
  const presented = form.get("device_code");
  if (presented === undefined) return err(oauthError("invalid_request", "device_code is missing", "no_device_code"));
  const asked = readNarrowing(form, issuer.catalog);
  if (!asked.ok) return asked;
  // `scope` was the device authorization request's (RFC 8628 §3.4 has none here).
  const narrowing = { scopes: null, resource: asked.value.resource };
  const opened = await openDeviceCode(presented, issuer.secrets);
  if (opened === null) return err(invalidGrant("device_code_malformed"));
  const codeHash = await sha256Base64url(opened.secret);
  const presentation = { codeHash, clientId: client.id };
  const polled = await issuer.devices.poll(opened.name, presentation, nowMs);
  if (polled.kind !== "approved") return err(notYet(polled));
  trace.userId = polled.user;
  trace.grantId = polled.grantId;
  const [known] = await Promise.all([currentHoldings(polled.user, issuer), signersReady(client, issuer, moment, view)]);
  if (!known.ok) return known;
  const target = narrowedTarget(polled, narrowing, client, issuer.catalog);
  if (!target.ok) return target;
  const spent = await issuer.devices.redeem(opened.name, presentation, nowMs);
  if (spent.kind !== "approved") return err(notYet(spent));
  const refresh = await firstRefreshToken(spent.user, spent.grantId, issuer);
  const redemption = {
    grantId: spent.grantId,
    codeHash,
    clientId: client.id,
    redirectUri: DEVICE_REDIRECT,
    verifierChallenge: null,
    dpopThumbprint: null,
    refreshHash: refresh.hash,
    holdings: known.value,
  };
  const redeem = () => issuer.accounts.redeemCode(spent.user, redemption, nowMs);
  const given = await spendSecret(spent.user, redeem, issuer, trace);
  if (!given.ok) return given;
  const { grant, holdings } = given.value;
  const refreshToken = grant.terms.refreshable ? refresh.token : null;
  return mintPersonTokens({ grant, client, holdings, narrowing, refreshToken, first: true }, issuer, moment, view);
}

/** What a device that gets nothing is told (RFC 8628 §3.5). */
function notYet(step: Exclude<DeviceStep, { kind: "approved" }>): OAuthError {
  switch (step.kind) {
    case "pending":
      return oauthError("authorization_pending", "nobody has decided yet");
    case "slow_down":
      return oauthError("slow_down", "wait five seconds longer between polls from now on");
    case "denied":
      return oauthError("access_denied", "the user denied the request", "device_denied");
    case "expired":
      return oauthError("expired_token", "the device code is too old", "device_code_expired");
    case "refused":
      return invalidGrant(step.reason);
  }
}
