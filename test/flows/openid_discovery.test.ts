import { allowInsecureRequests, customFetch, discoveryRequest, processDiscoveryResponse } from "oauth4webapi";
import { beforeAll, describe, expect, it } from "vitest";
import { registerApp, registerUser, signIn } from "../support/grant_world.ts";
import { ISSUER_URL, migrate, openIsolate, type RegisteredClient } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { basic, postForm } from "../support/token_requests.ts";

const OPENID = "/.well-known/openid-configuration";
const METADATA = "/.well-known/oauth-authorization-server";
const isolate = openIsolate();
captureLogs();
let app: RegisteredClient;

beforeAll(async () => {
  await migrate();
  app = await registerApp();
});

describe("OpenID Connect Discovery 3: the provider's configuration", () => {
  it("is what RFC 8414 tells, and this", async () => {
    const told = await isolate.fetch(OPENID);
    expect(told.headers.get("content-type")).toBe("application/json");
    expect(told.headers.get("cache-control")).toBe("public, max-age=300");
    const { json: shared } = await isolate.fetch(METADATA);
    const added = Object.fromEntries(Object.entries(told.json).filter(([name]) => !(name in shared)));
    expect({ ...shared, ...added }).toEqual(told.json);
    expect(added).toEqual({
      userinfo_endpoint: `${ISSUER_URL}/oauth2/userinfo`,
      end_session_endpoint: `${ISSUER_URL}/oauth2/logout`,
      backchannel_logout_supported: true,
      backchannel_logout_session_supported: true,
      subject_types_supported: ["public", "pairwise"],
      id_token_signing_alg_values_supported: ["RS256", "ES256", "EdDSA"],
      claim_types_supported: ["normal"],
      claims_supported: expect.arrayContaining(["sub", "auth_time", "at_hash", "email", "email_verified", "name"]),
      claims_parameter_supported: false,
      request_parameter_supported: false,
      request_uri_parameter_supported: false,
      prompt_values_supported: ["none", "login", "consent", "select_account"],
    });
  });

  it("4.3: an independent client takes it for the issuer's own", async () => {
    const options = {
      [allowInsecureRequests]: true,
      [customFetch]: async (url: string) => {
        const { status, headers, text } = await isolate.fetch(url);
        return new Response(text, { status, headers });
      },
    };
    const response = await discoveryRequest(new URL(ISSUER_URL), options);
    expect((await processDiscoveryResponse(new URL(ISSUER_URL), response)).issuer).toBe(ISSUER_URL);
  });

  it("item 120: every claim that it lists can be had", async () => {
    const profile = {
      name: "Ada",
      givenName: "Ada",
      familyName: "Lovelace",
      nickname: "ada",
      picture: "https://example.test/a.png",
      locale: "en",
      zoneinfo: "Europe/London",
      phoneNumber: "+441",
      phoneNumberVerified: true,
      address: "London",
    };
    const user = await registerUser({ profile });
    const scopes = ["openid", "profile", "email", "phone", "address"];
    const tokens = await signIn(isolate, user, app, { terms: { scopes } });
    const headers = { authorization: `Bearer ${String(tokens.access_token)}` };
    const [, payload = ""] = String(tokens.id_token).split(".");
    const idClaims: object = JSON.parse(atob(payload.replace(/-/g, "+").replace(/_/g, "/")));
    const had = new Set([
      ...Object.keys(idClaims),
      ...Object.keys((await isolate.fetch("/oauth2/userinfo", { headers })).json),
    ]);
    expect([...had].sort()).toEqual(
      [...new Set((await isolate.fetch(OPENID)).json.claims_supported as string[])].sort(),
    );
  });
});

describe("item 127: scripts of other sites", () => {
  const origin = "https://spa.example";

  it.each([
    [OPENID, "GET"],
    [METADATA, "GET"],
    ["/.well-known/jwks.json", "GET"],
    ["/oauth2/token", "POST"],
    ["/oauth2/revoke", "POST"],
    ["/oauth2/userinfo", "GET"],
    ["/oauth2/userinfo", "POST"],
  ])("%s may be called by %s from anywhere, without the browser's credentials", async (path, method) => {
    const headers = {
      origin,
      "access-control-request-method": method,
      "access-control-request-headers": "authorization",
    };
    const preflight = await isolate.fetch(path, { method: "OPTIONS", headers });
    expect([preflight.status, preflight.text]).toEqual([204, ""]);
    expect(preflight.headers.get("access-control-allow-origin")).toBe("*");
    expect(preflight.headers.get("access-control-allow-methods")).toContain(method);
    expect(preflight.headers.get("access-control-allow-headers")).toMatch(/authorization.*content-type/i);
    const told = await isolate.fetch(path, { method, headers: { origin } });
    expect(told.headers.get("access-control-allow-origin")).toBe("*");
    for (const { headers } of [preflight, told]) expect(headers.has("access-control-allow-credentials")).toBe(false);
  });

  it("answers and refusals alike can be read", async () => {
    const refused = await postForm(
      isolate,
      "/oauth2/token",
      { grant_type: "refresh_token" },
      { origin, authorization: basic(app) },
    );
    expect([refused.status, refused.headers.get("access-control-allow-origin")]).toEqual([400, "*"]);
    const told = await isolate.fetch("/oauth2/userinfo", { headers: { origin } });
    expect(told.headers.get("access-control-expose-headers")).toContain("WWW-Authenticate");
  });

  it.each(["/oauth2/authorize", "/oauth2/introspect", "/admin/v1/clients"])("item 32: %s may not", async (path) => {
    for (const method of ["OPTIONS", "GET", "POST"]) {
      const headers = { origin, "access-control-request-method": "POST" };
      const told = await isolate.fetch(path, { method, headers });
      expect(told.headers.has("access-control-allow-origin")).toBe(false);
    }
  });

  it("OPTIONS that is no preflight is no way in", async () => {
    expect((await isolate.fetch("/oauth2/token", { method: "OPTIONS" })).status).toBe(405);
  });
});
