import { decodeJwt } from "jose";
import { describe, expect, it } from "vitest";
import { toBase64url } from "../../../src/kernel/bytes.ts";
import { platformRandom } from "../../../src/kernel/random.ts";
import { ACCESS_TOKEN_TYPE } from "../../../src/protocol/access_token.ts";
import { accessTokenHash, ID_TOKEN_TYPE, type IdTokenGrant, idTokenClaims } from "../../../src/protocol/id_token.ts";
import { newClientId } from "../../../src/protocol/ids.ts";
import { isTokenType } from "../../../src/protocol/jws.ts";

const clientId = newClientId(platformRandom);
const grant: IdTokenGrant = {
  issuer: "https://issuer.test",
  subject: "subject",
  clientId,
  nowSeconds: 1_790_000_000,
  ttlSeconds: 900,
  signIn: { authTimeSeconds: 1_789_999_000, acr: "urn:test:acr", amr: ["pwd"] },
  nonce: "n-0S6_WzA2Mj",
  sid: "sid-1",
  atHash: "hash",
};

describe("OpenID Connect Core 2: the claims of an ID token", () => {
  it("are these, and no claim about the person", () => {
    expect(idTokenClaims(grant)).toEqual({
      iss: "https://issuer.test",
      sub: "subject",
      aud: clientId,
      azp: clientId,
      iat: 1_790_000_000,
      exp: 1_790_000_900,
      auth_time: 1_789_999_000,
      nonce: "n-0S6_WzA2Mj",
      acr: "urn:test:acr",
      amr: ["pwd"],
      sid: "sid-1",
      at_hash: "hash",
    });
  });

  it("what the sign-in did not have is absent, not null", () => {
    const claims = idTokenClaims({ ...grant, nonce: null, sid: null, signIn: { ...grant.signIn, acr: null, amr: [] } });
    expect(Object.keys(claims).sort()).toEqual(["at_hash", "aud", "auth_time", "azp", "exp", "iat", "iss", "sub"]);
  });

  it.each(["x", "a b\u{1f511}", "é".repeat(300)])("item 92: the nonce %s comes back as it was", (nonce) => {
    const payload = toBase64url(new TextEncoder().encode(JSON.stringify(idTokenClaims({ ...grant, nonce }))));
    expect(decodeJwt(`e30.${payload}.`).nonce).toBe(nonce);
  });

  it("RFC 9068 4: its type is no access token's", () => {
    expect(isTokenType(ID_TOKEN_TYPE, ACCESS_TOKEN_TYPE)).toBe(false);
  });
});

describe("OpenID Connect Core 3.1.3.6: at_hash", () => {
  it("is that of the specification's own example (appendix A.3)", async () => {
    const token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
    expect(await accessTokenHash(token, "RS256")).toBe("77QmUPtjPfzWtF2AnpK9RQ");
  });

  it.each([
    ["RS256", 16],
    ["ES256", 16],
    ["PS256", 16],
    ["EdDSA", 32],
  ] as const)("%s: the left %i bytes of its hash", async (alg, bytes) => {
    const digest = await crypto.subtle.digest(bytes === 16 ? "SHA-256" : "SHA-512", new TextEncoder().encode("token"));
    expect(await accessTokenHash("token", alg)).toBe(toBase64url(new Uint8Array(digest).slice(0, bytes)));
  });
});
