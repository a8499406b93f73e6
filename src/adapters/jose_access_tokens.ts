import { sha256Base64url } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { isJsonObject } from "../kernel/strict_json.ts";
import type { AccessTokenVerifier, KeyStanding, SignatureFault, SignedAccessToken } from "../ports/access_tokens.ts";
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

/** What an issuer's tokens are signed with: published keys, or (HS256, RFC 7518 §3.2) secrets, of which either proves; never both kinds. */
export type ProofKeys =
  | {
      readonly kind: "published";
      readonly keys: VerificationKeys;
      readonly algorithms: readonly SignatureAlgorithm[];
      /** Ids of keys that the operator of this gate believes no more. */
      readonly withdrawn: ReadonlySet<string>;
    }
  | { readonly kind: "secret"; readonly secrets: readonly Uint8Array[] };

/** An issuer whose tokens are taken. */
export interface TrustedIssuerKeys {
  readonly issuer: string;
  readonly proof: ProofKeys;
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
      : {
          ignored: new Set(trusted.flatMap(({ lenience }) => [...lenience.ignored])),
          isKidOptional: trusted.some(({ lenience }) => lenience.isKidOptional),
        };
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
    const standing = await proven(token, alg, kid, issuer, nowMs, defer);
    return standing.ok ? ok({ claims: await named(claims.value, token), kid, standing: standing.value }) : standing;
  }
}

/** Checks the signature by what the issuer is configured for; the token only names one of its keys. Throws `Outage`. */
async function proven(
  token: string,
  alg: string,
  kid: string,
  { proof, reading }: Trusted,
  nowMs: number,
  defer: Defer,
): Promise<Result<KeyStanding | null, SignatureFault>> {
  if (proof.kind === "secret") {
    if (alg !== "HS256") return err("token_algorithm_not_allowed");
    for (const secret of proof.secrets) if (await signatureHolds(token, secret, "HS256")) return ok(null);
    return err("token_signature_wrong");
  }
  const algorithm = proof.algorithms.find((allowed) => allowed === alg);
  if (algorithm === undefined) return err("token_algorithm_not_allowed");
  if (proof.withdrawn.has(kid)) return err("token_key_withdrawn");
  const found = await proof.keys.prove(kid, algorithm, nowMs, defer);
  if (found === null) return err("token_key_unknown");
  if (!(await signatureHolds(token, found.key, algorithm))) return err("token_signature_wrong");
  return ok(reading === null ? null : found);
}

function lenienceOf({ reading, proof }: TrustedIssuerKeys): HeaderLenience {
  const ignored = reading?.shape.ignoredHeaderMembers ?? [];
  const isKidOptional = proof.kind === "secret";
  return ignored.length === 0 && !isKidOptional ? STRICT_HEADER : { ignored: new Set(ignored), isKidOptional };
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
  return parseAccessTokenClaims(payload);
}

/** A token without `jti` is called in logs by a part of its digest, which opens nothing. */
async function named(claims: AccessTokenClaims, token: string): Promise<AccessTokenClaims> {
  if (claims.jti !== "") return claims;
  return { ...claims, jti: `sha256:${(await sha256Base64url(token)).slice(0, 22)}` };
}
