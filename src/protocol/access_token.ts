import { err, ok, type Result } from "../kernel/result.ts";
import { isJsonObject } from "../kernel/strict_json.ts";
import { type HeldAttributes, readAttributes } from "./attribute_values.ts";
import { type Confirmation, type ConfirmationFault, readConfirmation } from "./confirmation.ts";
import { carriedClaims, readTenantRoles, type TenantRoles } from "./holdings.ts";
import type { ClientId, GrantId } from "./ids.ts";
import { readSignIn, type SignIn, signInClaims } from "./sign_in_claims.ts";

/** The media type of JWT access tokens (RFC 9068 §2.1). */
export const ACCESS_TOKEN_TYPE = "at+jwt";

/** Claims of an access token whose shapes have been checked (RFC 9068 §2.2). */
export interface AccessTokenClaims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: readonly string[];
  readonly clientId: string;
  readonly jti: string;
  /** Unix seconds, as all times in a JWT. */
  readonly iatSeconds: number;
  readonly expSeconds: number;
  readonly nbfSeconds: number | null;
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  /** Roles that count in one tenant alone; absent where there are none. */
  readonly tenantRoles?: TenantRoles | undefined;
  /** What is known of the subject beside; absent where nothing is. */
  readonly attributes?: HeldAttributes | undefined;
  /** The client's epoch when the token was minted; 0 where the issuer has none. */
  readonly clientEpoch: number;
  /** The grant of a person that it was minted from; null for a client's own token. */
  readonly grantId: string | null;
  /** The user's epoch when the token was minted; 0 where nobody said one, which any end of that user's tokens ends. */
  readonly userEpoch: number;
  /** How the person signed in that it speaks for. */
  readonly signIn: SignIn;
  /** What it is bound to; null for a token that whoever holds it may use. Who takes the token checks it. */
  readonly confirmation: Confirmation | null;
}

export type ClaimsFault =
  | "token_claims_malformed"
  | "token_issuer_wrong"
  | "token_audience_wrong"
  | "token_issued_ahead"
  | "token_not_yet_valid"
  | "token_expired";

/** What to mint. */
export interface AccessTokenGrant {
  readonly issuer: string;
  readonly subject: string;
  readonly audience: readonly [string, ...string[]];
  readonly clientId: ClientId;
  readonly clientEpoch: number;
  /** What a person's token carries beside; absent from a client's own. */
  readonly person?: { readonly grantId: GrantId; readonly userEpoch: number; readonly signIn: SignIn };
  readonly scopes: readonly string[];
  /** What the subject holds. Whoever mints sees to it that the token does not outlive it. */
  readonly roles: readonly string[];
  readonly tenantRoles?: TenantRoles;
  readonly attributes?: HeldAttributes;
  readonly tokenId: string;
  readonly nowSeconds: number;
  readonly ttlSeconds: number;
}

/** The claim set of an access token (RFC 9068 §2.2), with the epochs that revocation compares. */
export function accessTokenClaims(grant: AccessTokenGrant): Readonly<Record<string, unknown>> {
  const [only, ...others] = grant.audience;
  return {
    iss: grant.issuer,
    sub: grant.subject,
    aud: others.length === 0 ? only : grant.audience,
    client_id: grant.clientId,
    scope: grant.scopes.join(" "),
    roles: grant.roles,
    ...carriedClaims(grant),
    iat: grant.nowSeconds,
    exp: grant.nowSeconds + grant.ttlSeconds,
    jti: grant.tokenId,
    epochs: { client: grant.clientEpoch, ...(grant.person && { user: grant.person.userEpoch }) },
    ...(grant.person && { grant_id: grant.person.grantId, ...signInClaims(grant.person.signIn) }),
  };
}

/** Checks the shape of every claim that a decision rests on. Numbers are finite and not negative; nothing is coerced. */
export function parseAccessTokenClaims(
  payload: unknown,
): Result<AccessTokenClaims, "token_claims_malformed" | ConfirmationFault> {
  if (!isJsonObject(payload)) return err("token_claims_malformed");
  // Absent is not null: a default stands for a claim that is not there, never for one of another type.
  const { iss, sub, client_id: clientId, jti, iat, exp, nbf, scope = "", roles = [] } = payload;
  const aud = typeof payload.aud === "string" ? [payload.aud] : payload.aud;
  const { grant_id: grantId } = payload;
  const epochs = readEpochs(payload.epochs);
  if (!isText(iss) || !isText(sub) || !isText(clientId) || !isText(jti)) return err("token_claims_malformed");
  if (!isTextList(aud) || !isTextList(roles) || typeof scope !== "string") return err("token_claims_malformed");
  if (!isTime(iat) || !isTime(exp) || !(nbf === undefined || isTime(nbf))) return err("token_claims_malformed");
  if (epochs === null || !(grantId === undefined || isText(grantId))) return err("token_claims_malformed");
  const tenantRoles = payload.tenant_roles === undefined ? undefined : readTenantRoles(payload.tenant_roles);
  const attributes = payload.attributes === undefined ? undefined : readAttributes(payload.attributes);
  if (tenantRoles === null || attributes === null) return err("token_claims_malformed");
  const confirmation = readConfirmation(payload.cnf);
  if (!confirmation.ok) return confirmation;
  return ok({
    iss,
    sub,
    aud,
    clientId,
    jti,
    iatSeconds: iat,
    expSeconds: exp,
    nbfSeconds: nbf ?? null,
    scopes: scope.split(" ").filter((token) => token !== ""),
    roles,
    ...(tenantRoles !== undefined && { tenantRoles }),
    ...(attributes !== undefined && { attributes }),
    clientEpoch: epochs.client,
    grantId: grantId ?? null,
    userEpoch: epochs.user,
    signIn: readSignIn(payload, iat),
    confirmation: confirmation.value,
  });
}

/** Whom a token must come from and be for. */
export interface TokenExpectation {
  readonly issuer: string;
  /** One of these, where it is a list. */
  readonly audience: string | readonly string[];
  /** How far ahead `iat` and `nbf` may lie, in seconds. Never added to `exp`: no token lives longer than it says. */
  readonly clockSkewSeconds: number;
}

/**
 * Checks issuer, audience and times (RFC 9068 §4), the end of life last: `token_expired` is said only of a token with no
 * other fault. Cheap enough to run on each use of a cached token.
 */
export function checkAccessTokenClaims(
  claims: AccessTokenClaims,
  expected: TokenExpectation,
  nowSeconds: number,
): ClaimsFault | null {
  if (claims.iss !== expected.issuer) return "token_issuer_wrong";
  if (!isFor(claims.aud, expected.audience)) return "token_audience_wrong";
  const latestStart = nowSeconds + expected.clockSkewSeconds;
  if (claims.iatSeconds > latestStart) return "token_issued_ahead";
  if (claims.nbfSeconds !== null && claims.nbfSeconds > latestStart) return "token_not_yet_valid";
  return claims.expSeconds <= nowSeconds ? "token_expired" : null;
}

function isFor(aud: readonly string[], audience: string | readonly string[]): boolean {
  return typeof audience === "string" ? aud.includes(audience) : audience.some((name) => aud.includes(name));
}

function readEpochs(epochs: unknown): { readonly client: number; readonly user: number } | null {
  if (epochs === undefined) return { client: 0, user: 0 };
  if (!isJsonObject(epochs)) return null;
  const { client = 0, user = 0 } = epochs;
  return isEpoch(client) && isEpoch(user) ? { client, user } : null;
}

function isEpoch(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
