import { calculateJwkThumbprint } from "jose";
import { allowInsecureRequests, customFetch, discoveryRequest, processDiscoveryResponse } from "oauth4webapi";
import { beforeAll, describe, expect, it } from "vitest";
import { PUBLISHED_KEY_SECONDS } from "../../src/adapters/published_key_cache.ts";
import { IDENTITY_SCOPES, isIdentityScope } from "../../src/protocol/identity_scopes.ts";
import type { PublicJwk } from "../../src/protocol/signing_key_ring.ts";
import { asClient, refresh, registerApp, registerPublicApp, registerUser, signIn } from "../support/grant_world.ts";
import {
  API,
  ISSUER_URL,
  migrate,
  openIsolate,
  type RegisteredClient,
  registerClient,
} from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { basic, postForm, tokenOf } from "../support/token_requests.ts";

const METADATA = "/.well-known/oauth-authorization-server";
const OPENID = "/.well-known/openid-configuration";
const JWKS = "/.well-known/jwks.json";
/** Those of the demo's API. */
const API_SCOPES = ["orders:read", "orders:write", "authz:evaluate"];
const isolate = openIsolate();
captureLogs();
let client: RegisteredClient;

beforeAll(async () => {
  await migrate();
  client = await registerClient({ scopes: ["admin", ...API_SCOPES] });
});

async function metadata(): Promise<Record<string, unknown>> {
  return (await isolate.fetch(METADATA)).json;
}

describe("RFC 8414 2: the metadata is true", () => {
  it("says this, and nothing else", async () => {
    const told = await isolate.fetch(METADATA);
    expect(told.headers.get("content-type")).toBe("application/json");
    expect(told.headers.get("cache-control")).toBe("public, max-age=300");
    expect(told.json).toEqual({
      issuer: ISSUER_URL,
      authorization_endpoint: `${ISSUER_URL}/oauth2/authorize`,
      token_endpoint: `${ISSUER_URL}/oauth2/token`,
      device_authorization_endpoint: `${ISSUER_URL}/oauth2/device_authorization`,
      introspection_endpoint: `${ISSUER_URL}/oauth2/introspect`,
      revocation_endpoint: `${ISSUER_URL}/oauth2/revoke`,
      jwks_uri: `${ISSUER_URL}/.well-known/jwks.json`,
      response_types_supported: ["code"],
      response_modes_supported: ["query", "fragment", "form_post"],
      grant_types_supported: [
        "client_credentials",
        "authorization_code",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:device_code",
      ],
      code_challenge_methods_supported: ["S256"],
      authorization_response_iss_parameter_supported: true,
      token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "none"],
      revocation_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "none"],
      introspection_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
      scopes_supported: [...IDENTITY_SCOPES, "admin", ...API_SCOPES],
      protected_resources: [API],
    });
  });

  it("RFC 8414 3.3: an independent client takes it for the issuer's own", async () => {
    const options = {
      algorithm: "oauth2" as const,
      [allowInsecureRequests]: true,
      [customFetch]: async (url: string) => {
        const { status, headers, text } = await isolate.fetch(url);
        return new Response(text, { status, headers });
      },
    };
    const response = await discoveryRequest(new URL(ISSUER_URL), options);
    expect((await processDiscoveryResponse(new URL(ISSUER_URL), response)).issuer).toBe(ISSUER_URL);
  });

  it("each advertised endpoint, method and scope works for a client in its own name", async () => {
    const told = await metadata();
    expect((await isolate.fetch(String(told.jwks_uri))).status).toBe(200);
    const own = (told.scopes_supported as string[]).filter((scope) => !isIdentityScope(scope));
    expect(own).toHaveLength(1 + API_SCOPES.length);
    for (const scope of own) {
      const form = { grant_type: "client_credentials", scope };
      const byBasic = await postForm(isolate, String(told.token_endpoint), form, { authorization: basic(client) });
      const post = { ...form, client_id: client.id, client_secret: client.secret };
      const byPost = await postForm(isolate, String(told.token_endpoint), post);
      expect([byBasic.status, byPost.status]).toEqual([200, 200]);
      const named = { token: String(byPost.json.access_token), client_id: client.id, client_secret: client.secret };
      expect((await postForm(isolate, String(told.introspection_endpoint), named)).json.active).toBe(true);
      expect((await postForm(isolate, String(told.revocation_endpoint), named)).status).toBe(200);
      expect((await postForm(isolate, String(told.introspection_endpoint), named)).json.active).toBe(false);
    }
    for (const resource of told.protected_resources as string[]) {
      expect(await tokenOf(isolate, client, { resource })).toBeTruthy();
    }
  });

  it("each advertised scope but the issuer's own can be had through a person, by each kind of client", async () => {
    const told = await metadata();
    const user = await registerUser();
    const scopes = (told.scopes_supported as string[]).filter((scope) => scope !== "admin");
    for (const app of [await registerApp({ scopes }), await registerPublicApp({ scopes })]) {
      const tokens = await signIn(isolate, user, app, { terms: { scopes } });
      expect(tokens.scope).toBe(scopes.join(" "));
      const again = await refresh(isolate, app, tokens.refresh_token);
      expect([again.status, again.json.scope]).toEqual([200, scopes.join(" ")]);
      const form = { token: String(again.json.refresh_token) };
      expect((await asClient(isolate, app, form, String(told.revocation_endpoint))).status).toBe(200);
    }
  });

  it.each([
    "/.well-known/oauth-authorization-server/",
    "/.well-known/oauth-authorization-server/tenant",
    "/oauth2/par",
    "/oauth2/register",
    "/oauth2",
    "/oauth2/token/",
  ])("%s is not advertised and not there", async (path) => {
    const told = await isolate.fetch(path, { method: "POST", body: "x=1" });
    expect([told.status, told.json.code]).toEqual([404, "not_found"]);
    expect((await isolate.fetch(path)).status).toBe(404);
  });

  it.each([METADATA, OPENID, JWKS])("%s answers GET and HEAD alone, from any origin of the web", async (path) => {
    expect((await isolate.fetch(path)).headers.get("access-control-allow-origin")).toBe("*");
    const head = await isolate.fetch(path, { method: "HEAD" });
    expect([head.status, head.text]).toEqual([200, ""]);
    const post = await isolate.fetch(path, { method: "POST", body: "x" });
    expect([post.status, post.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });
});

describe("item 121: no header changes what is told", () => {
  it.each([
    ["x-forwarded-host", "evil.test"],
    ["x-forwarded-proto", "https"],
    ["forwarded", "host=evil.test;proto=https"],
    ["x-original-url", "/evil"],
    ["host", "evil.test"],
  ])("%s: the metadata and a token's issuer stay as they are", async (name, value) => {
    expect((await isolate.fetch(METADATA, { headers: { [name]: value } })).json).toEqual(await metadata());
    const headers = { authorization: basic(client), [name]: value };
    const told = await postForm(isolate, "/oauth2/token", { grant_type: "client_credentials" }, headers);
    const [, claims = ""] = String(told.json.access_token).split(".");
    expect(JSON.parse(atob(claims.replace(/-/g, "+").replace(/_/g, "/"))).iss).toBe(ISSUER_URL);
  });

  it("a host that is not configured gets no answer in its name", async () => {
    const told = await isolate.fetch(`http://evil.test${METADATA}`);
    expect([told.status, told.text.includes("token_endpoint")]).toEqual([421, false]);
  });

  it("an alias of the development host tells the configured issuer", async () => {
    expect((await isolate.fetch(`http://127.0.0.1:8787${METADATA}`)).json).toEqual(await metadata());
  });
});

describe("RFC 7517 5: the key set", () => {
  it("is typed and cacheable", async () => {
    const told = await isolate.fetch(JWKS);
    expect(told.headers.get("content-type")).toBe("application/jwk-set+json");
    expect(told.headers.get("cache-control")).toMatch(/^public, max-age=\d+$/);
  });

  it("names each key by its thumbprint, with alg and use, and has no private member", async () => {
    const keys = (await isolate.fetch(JWKS)).json.keys as readonly PublicJwk[];
    expect(keys.map(({ alg }) => alg).sort()).toEqual(["ES256", "ES256", "EdDSA", "EdDSA", "RS256", "RS256"]);
    const members = { ES256: ["crv", "x", "y"], EdDSA: ["crv", "x"], RS256: ["e", "n"], PS256: [] };
    for (const { kid, use, alg, ...key } of keys) {
      expect(Object.keys(key).sort()).toEqual([...members[alg], "kty"].sort());
      expect(use).toBe("sig");
      expect(await calculateJwkThumbprint(key)).toBe(kid);
    }
    expect(new Set(keys.map(({ kid }) => kid)).size).toBe(keys.length);
  });

  it("a copy that is kept as long as allowed is never older than the time a key is published before it signs", async () => {
    const maxAge = Number(/max-age=(\d+)/.exec((await isolate.fetch(JWKS)).headers.get("cache-control") ?? "")?.[1]);
    expect(maxAge + PUBLISHED_KEY_SECONDS).toBeLessThanOrEqual(300);
    expect(maxAge).toBeGreaterThanOrEqual(240);
  });
});
