import { err, ok, type Result } from "../kernel/result.ts";
import type { AccessTokenVerifier, SignatureFault, SignedAccessToken } from "../ports/access_tokens.ts";
import type { Defer } from "../ports/edge_feed.ts";
import { ACCESS_TOKEN_TYPE, parseAccessTokenClaims } from "../protocol/access_token.ts";
import { isTokenType, parseCompactJws, type SignatureAlgorithm } from "../protocol/jws.ts";
import { signatureHolds } from "./jose_signature.ts";
import type { VerificationKeys } from "./jose_verification_keys.ts";

/** An issuer whose tokens are taken. */
export interface TrustedIssuerKeys {
  readonly issuer: string;
  readonly algorithms: readonly SignatureAlgorithm[];
  readonly keys: VerificationKeys;
}

/** Verifies JWT access tokens of the configured issuers with jose. */
export class JoseAccessTokens implements AccessTokenVerifier {
  readonly #issuers: ReadonlyMap<string, TrustedIssuerKeys>;

  constructor(issuers: readonly TrustedIssuerKeys[]) {
    this.#issuers = new Map(issuers.map((issuer) => [issuer.issuer, issuer]));
  }

  async verify(token: string, nowMs: number, defer: Defer): Promise<Result<SignedAccessToken, SignatureFault>> {
    const parsed = parseCompactJws(token);
    if (!parsed.ok) return parsed;
    const { alg, kid, typ } = parsed.value;
    if (!isTokenType(typ, ACCESS_TOKEN_TYPE)) return err("token_type_wrong");
    const claims = parseAccessTokenClaims(parsed.value.claims());
    if (!claims.ok) return err("token_claims_malformed");
    // The claimed issuer only chooses whose keys are tried; no key of one issuer proves a token of another.
    const issuer = this.#issuers.get(claims.value.iss);
    if (issuer === undefined) return err("token_issuer_unknown");
    const algorithm = issuer.algorithms.find((allowed) => allowed === alg);
    if (algorithm === undefined) return err("token_algorithm_not_allowed");
    const key = await issuer.keys.find(kid, algorithm, nowMs, defer);
    if (key === null) return err("token_key_unknown");
    const holds = await signatureHolds(token, key, algorithm);
    return holds ? ok({ claims: claims.value, kid }) : err("token_signature_wrong");
  }
}
