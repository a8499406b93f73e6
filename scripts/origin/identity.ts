import type { IncomingMessage } from "node:http";
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from "jose";

/** What the gateway says about a request: who calls, or why it cannot be believed. */
export type IdentityCheck =
  | { readonly kind: "verified"; readonly claims: JWTPayload }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "unavailable" };

/** Checks the identity of one request. */
export type IdentityVerifier = (request: IncomingMessage) => Promise<IdentityCheck>;

const TYPE = "sallyport-identity+jwt";
const KEYS_PATH = "/.well-known/sallyport/identity-jwks.json";

/**
 * A verifier of `Sallyport-Identity`, as an origin has to have one: whoever reaches the origin past the gateway has no
 * such token. Type, audience, issuer, algorithm and expiry are all pinned; a token of the issuer, or one made
 * for another origin, is worth nothing here.
 */
export function identityVerifier(gatewayUrl: string, audience: string): IdentityVerifier {
  const keys = createRemoteJWKSet(new URL(KEYS_PATH, gatewayUrl));
  return async (request) => {
    const tokens = request.headersDistinct["sallyport-identity"] ?? [];
    const [token] = tokens;
    if (token === undefined || tokens.length > 1) {
      return { kind: "refused", reason: "Exactly one Sallyport-Identity header is needed." };
    }
    try {
      const { payload } = await jwtVerify(token, keys, {
        algorithms: ["ES256"],
        typ: TYPE,
        audience,
        issuer: gatewayUrl,
        requiredClaims: ["sub", "iat", "exp"],
      });
      return { kind: "verified", claims: payload };
    } catch (error) {
      const refused = error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout);
      // A gateway that does not answer is our outage, not the caller's fault.
      return refused && error.code !== "ERR_JOSE_GENERIC"
        ? { kind: "refused", reason: `Sallyport-Identity does not verify (${error.code}).` }
        : { kind: "unavailable" };
    }
  };
}
