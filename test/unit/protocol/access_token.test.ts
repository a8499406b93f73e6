import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  accessTokenClaims,
  checkAccessTokenClaims,
  parseAccessTokenClaims,
} from "../../../src/protocol/access_token.ts";
import type { ClientId, GrantId } from "../../../src/protocol/ids.ts";
import { NO_SIGN_IN } from "../../../src/protocol/sign_in_claims.ts";
import { tokenEntry, tokenRevocation } from "../../../src/protocol/token_revocation.ts";

const NOW = 1_800_000_000;
const MINTED = {
  issuer: "https://issuer.example",
  subject: "cli_a",
  audience: ["https://issuer.example", "https://api.example/"],
  clientId: "cli_a" as ClientId,
  clientEpoch: 3,
  scopes: ["read", "write"],
  roles: ["clerk"],
  tokenId: "jti-1",
  nowSeconds: NOW,
  ttlSeconds: 900,
} as const;
const PAYLOAD = accessTokenClaims(MINTED);
const EXPECTED = { issuer: MINTED.issuer, audience: "https://api.example/", clockSkewSeconds: 5 };

function parsed(payload: unknown = PAYLOAD) {
  const claims = parseAccessTokenClaims(payload);
  if (!claims.ok) throw new Error(claims.error);
  return claims.value;
}

function check(overrides: Readonly<Record<string, unknown>>, nowSeconds = NOW) {
  return checkAccessTokenClaims(parsed({ ...PAYLOAD, ...overrides }), EXPECTED, nowSeconds);
}

describe("RFC 9068 2.2: claims", () => {
  it("what is minted is read back", () => {
    expect(parsed()).toEqual({
      iss: MINTED.issuer,
      sub: "cli_a",
      aud: MINTED.audience,
      clientId: "cli_a",
      jti: "jti-1",
      iatSeconds: NOW,
      expSeconds: NOW + 900,
      nbfSeconds: null,
      scopes: ["read", "write"],
      roles: ["clerk"],
      clientEpoch: 3,
      grantId: null,
      userEpoch: 0,
      signIn: NO_SIGN_IN,
      confirmation: null,
    });
  });

  it("one audience is a string, several are a list", () => {
    expect(accessTokenClaims({ ...MINTED, audience: ["only"] }).aud).toBe("only");
    expect(PAYLOAD.aud).toEqual(MINTED.audience);
  });

  it.each(["iss", "sub", "aud", "client_id", "jti", "iat", "exp"])("without %s there is no token", (name) => {
    const { [name]: _removed, ...rest } = PAYLOAD;
    expect(parseAccessTokenClaims(rest).ok).toBe(false);
  });

  it.each(["scope", "roles", "epochs"])("without %s there is one, of nothing", (name) => {
    const { [name]: _removed, ...rest } = PAYLOAD;
    const empty = parsed(rest);
    expect([empty.scopes, empty.roles, empty.clientEpoch]).toContainEqual(name === "epochs" ? 0 : []);
  });

  it("no other type passes for any claim: nothing is coerced", () => {
    const rightType: Readonly<Record<string, (value: unknown) => boolean>> = {
      iss: (value) => typeof value === "string",
      sub: (value) => typeof value === "string",
      client_id: (value) => typeof value === "string",
      jti: (value) => typeof value === "string",
      scope: (value) => typeof value === "string",
      aud: (value) => typeof value === "string" || isTexts(value),
      roles: isTexts,
      iat: (value) => typeof value === "number",
      exp: (value) => typeof value === "number",
      nbf: (value) => typeof value === "number",
      epochs: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
    };
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(rightType)), fc.jsonValue(), (name, value) => {
        fc.pre(rightType[name]?.(value) === false);
        expect(parseAccessTokenClaims({ ...PAYLOAD, [name]: value }).ok).toBe(false);
      }),
      { numRuns: 3_000 },
    );
  });

  it.each([
    ["iss", ""],
    ["sub", ""],
    ["client_id", ""],
    ["jti", ""],
    ["scope", null],
    ["roles", null],
    ["roles", ["clerk", 1]],
    ["aud", [1]],
    ["aud", [null]],
    ["exp", -1],
    ["exp", Number.NaN],
    ["exp", Number.POSITIVE_INFINITY],
    ["iat", "1800000000"],
    ["nbf", null],
    ["epochs", null],
    ["epochs", { client: null }],
    ["epochs", { client: -1 }],
    ["epochs", { client: 1.5 }],
    ["epochs", { client: "3" }],
    ["epochs", { client: 2 ** 53 }],
    ["epochs", { client: 1, user: null }],
    ["epochs", { client: 1, user: -1 }],
    ["epochs", { client: 1, user: 0.5 }],
    ["epochs", { client: 1, user: "2" }],
    ["epochs", { client: 1, user: 2 ** 53 }],
    ["epochs", [1]],
    ["grant_id", null],
    ["grant_id", ""],
    ["grant_id", 7],
  ])("%s = %j is malformed", (name, value) => {
    expect(parseAccessTokenClaims({ ...PAYLOAD, [name]: value }).ok).toBe(false);
  });

  it.each([[null], [[]], ["text"], [1], [undefined], [[PAYLOAD]]])("%j is no claim set", (payload) => {
    expect(parseAccessTokenClaims(payload).ok).toBe(false);
  });
});

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

describe("RFC 9068 4: whom a token is from and for, and when", () => {
  it.each([
    ["as it should be", {}, NOW, null],
    ["another issuer", { iss: "https://issuer.example/" }, NOW, "token_issuer_wrong"],
    ["another audience", { aud: "https://api.example" }, NOW, "token_audience_wrong"],
    ["no audience at all", { aud: [] }, NOW, "token_audience_wrong"],
    ["issued 5 s ahead", { iat: NOW + 5 }, NOW, null],
    ["issued 6 s ahead", { iat: NOW + 6 }, NOW, "token_issued_ahead"],
    ["to begin in 5 s", { nbf: NOW + 5 }, NOW, null],
    ["to begin in 6 s", { nbf: NOW + 6 }, NOW, "token_not_yet_valid"],
    ["in its last second", {}, NOW + 899, null],
    ["at its end", {}, NOW + 900, "token_expired"],
    ["ended, without skew to help", {}, NOW + 900.001, "token_expired"],
    ["ended, and for another audience", { aud: "other" }, NOW + 901, "token_audience_wrong"],
    ["ended before it began", { exp: NOW, nbf: NOW + 60 }, NOW, "token_not_yet_valid"],
  ])("%s", (_, overrides, nowSeconds, fault) => {
    expect(check(overrides, nowSeconds)).toBe(fault);
  });
});

describe("what ends a token before its time", () => {
  const view = (entries: Readonly<Record<string, number>>) => (kind: string, id: string) =>
    entries[`${kind}:${id}`] ?? 0;

  it.each([
    ["nothing", {}, null],
    ["itself", { "token:jti-1": 1 }, "token_revoked"],
    ["another token", { "token:jti-2": 1 }, null],
    ["its client, from a later epoch on", { "client:cli_a": 4 }, "token_client_revoked"],
    ["not its client's own epoch", { "client:cli_a": 3 }, null],
    ["another client", { "client:cli_b": 9 }, null],
    ["its key", { "kid:k1": 1 }, "token_key_withdrawn"],
    ["another key", { "kid:k2": 1 }, null],
    ["an API key that is called like it", { "api_key:jti-1": 1 }, null],
  ])("%s", (_, entries, fault) => {
    expect(tokenRevocation(parsed(), "k1", view(entries))).toBe(fault);
  });

  it.each([
    ["its grant", { "grant:grt_a": 1 }, "token_grant_revoked"],
    ["another grant", { "grant:grt_b": 1 }, null],
    ["its user, from a later epoch on", { "user:pairwise": 4 }, "token_user_revoked"],
    ["not its user's own epoch", { "user:pairwise": 3 }, null],
    ["its user under another subject", { "user:usr_a": 9 }, null],
    ["its client", { "client:cli_a": 9 }, "token_client_revoked"],
  ])("a person's token: %s", (_, entries, fault) => {
    const person = { grantId: "grt_a" as GrantId, userEpoch: 3, signIn: NO_SIGN_IN };
    const claims = parsed(accessTokenClaims({ ...MINTED, subject: "pairwise", person }));
    expect([claims.grantId, claims.userEpoch]).toEqual(["grt_a", 3]);
    expect(tokenRevocation(claims, "k1", view(entries))).toBe(fault);
  });

  it("a person's token that names no epoch dies with any end of its user's tokens", () => {
    const claims = parsed({ ...PAYLOAD, sub: "usr_a", epochs: { client: 3 } });
    expect(tokenRevocation(claims, "k1", view({ "user:usr_a": 1 }))).toBe("token_user_revoked");
  });

  it("a client's own token carries neither grant nor user, and no entry about a user ends it", () => {
    expect(PAYLOAD).not.toHaveProperty("grant_id");
    expect(PAYLOAD.epochs).toEqual({ client: MINTED.clientEpoch });
    const own = parsed({ ...PAYLOAD, sub: MINTED.clientId });
    expect(own.grantId).toBeNull();
    expect(tokenRevocation(own, "k1", view({ [`user:${MINTED.clientId}`]: 9 }))).toBeNull();
  });

  it("the entry of a token lasts until the token's own end, fractions rounded up", () => {
    expect(tokenEntry(parsed())).toEqual({ kind: "token", id: "jti-1", epoch: 1, untilMs: (NOW + 900) * 1000 });
    expect(tokenEntry(parsed({ ...PAYLOAD, exp: NOW + 0.25 })).untilMs).toBe((NOW + 1) * 1000);
  });
});
