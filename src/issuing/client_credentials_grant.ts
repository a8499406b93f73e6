import { randomTokenId } from "../kernel/random.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { ClientRecord } from "../ports/clients.ts";
import type { RevocationView } from "../ports/edge_feed.ts";
import { ACCESS_TOKEN_TYPE, accessTokenClaims } from "../protocol/access_token.ts";
import type { Form } from "../protocol/form.ts";
import { type OAuthError, oauthError } from "../protocol/oauth_error.ts";
import { parseScope } from "../protocol/scope.ts";
import { RING_FEED_ID } from "../protocol/signing_key_ring.ts";
import { chooseTarget } from "../protocol/token_target.ts";
import { carriedByToken } from "./carried_by_token.ts";
import type { IssuedToken } from "./issued_token.ts";
import type { Issuer, Moment } from "./issuer.ts";

/** The client credentials grant (RFC 6749 §4.4): a token in the client's own name, and never a refresh token. */
export async function clientCredentialsGrant(
  client: ClientRecord,
  form: Form,
  issuer: Issuer,
  { nowMs, defer }: Moment,
  view: RevocationView | null,
): Promise<Result<IssuedToken, OAuthError>> {
  const requested = requestedScopes(form);
  if (!requested.ok) return requested;
  const target = chooseTarget(
    {
      resources: form.all("resource"),
      requested: requested.value,
      clientScopes: client.scopes,
      clientDefaults: client.defaultScopes,
    },
    issuer.catalog,
  );
  if (!target.ok) return target;
  const { audience, api, scopes } = target.value;
  const { algorithm, ttlSeconds: longest } = issuer.tokenProfile(api?.resource ?? null);
  const carried = carriedByToken(client, nowMs);
  const ttlSeconds = Math.min(longest, Math.floor(carried.leftMs / 1000));
  const tokenId = randomTokenId(issuer.random);
  const claims = accessTokenClaims({
    issuer: issuer.url,
    subject: client.id,
    audience,
    clientId: client.id,
    clientEpoch: client.epoch,
    scopes,
    roles: carried.roles,
    tenantRoles: carried.tenantRoles,
    attributes: carried.attributes,
    tokenId,
    nowSeconds: Math.floor(nowMs / 1000),
    ttlSeconds,
  });
  const leastRingVersion = view?.leastEpoch("config", RING_FEED_ID) ?? 0;
  const accessToken = await issuer.signer.sign(
    { alg: algorithm, type: ACCESS_TOKEN_TYPE, claims, nowMs, leastRingVersion },
    defer,
  );
  const answer = { accessToken, expiresInSeconds: ttlSeconds, scopes, clientId: client.id, tokenId };
  return ok({ ...answer, refreshToken: null, idToken: null });
}

function requestedScopes(form: Form): Result<readonly string[] | null, OAuthError> {
  const text = form.get("scope");
  if (text === undefined) return ok(null);
  const scopes = parseScope(text);
  return scopes === null ? err(oauthError("invalid_scope", "scope is malformed", "malformed_scope")) : ok(scopes);
}
