import { err, ok, type Result } from "../kernel/result.ts";
import type { SignatureFault } from "../ports/access_tokens.ts";
import type { Defer } from "../ports/edge_feed.ts";
import type { IdTokenReader, SignedIdToken } from "../ports/id_tokens.ts";
import { ID_TOKEN_ALGORITHMS } from "../protocol/id_token.ts";
import { parseHintedSignIn } from "../protocol/id_token_hint.ts";
import { isTokenType, parseCompactJws } from "../protocol/jws.ts";
import { signatureHolds } from "./jose_signature.ts";
import type { VerificationKeys } from "./jose_verification_keys.ts";

/** ID tokens alone: an access token or a logout token has the same signer, and proves something else (RFC 8725 §3.11). */
const TYPE = "jwt";

/** Verifies ID tokens of `issuer`, our own, with jose. */
export class JoseIdTokens implements IdTokenReader {
  readonly #issuer: string;
  readonly #keys: VerificationKeys;

  constructor(issuer: string, keys: VerificationKeys) {
    this.#issuer = issuer;
    this.#keys = keys;
  }

  async read(token: string, nowMs: number, defer: Defer): Promise<Result<SignedIdToken, SignatureFault>> {
    const parsed = parseCompactJws(token);
    if (!parsed.ok) return parsed;
    const { alg, kid, typ } = parsed.value;
    if (!isTokenType(typ, TYPE)) return err("token_type_wrong");
    const hint = parseHintedSignIn(parsed.value.claims());
    if (hint === null) return err("token_claims_malformed");
    if (hint.issuer !== this.#issuer) return err("token_issuer_unknown");
    const algorithm = ID_TOKEN_ALGORITHMS.find((allowed) => allowed === alg);
    if (algorithm === undefined) return err("token_algorithm_not_allowed");
    const key = await this.#keys.find(kid, algorithm, nowMs, defer);
    if (key === null) return err("token_key_unknown");
    return (await signatureHolds(token, key, algorithm)) ? ok({ hint, kid }) : err("token_signature_wrong");
  }
}
