import { env } from "cloudflare:workers";
import { calculateJwkThumbprint, createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from "jose";
import { allowInsecureRequests, customFetch, validateJwtAccessToken } from "oauth4webapi";
import { beforeAll, describe, expect, it } from "vitest";
import { wireSigningRing } from "../../src/compose/objects.ts";
import type { PublicJwk } from "../../src/protocol/signing_key_ring.ts";
import { expectOAuthError } from "../support/expect_oauth_error.ts";
import { APIS, fourApiConfig } from "../support/four_api_config.ts";
import {
  backstage,
  ISSUER_URL,
  migrate,
  openIsolate,
  type RegisteredClient,
  registerClient,
} from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { rewire } from "../support/rewired_object.ts";
import { askToken, tokenOf } from "../support/token_requests.ts";

const ALGORITHMS = ["ES256", "RS256", "PS256", "EdDSA"] as const;
const isolate = openIsolate({ config: fourApiConfig() });
captureLogs();
let client: RegisteredClient;
let keys: readonly PublicJwk[];

beforeAll(async () => {
  await migrate();
  await rewire(backstage.ring(), { ...wireSigningRing(env), algorithms: ALGORITHMS });
  client = await registerClient({
    scopes: ["admin", "shared", ...ALGORITHMS.map((alg) => `${alg.toLowerCase()}:read`)],
  });
  keys = (await isolate.fetch("/.well-known/jwks.json")).json.keys as readonly PublicJwk[];
});

describe("each API's tokens are signed as its configuration says", () => {
  it.each([
    ["ES256", 60],
    ["RS256", 120],
    ["PS256", 180],
    ["EdDSA", 240],
  ] as const)("%s: an independent verifier takes them", async (alg, ttl) => {
    const told = await askToken(isolate, client, { resource: APIS[alg] });
    const token = String(told.json.access_token);
    expect(decodeProtectedHeader(token)).toEqual({ alg, typ: "at+jwt", kid: expect.any(String) });
    expect(told.json).toMatchObject({ expires_in: ttl, scope: `shared ${alg.toLowerCase()}:read` });
    const keySet = createLocalJWKSet({ keys } as unknown as JSONWebKeySet);
    const expected = { issuer: ISSUER_URL, audience: APIS[alg], typ: "at+jwt", algorithms: [alg] };
    const { payload } = await jwtVerify(token, keySet, expected);
    expect([payload.aud, (payload.exp ?? 0) - (payload.iat ?? 0)]).toEqual([APIS[alg], ttl]);
  });

  it.each(ALGORITHMS)("%s: oauth4webapi takes them", async (alg) => {
    const token = await tokenOf(isolate, client, { resource: APIS[alg] });
    const request = new Request(APIS[alg], { headers: { authorization: `Bearer ${token}` } });
    const as = { issuer: ISSUER_URL, jwks_uri: `${ISSUER_URL}/.well-known/jwks.json` };
    const claims = await validateJwtAccessToken(as, request, APIS[alg], {
      [allowInsecureRequests]: true,
      [customFetch]: async () => Response.json({ keys }, { headers: { "content-type": "application/json" } }),
      signingAlgorithms: [alg],
    });
    expect(claims.client_id).toBe(client.id);
  });

  it("the issuer's own tokens are signed as the issuer's says", async () => {
    const token = await tokenOf(isolate, client, { scope: "admin" });
    expect(decodeProtectedHeader(token).alg).toBe("EdDSA");
  });

  it("without resource the default API's algorithm signs", async () => {
    expect(decodeProtectedHeader(await tokenOf(isolate, client)).alg).toBe("ES256");
  });
});

describe("RFC 8707 2: one API per token", () => {
  it("two APIs are invalid_target, though each alone is fine", async () => {
    expectOAuthError(await askToken(isolate, client, { resource: [APIS.ES256, APIS.RS256] }), "invalid_target");
    expect((await askToken(isolate, client, { resource: [APIS.RS256, APIS.RS256] })).status).toBe(200);
  });

  it("a scope of one API is not to be had for another, nor without naming its API", async () => {
    expect((await askToken(isolate, client, { scope: "rs256:read", resource: APIS.RS256 })).status).toBe(200);
    expectOAuthError(await askToken(isolate, client, { scope: "rs256:read", resource: APIS.ES256 }), "invalid_scope");
    expectOAuthError(await askToken(isolate, client, { scope: "rs256:read" }), "invalid_scope");
  });
});

describe("RFC 7517: the key set", () => {
  it("holds an active and a next key of each algorithm, all with alg, use and a kid of their own", () => {
    expect(keys.map(({ alg }) => alg).sort()).toEqual([...ALGORITHMS, ...ALGORITHMS].sort());
    for (const key of keys) expect(key.use).toBe("sig");
    expect(new Set(keys.map(({ kid }) => kid)).size).toBe(keys.length);
  });

  it("RFC 7638: each kid is its key's thumbprint", async () => {
    for (const { kid, alg: _alg, use: _use, ...key } of keys) expect(await calculateJwkThumbprint(key)).toBe(kid);
  });

  it("has public members alone", () => {
    const allowed = new Set(["kty", "kid", "alg", "use", "crv", "x", "y", "n", "e"]);
    for (const key of keys) expect(Object.keys(key).filter((member) => !allowed.has(member))).toEqual([]);
  });

  it("RFC 7518 3.3: RSA keys have 2048 bits or more, the others the curve of their algorithm", () => {
    for (const { alg, n, crv } of keys) {
      if (alg === "RS256" || alg === "PS256")
        expect(atob((n ?? "").replace(/-/g, "+").replace(/_/g, "/")).length).toBeGreaterThanOrEqual(256);
      else expect(crv).toBe(alg === "ES256" ? "P-256" : "Ed25519");
    }
  });
});

describe("rotation of one algorithm", () => {
  it("leaves the others as they are, and every token verifies before and after", async () => {
    const before = await Promise.all(ALGORITHMS.map((alg) => tokenOf(isolate, client, { resource: APIS[alg] })));
    expect(await backstage.ring().rotate(["PS256"], false)).toMatchObject({ rotations: [{ outcome: "rotated" }] });
    const other = openIsolate({ config: fourApiConfig() });
    const after = await Promise.all(ALGORITHMS.map((alg) => tokenOf(other, client, { resource: APIS[alg] })));
    const kids = (tokens: readonly string[]) => tokens.map((token) => decodeProtectedHeader(token).kid);
    expect(kids(after).map((kid, at) => kid === kids(before)[at])).toEqual([true, true, false, true]);
    const { json } = await other.fetch("/.well-known/jwks.json");
    const keySet = createLocalJWKSet({ keys: json.keys as JSONWebKeySet["keys"] });
    for (const token of [...before, ...after]) expect((await jwtVerify(token, keySet)).payload.sub).toBe(client.id);
  });
});
