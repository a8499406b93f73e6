import { sha256Base64url } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { ClientRecord } from "../ports/clients.ts";
import type { RevocationView } from "../ports/edge_feed.ts";
import { type AccessTokenClaims, checkAccessTokenClaims } from "../protocol/access_token.ts";
import { invalidClient } from "../protocol/client_credentials.ts";
import type { Form } from "../protocol/form.ts";
import { carriedClaims } from "../protocol/holdings.ts";
import { type OAuthError, oauthError } from "../protocol/oauth_error.ts";
import { signInClaims } from "../protocol/sign_in_claims.ts";
import { tokenRevocation } from "../protocol/token_revocation.ts";
import { openToken } from "./grant_holder.ts";
import { identifyClient } from "./identify_client.ts";
import type { Caller, Issuer, Moment } from "./issuer.ts";

const CLOCK_SKEW_SECONDS = 5;

/** What a caller is told of a token (RFC 7662 §2.2): all of it, or that it is not active and nothing more. */
export type Introspection =
  | { readonly active: false }
  | ({ readonly active: true } & Readonly<Record<string, unknown>>);

export interface IntrospectionOutcome {
  readonly clientId: string;
  readonly answer: Introspection;
}

const INACTIVE: Introspection = { active: false };

/**
 * Token introspection (RFC 7662). A client sees the tokens that were issued to it; the server of an API, access tokens for
 * that API as well. Whatever else a token is, dead, another's or no token at all, the answer is the same. The hint is
 * not needed: the two kinds of token cannot be taken for each other. Throws `Outage`.
 */
export async function introspectionEndpoint(
  caller: Caller,
  form: Form,
  issuer: Issuer,
  moment: Moment,
): Promise<Result<IntrospectionOutcome, OAuthError>> {
  const view = await issuer.revocations.view(moment.nowMs, moment.defer, 0);
  const client = await identifyClient(caller, form, issuer, moment, view);
  if (!client.ok) return client;
  // RFC 7662 §2.1, §4: whoever need not prove who it is could try tokens out in another's name.
  if (client.value.authMethods.includes("none")) return err(invalidClient("public_client_introspects"));
  const token = form.get("token");
  if (token === undefined) return err(oauthError("invalid_request", "token is missing", "no_token"));
  // A token that may have been revoked is not called active.
  if (view === null)
    return err(oauthError("temporarily_unavailable", "please try again in a moment", "edge_feed_stale"));
  const answer = token.startsWith("spr_")
    ? await refreshToken(token, client.value, issuer, moment)
    : await accessToken(token, client.value, issuer, moment, view);
  return ok({ clientId: client.value.id, answer });
}

async function accessToken(
  token: string,
  client: ClientRecord,
  issuer: Issuer,
  { nowMs, defer }: Moment,
  view: RevocationView,
): Promise<Introspection> {
  const verified = await issuer.verifier.verify(token, nowMs, defer);
  if (!verified.ok) return INACTIVE;
  const { claims, kid } = verified.value;
  const [audience] = claims.aud;
  if (audience === undefined || !maySee(client, claims, issuer)) return INACTIVE;
  const expected = { issuer: issuer.url, audience, clockSkewSeconds: CLOCK_SKEW_SECONDS };
  if (checkAccessTokenClaims(claims, expected, Math.floor(nowMs / 1000)) !== null) return INACTIVE;
  if (tokenRevocation(claims, kid, (kind, id) => view.leastEpoch(kind, id)) !== null) return INACTIVE;
  return {
    active: true,
    iss: claims.iss,
    sub: claims.sub,
    aud: claims.aud.length === 1 ? audience : claims.aud,
    client_id: claims.clientId,
    scope: claims.scopes.join(" "),
    roles: claims.roles,
    ...carriedClaims(claims),
    token_type: "Bearer",
    iat: claims.iatSeconds,
    exp: claims.expSeconds,
    jti: claims.jti,
    // RFC 9470 §6.2: whoever asks for more of a sign-in has to see what there was.
    ...signInClaims(claims.signIn),
    // RFC 8705 §3.2: whoever takes the token has to know that not everybody may use it.
    ...(claims.confirmation && { cnf: { "x5t#S256": claims.confirmation.thumbprint } }),
  };
}

function maySee(client: ClientRecord, { clientId, aud }: AccessTokenClaims, issuer: Issuer): boolean {
  return clientId === client.id || aud.some((resource) => issuer.introspectors(resource).has(client.id));
}

async function refreshToken(
  token: string,
  client: ClientRecord,
  issuer: Issuer,
  { nowMs }: Moment,
): Promise<Introspection> {
  const opened = await openToken(token, "spr_", issuer);
  if (opened === null) return INACTIVE;
  const hash = await sha256Base64url(opened.secret);
  const grant = await issuer.accounts.readRefresh(opened.user, opened.grant, hash, nowMs);
  if (grant === null || grant.terms.clientId !== client.id) return INACTIVE;
  return {
    active: true,
    iss: issuer.url,
    sub: grant.terms.subject,
    client_id: client.id,
    scope: grant.terms.scopes.join(" "),
    iat: Math.floor(grant.startedAtMs / 1000),
    exp: Math.floor(grant.endsAtMs / 1000),
  };
}
