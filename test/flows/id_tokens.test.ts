import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from "jose";
import {
  allowInsecureRequests,
  authorizationCodeGrantRequest,
  ClientSecretBasic,
  customFetch,
  discoveryRequest,
  getValidatedIdTokenClaims,
  None,
  processAuthorizationCodeResponse,
  processDiscoveryResponse,
  processRefreshTokenResponse,
  processRevocationResponse,
  processUserInfoResponse,
  refreshTokenGrantRequest,
  revocationRequest,
  userInfoRequest,
  validateApplicationLevelSignature,
  validateAuthResponse,
} from "oauth4webapi";
import { beforeAll, describe, expect, it } from "vitest";
import type { UserRecord } from "../../src/ports/users.ts";
import { accessTokenHash } from "../../src/protocol/id_token.ts";
import {
  plantCode,
  REDIRECT_URI,
  refresh,
  registerApp,
  registerPublicApp,
  registerUser,
  signIn,
} from "../support/grant_world.ts";
import { ISSUER_URL, migrate, openIsolate } from "../support/issuer_world.ts";
import { captureLogs, secret } from "../support/logs.ts";

const isolate = openIsolate();
captureLogs();
let user: UserRecord;

beforeAll(async () => {
  await migrate();
  user = await registerUser();
});

async function keySet(): Promise<ReturnType<typeof createLocalJWKSet>> {
  const { json } = await isolate.fetch("/.well-known/jwks.json");
  return createLocalJWKSet({ keys: json.keys as JSONWebKeySet["keys"] });
}

describe("OpenID Connect Core 2, 3.1.3.7: an ID token", () => {
  it.each(["RS256", "ES256", "EdDSA"] as const)(
    "signed %s, as the client registered, verifies with jose",
    async (alg) => {
      const app = await registerApp({ person: { idTokenAlgorithm: alg } });
      const authTimeMs = Date.now() - 65_000;
      const tokens = await signIn(isolate, user, app, { terms: { authTimeMs, acr: "urn:test:acr", nonce: "n-1" } });
      const idToken = String(tokens.id_token);
      const expected = { issuer: ISSUER_URL, audience: app.id, typ: "JWT", algorithms: [alg] };
      const { payload, protectedHeader } = await jwtVerify(idToken, await keySet(), expected);
      expect(Object.keys(protectedHeader).sort()).toEqual(["alg", "kid", "typ"]);
      expect(payload).toEqual({
        iss: ISSUER_URL,
        sub: user.id,
        aud: app.id,
        azp: app.id,
        iat: expect.any(Number),
        exp: expect.any(Number),
        auth_time: Math.floor(authTimeMs / 1000),
        nonce: "n-1",
        acr: "urn:test:acr",
        amr: ["pwd"],
        sid: "sid-of-this-client",
        at_hash: await accessTokenHash(String(tokens.access_token), alg),
      });
      expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(900);
    },
  );

  it("is RS256 unless the client registered otherwise", async () => {
    const tokens = await signIn(isolate, user, await registerApp());
    expect(decodeProtectedHeader(String(tokens.id_token)).alg).toBe("RS256");
  });

  it("OpenID Connect Core 8: has the client's own subject, and so has the access token", async () => {
    const app = await registerApp();
    const tokens = await signIn(isolate, user, app, { terms: { subject: "prs_other" } });
    for (const token of [tokens.id_token, tokens.access_token]) {
      expect((await jwtVerify(String(token), await keySet())).payload.sub).toBe("prs_other");
    }
  });

  it("RFC 9068 4: opens neither the gate nor UserInfo, and nor does a refresh token", async () => {
    const tokens = await signIn(isolate, user, await registerApp({ person: { idTokenAlgorithm: "ES256" } }));
    for (const [token, status] of [
      [tokens.id_token, 401],
      [tokens.refresh_token, 401],
      [tokens.access_token, 200],
    ] as const) {
      const headers = { authorization: `Bearer ${String(token)}` };
      expect((await isolate.fetch("/oauth2/userinfo", { headers })).status).toBe(status);
      if (status === 401) expect((await isolate.fetch("/orders", { headers })).status).toBe(status);
    }
  });
});

describe("an independent client walks the token side from discovery alone", () => {
  const options = {
    [allowInsecureRequests]: true,
    [customFetch]: async (url: string, init: { method: string; headers: Record<string, string>; body?: unknown }) => {
      const body = init.body === undefined || init.body === null ? {} : { body: String(init.body) };
      const { status, headers, text } = await isolate.fetch(url, {
        method: init.method,
        headers: init.headers,
        ...body,
      });
      return new Response(text, { status, headers });
    },
  };

  it.each(["confidential", "public"])(
    "oauth4webapi as a %s client: code, ID token, UserInfo, refresh, revocation",
    async (kind) => {
      const issuer = new URL(ISSUER_URL);
      const as = await processDiscoveryResponse(issuer, await discoveryRequest(issuer, options));
      const app = kind === "public" ? await registerPublicApp() : await registerApp();
      const client = { client_id: app.id };
      const authentication = app.secret === "" ? None() : ClientSecretBasic(app.secret);
      const planted = await plantCode(isolate, user, app);
      const callback = new URL(
        `${REDIRECT_URI}?${new URLSearchParams({ code: planted.code, state: "s", iss: ISSUER_URL })}`,
      );
      const parameters = validateAuthResponse(as, client, callback, "s");
      const verifier = String(planted.verifier);
      const answer = await authorizationCodeGrantRequest(
        as,
        client,
        authentication,
        parameters,
        REDIRECT_URI,
        verifier,
        options,
      );
      const idTokenCheck = { expectedNonce: "the-nonce", requireIdToken: true, maxAge: 60 };
      const tokens = await processAuthorizationCodeResponse(as, client, answer, idTokenCheck);
      await validateApplicationLevelSignature(as, answer, options);
      expect(getValidatedIdTokenClaims(tokens)?.sub).toBe(user.id);
      const info = await userInfoRequest(as, client, secret(tokens.access_token), options);
      expect(await processUserInfoResponse(as, client, user.id, info)).toMatchObject({
        sub: user.id,
        email: user.email,
      });
      const refreshed = await refreshTokenGrantRequest(
        as,
        client,
        authentication,
        secret(tokens.refresh_token ?? ""),
        options,
      );
      const next = await processRefreshTokenResponse(as, client, refreshed);
      expect(getValidatedIdTokenClaims(next)?.sub).toBe(user.id);
      const revoked = await revocationRequest(as, client, authentication, secret(next.refresh_token ?? ""), options);
      await processRevocationResponse(revoked);
      expect((await refresh(isolate, app, next.refresh_token)).json.error).toBe("invalid_grant");
    },
  );
});
