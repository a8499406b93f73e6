import { createPublicKey, generateKeyPairSync, randomUUID, sign } from "node:crypto";

/** An issuer that is none of Sallyport's: its key set, and tokens signed with its one ES256 key. */
export interface OutsideIssuer {
  /** As its JWKS endpoint answers it. */
  readonly jwks: string;
  /** The public key as PEM. */
  readonly publicKeyPem: string;
  /** A token of `issuer` for `audience`, good for two hours. `typ`: what others than Sallyport take as an access token is a plain `JWT`. */
  token(issuer: string, audience: string, typ?: "at+jwt" | "JWT"): string;
}

const LIFE_SECONDS = 7_200;

/** Makes an issuer with a new key. */
export function newOutsideIssuer(): OutsideIssuer {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const kid = "bench";
  const jwk = { ...publicKey.export({ format: "jwk" }), kid, alg: "ES256", use: "sig" };
  const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return {
    jwks: JSON.stringify({ keys: [jwk] }),
    publicKeyPem: String(createPublicKey(privateKey).export({ format: "pem", type: "spki" })),
    token(issuer, audience, typ = "at+jwt") {
      const iat = Math.floor(Date.now() / 1000);
      const jti = randomUUID();
      const who = { iss: issuer, sub: `user-${jti}`, client_id: "bench", aud: audience };
      const claims = { ...who, scope: "orders:read", iat, exp: iat + LIFE_SECONDS, jti };
      const input = `${encoded({ alg: "ES256", typ, kid })}.${encoded(claims)}`;
      const signature = sign("sha256", Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" });
      return `${input}.${signature.toString("base64url")}`;
    },
  };
}
