import { randomTokenId } from "../kernel/random.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { LiveGrant } from "../ports/accounts.ts";
import type { ClientRecord } from "../ports/clients.ts";
import type { RevocationView } from "../ports/edge_feed.ts";
import { ACCESS_TOKEN_TYPE, accessTokenClaims } from "../protocol/access_token.ts";
import type { Holdings } from "../protocol/holdings.ts";
import { accessTokenHash, ID_TOKEN_TYPE, idTokenClaims } from "../protocol/id_token.ts";
import type { OAuthError } from "../protocol/oauth_error.ts";
import { RING_FEED_ID } from "../protocol/signing_key_ring.ts";
import { carriedByToken } from "./carried_by_token.ts";
import type { IssuedToken } from "./issued_token.ts";
import type { Issuer, Moment } from "./issuer.ts";
import { type Narrowing, narrowedTarget } from "./narrowing.ts";

/** What tokens are minted from. */
export interface PersonMint {
  readonly grant: LiveGrant;
  readonly client: ClientRecord;
  readonly holdings: Holdings;
  readonly narrowing: Narrowing;
  /** What goes beside them; null where the grant gives none. */
  readonly refreshToken: string | null;
  /** Whether these are the first tokens of the grant: they alone carry the request's nonce (OpenID Connect Core §12.2). */
  readonly first: boolean;
}

/**
 * The tokens of a grant that is alive: called behind the spend alone. The access token ends with its grant at the latest, and with the first
 * of the roles that it carries.
 * Throws `Outage` when the signing key cannot be had.
 */
export async function mintPersonTokens(
  mint: PersonMint,
  issuer: Issuer,
  { nowMs, defer }: Moment,
  view: RevocationView | null,
): Promise<Result<IssuedToken, OAuthError>> {
  const { grant, client, refreshToken } = mint;
  const { terms } = grant;
  const target = narrowedTarget(terms, mint.narrowing, client, issuer.catalog);
  if (!target.ok) return err(target.error);
  const { audience, api, scopes } = target.value;
  const { algorithm, ttlSeconds: longest } = issuer.tokenProfile(api?.resource ?? null);
  // No longer than what ends the grant is announced for: a setting may have been raised since the grant began.
  const carried = carriedByToken(mint.holdings, nowMs);
  const mostMs = Math.min(longest * 1000, grant.accessMs, grant.endsAtMs - nowMs, carried.leftMs);
  const ttlSeconds = Math.max(1, Math.floor(mostMs / 1000));
  const nowSeconds = Math.floor(nowMs / 1000);
  const tokenId = randomTokenId(issuer.random);
  const signing = { nowMs, leastRingVersion: view?.leastEpoch("config", RING_FEED_ID) ?? 0 };
  const signIn = { authTimeSeconds: Math.floor(terms.authTimeMs / 1000), acr: terms.acr, amr: terms.amr };
  const claims = accessTokenClaims({
    issuer: issuer.url,
    subject: terms.subject,
    audience,
    clientId: client.id,
    clientEpoch: client.epoch,
    person: { grantId: grant.grantId, userEpoch: grant.userEpoch, signIn },
    scopes,
    roles: carried.roles,
    tenantRoles: carried.tenantRoles,
    attributes: carried.attributes,
    tokenId,
    nowSeconds,
    ttlSeconds,
  });
  const accessToken = await issuer.signer.sign({ ...signing, alg: algorithm, type: ACCESS_TOKEN_TYPE, claims }, defer);
  const idToken = scopes.includes("openid") ? await signIdToken() : null;
  return ok({ accessToken, expiresInSeconds: ttlSeconds, scopes, clientId: client.id, tokenId, refreshToken, idToken });

  async function signIdToken(): Promise<string> {
    const alg = client.person.idTokenAlgorithm;
    const idClaims = idTokenClaims({
      issuer: issuer.url,
      subject: terms.subject,
      clientId: client.id,
      nowSeconds,
      ttlSeconds: issuer.idTokenTtlSeconds,
      signIn,
      nonce: mint.first ? terms.nonce : null,
      sid: terms.sid,
      atHash: await accessTokenHash(accessToken, alg),
    });
    return issuer.signer.sign({ ...signing, alg, type: ID_TOKEN_TYPE, claims: idClaims }, defer);
  }
}

/** Waits until whatever may sign for this client can sign: asked before anything is spent. Throws `Outage`. */
export async function signersReady(
  client: ClientRecord,
  issuer: Issuer,
  { nowMs, defer }: Moment,
  view: RevocationView | null,
): Promise<void> {
  const leastRingVersion = view?.leastEpoch("config", RING_FEED_ID) ?? 0;
  const ofApis = issuer.catalog.apis.map((api) => issuer.tokenProfile(api.resource).algorithm);
  const algorithms = new Set([client.person.idTokenAlgorithm, ...ofApis]);
  await Promise.all([...algorithms].map((alg) => issuer.signer.ready({ alg, nowMs, leastRingVersion }, defer)));
}
