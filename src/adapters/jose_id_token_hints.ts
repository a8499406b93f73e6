import { compactVerify, errors } from "jose";
import { isJsonObject } from "../kernel/strict_json.ts";
import type { Defer } from "../ports/edge_feed.ts";
import type { HintedIdentity, IdTokenHints } from "../ports/id_token_hints.ts";
import { ID_TOKEN_ALGORITHMS, ID_TOKEN_TYPE } from "../protocol/id_token.ts";
import { parseClientId } from "../protocol/ids.ts";
import { parseCompactJws } from "../protocol/jws.ts";
import type { VerificationKeys } from "./jose_verification_keys.ts";

/** Reads ID tokens that `issuer` signed, with jose. Age is no fault of a hint; a wrong signature, type or issuer is. */
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
    const identity = this.#identityIn(parsed.value.claims());
    const algorithm = ID_TOKEN_ALGORITHMS.find((allowed) => allowed === parsed.value.alg);
    if (identity === null || algorithm === undefined) return null;
    const key = await this.#keys.find(parsed.value.kid, algorithm, nowMs, defer);
    if (key === null) return null;
    try {
      await compactVerify(token, key, { algorithms: [algorithm] });
      return identity;
    } catch (error) {
      if (error instanceof errors.JOSEError) return null;
      throw error;
    }
  }

  #identityIn(claims: unknown): HintedIdentity | null {
    if (!isJsonObject(claims) || claims.iss !== this.#issuer) return null;
    const { sub, aud, sid = null } = claims;
    const clientId = typeof aud === "string" ? parseClientId(aud) : null;
    if (clientId === null || typeof sub !== "string" || sub === "" || !(sid === null || typeof sid === "string"))
      return null;
    return { clientId, subject: sub, sid };
  }
}
