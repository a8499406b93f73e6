import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { accessTokenClaims, parseAccessTokenClaims } from "../../../src/protocol/access_token.ts";
import type { ClientId, GrantId } from "../../../src/protocol/ids.ts";
import { NO_SIGN_IN, readSignIn, signInClaims } from "../../../src/protocol/sign_in_claims.ts";

const IAT = 1_800_000_000;

describe("RFC 9068 2.2.1: auth_time, acr and amr of an access token", () => {
  it("what is minted is what is read", () => {
    const signIn = { authTimeSeconds: IAT - 60, acr: "urn:test:strong", amr: ["pwd", "otp"] };
    const payload = accessTokenClaims({
      issuer: "https://issuer.test",
      subject: "usr_a",
      audience: ["https://api.test/"],
      clientId: "cli_a" as ClientId,
      clientEpoch: 0,
      person: { grantId: "grt_a" as GrantId, userEpoch: 0, signIn },
      scopes: [],
      roles: [],
      tokenId: "j",
      nowSeconds: IAT,
      ttlSeconds: 900,
    });
    expect(payload).toMatchObject({ auth_time: IAT - 60, acr: "urn:test:strong", amr: ["pwd", "otp"] });
    expect(parseAccessTokenClaims(payload)).toMatchObject({ ok: true, value: { signIn } });
  });

  it.each([
    ["a time in milliseconds, which no age would ever exceed", { auth_time: IAT * 1000 }],
    ["a sign-in that comes after its token", { auth_time: IAT + 61 }],
    ["a time as text", { auth_time: String(IAT) }],
    ["a time before 1970", { auth_time: -1 }],
    ["no number", { auth_time: Number.NaN }],
    ["a list of classes", { acr: ["urn:test:strong"] }],
    ["a class as a number", { acr: 2 }],
    ["an empty class", { acr: "" }],
    ["a class with a line of its own", { acr: "strong\nmore" }],
    ["a class without an end", { acr: "x".repeat(257) }],
    ["methods as one text", { amr: "pwd" }],
    ["methods that are no texts", { amr: ["pwd", 1] }],
    ["more methods than anybody has", { amr: Array.from({ length: 33 }, () => "pwd") }],
  ])("%s counts as not said", (_, claims) => {
    expect(readSignIn(claims, IAT)).toEqual(NO_SIGN_IN);
  });

  it("whatever the claims are, what is read is a time not after the token, texts, or nothing", () => {
    fc.assert(
      fc.property(fc.record({ auth_time: fc.anything(), acr: fc.anything(), amr: fc.anything() }), (claims) => {
        const read = readSignIn(claims, IAT);
        expect(read.authTimeSeconds ?? 0).toBeLessThanOrEqual(IAT + 60);
        expect(read.acr === null || typeof read.acr === "string").toBe(true);
        expect(read.amr.every((method) => typeof method === "string")).toBe(true);
        expect(readSignIn(signInClaims(read), IAT)).toEqual(read);
      }),
    );
  });
});
