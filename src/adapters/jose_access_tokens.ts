import { sha256Base64url } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { isJsonObject } from "../kernel/strict_json.ts";
import type { AccessTokenVerifier, SignatureFault, SignedAccessToken } from "../ports/access_tokens.ts";
import type { Defer } from "../ports/edge_feed.ts";
import { ACCESS_TOKEN_TYPE, type AccessTokenClaims, parseAccessTokenClaims } from "../protocol/access_token.ts";
import { type ClaimReading, readForeignClaims } from "../protocol/foreign_claims.ts";
import {
  type HeaderLenience,
  isTokenType,
  parseCompactJws,
  type SignatureAlgorithm,
  STRICT_HEADER,
} from "../protocol/jws.ts";
import { signatureHolds } from "./jose_signature.ts";
import type { VerificationKeys } from "./jose_verification_keys.ts";

/** An issuer whose tokens are taken. */
export interface TrustedIssuerKeys {
  readonly issuer: string;
  readonly algorithms: readonly SignatureAlgorithm[];
  readonly keys: VerificationKeys;
  /** How the tokens of another issuer are read; null for our own, which are read as we mint them. */
  readonly reading: ClaimReading | null;
}

interface Trusted extends TrustedIssuerKeys {
  readonly lenience: HeaderLenience;
}

/** Verifies JWT access tokens of the configured issuers with jose. */
export class JoseAccessTokens implements AccessTokenVerifier {
  readonly #issuers: ReadonlyMap<string, Trusted>;
  /** What any of the issuers is allowed: enough to see whose token it is, and then each is held to its own. */
  readonly #lenience: HeaderLenience;

  constructor(issuers: readonly TrustedIssuerKeys[]) {
    const trusted = issuers.map((issuer): Trusted => ({ ...issuer, lenience: lenienceOf(issuer) }));
    this.#issuers = new Map(trusted.map((issuer) => [issuer.issuer, issuer]));
    this.#lenience = trusted.every(({ lenience }) => lenience === STRICT_HEADER)
      ? STRICT_HEADER
      : { ignored: new Set(trusted.flatMap(({ lenience }) => [...lenience.ignored])), isKidOptional: false };
  }

  async verify(token: string, nowMs: number, defer: Defer): Promise<Result<SignedAccessToken, SignatureFault>> {
    const parsed = parseCompactJws(token, this.#lenience);
    if (!parsed.ok) return parsed;
    // The claimed issuer only chooses whose keys and form are tried; no key of one issuer proves a token of another.
    const payload = parsed.value.claims();
    if (!isJsonObject(payload) || typeof payload.iss !== "string" || payload.iss === "") {
      return err("token_claims_malformed");
    }
    const issuer = this.#issuers.get(payload.iss);
    if (issuer === undefined) return err("token_issuer_unknown");
    const held = issuer.lenience === this.#lenience ? parsed : parseCompactJws(token, issuer.lenience);
    if (!held.ok) return held;
    const { alg, kid, typ } = held.value;
    const claims = readClaims(payload, typ, issuer.reading);
    if (!claims.ok) return claims;
    const algorithm = issuer.algorithms.find((allowed) => allowed === alg);
    if (algorithm === undefined) return err("token_algorithm_not_allowed");
    const key = await issuer.keys.find(kid, algorithm, nowMs, defer);
    if (key === null) return err("token_key_unknown");
    const holds = await signatureHolds(token, key, algorithm);
    return holds ? ok({ claims: await named(claims.value, token), kid }) : err("token_signature_wrong");
  }
}

function lenienceOf({ reading }: TrustedIssuerKeys): HeaderLenience {
  const ignored = reading?.shape.ignoredHeaderMembers ?? [];
  return ignored.length === 0 ? STRICT_HEADER : { ignored: new Set(ignored), isKidOptional: false };
}

function readClaims(
  payload: unknown,
  typ: string,
  reading: ClaimReading | null,
): Result<AccessTokenClaims, SignatureFault> {
  const types = reading === null ? [ACCESS_TOKEN_TYPE] : reading.shape.types;
  const isOfType = types.some((type) => (type === "" ? typ === "" : isTokenType(typ, type)));
  if (!isOfType) return err("token_type_wrong");
  if (reading !== null) return readForeignClaims(payload, reading);
  const claims = parseAccessTokenClaims(payload);
  return claims.ok ? claims : err("token_claims_malformed");
}

/** A token without `jti` is called in logs by a part of its digest, which opens nothing. */
async function named(claims: AccessTokenClaims, token: string): Promise<AccessTokenClaims> {
  if (claims.jti !== "") return claims;
  return { ...claims, jti: `sha256:${(await sha256Base64url(token)).slice(0, 22)}` };
}
