import type { Defer } from "../ports/edge_feed.ts";
import type { HintedIdentity, IdTokenHints } from "../ports/id_token_hints.ts";
import { ID_TOKEN_ALGORITHMS, ID_TOKEN_TYPE } from "../protocol/id_token.ts";
import { parseHintedSignIn } from "../protocol/id_token_hint.ts";
import { parseCompactJws } from "../protocol/jws.ts";
import { signatureHolds } from "./jose_signature.ts";
import type { VerificationKeys } from "./jose_verification_keys.ts";

/**
 * Reads ID tokens that `issuer` signed, with jose. Age is no fault of a hint; a wrong signature, type or issuer is: access
 * tokens and logout tokens have the same signer, and prove something else (RFC 8725 §3.11).
 */
export class JoseIdTokenHints implements IdTokenHints {
  readonly #issuer: string;
  readonly #keys: VerificationKeys;

  constructor(issuer: string, keys: VerificationKeys) {
    this.#issuer = issuer;
    this.#keys = keys;
  }

  async read(token: string, nowMs: number, defer: Defer): Promise<HintedIdentity | null> {
    const parsed = parseCompactJws(token);
    if (!parsed.ok || parsed.value.typ.toUpperCase() !== ID_TOKEN_TYPE) return null;
    const { alg, kid } = parsed.value;
    const hint = parseHintedSignIn(parsed.value.claims(), this.#issuer);
    const algorithm = ID_TOKEN_ALGORITHMS.find((allowed) => allowed === alg);
    if (hint === null || algorithm === undefined) return null;
    const key = await this.#keys.find(kid, algorithm, nowMs, defer);
    return key !== null && (await signatureHolds(token, key, algorithm)) ? { ...hint, kid } : null;
  }
}
