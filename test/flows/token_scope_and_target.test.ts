import { decodeJwt } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { expectOAuthError } from "../support/expect_oauth_error.ts";
import {
  API,
  ISSUER_URL,
  migrate,
  openIsolate,
  type RegisteredClient,
  registerClient,
} from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { askToken, tokenOf } from "../support/token_requests.ts";

const isolate = openIsolate();
captureLogs();
let client: RegisteredClient;
let operator: RegisteredClient;

beforeAll(async () => {
  await migrate();
  client = await registerClient();
  operator = await registerClient({ scopes: ["admin", "orders:read"] });
});

describe("RFC 6749 3.3: scope", () => {
  it("without scope a client gets all that it may have for the API", async () => {
    expect((await askToken(isolate, client)).json.scope).toBe("orders:read orders:write");
  });

  it("or its own default, where it has one", async () => {
    const modest = await registerClient({ defaultScopes: ["orders:read"] });
    expect((await askToken(isolate, modest)).json.scope).toBe("orders:read");
    expect((await askToken(isolate, modest, { scope: "orders:write" })).json.scope).toBe("orders:write");
  });

  it.each(["orders:read", "orders:write", "orders:read orders:write", "orders:write orders:read"])(
    "what is asked and allowed is granted in the same words: %s",
    async (scope) => {
      const told = await askToken(isolate, client, { scope });
      expect(told.json.scope).toBe(scope);
      expect(decodeJwt(String(told.json.access_token)).scope).toBe(scope);
    },
  );

  it("a scope that is said twice is granted once", async () => {
    expect((await askToken(isolate, client, { scope: "orders:read orders:read" })).json.scope).toBe("orders:read");
  });

  it.each([
    ["unknown", "orders:burn"],
    ["unknown beside an allowed one", "orders:read orders:burn"],
    ["in another case", "Orders:Read"],
    ["the beginning of one", "orders:"],
    ["a name of Object", "constructor"],
    ["__proto__", "__proto__"],
    ["a quote", 'orders:read"'],
    ["a backslash", "orders\\read"],
    ["a tab between", "orders:read\torders:write"],
    ["a line end between", "orders:read\norders:write"],
    ["beyond ASCII", "orders:réad"],
    ["white space alone", "  "],
    ["SQL", "orders:read' OR '1'='1"],
    ["the issuer's own, not allowed to this client", "admin"],
    ["openid, which does not exist here yet", "openid"],
  ])("a scope that is %s is invalid_scope", async (_, scope) => {
    expectOAuthError(await askToken(isolate, client, { scope }), "invalid_scope");
  });

  it("a known scope that the client is not allowed is invalid_scope", async () => {
    const reader = await registerClient({ scopes: ["orders:read"] });
    expect((await askToken(isolate, reader, { scope: "orders:read" })).status).toBe(200);
    expectOAuthError(await askToken(isolate, reader, { scope: "orders:write" }), "invalid_scope");
    expectOAuthError(await askToken(isolate, reader, { scope: "orders:read orders:write" }), "invalid_scope");
  });

  it("a client without any scope gets no token", async () => {
    expectOAuthError(await askToken(isolate, await registerClient({ scopes: [] })), "invalid_scope");
  });
});

describe("the scope admin belongs to the issuer alone", () => {
  it("asked for alone it makes a token for the issuer alone", async () => {
    const claims = decodeJwt(await tokenOf(isolate, operator, { scope: "admin" }));
    expect([claims.aud, claims.scope]).toEqual([ISSUER_URL, "admin"]);
  });

  it("shares no token with a scope of an API, in either order", async () => {
    expectOAuthError(await askToken(isolate, operator, { scope: "admin orders:read" }), "invalid_scope");
    expectOAuthError(await askToken(isolate, operator, { scope: "orders:read admin" }), "invalid_scope");
  });

  it("is not in a token that nobody asked it for", async () => {
    const claims = decodeJwt(await tokenOf(isolate, operator));
    expect([claims.aud, claims.scope]).toEqual([[ISSUER_URL, API], "orders:read"]);
  });

  it("is the default of a client that has nothing else", async () => {
    const only = await registerClient({ scopes: ["admin"] });
    const claims = decodeJwt(await tokenOf(isolate, only));
    expect([claims.aud, claims.scope]).toEqual([ISSUER_URL, "admin"]);
  });

  it("is not to be had for an API", async () => {
    expectOAuthError(await askToken(isolate, operator, { scope: "admin", resource: API }), "invalid_scope");
  });
});

describe("RFC 8707 2: resource", () => {
  it("none: the issuer's endpoints and the default API", async () => {
    expect(decodeJwt(await tokenOf(isolate, client)).aud).toEqual([ISSUER_URL, API]);
  });

  it("the API: that API alone", async () => {
    expect(decodeJwt(await tokenOf(isolate, client, { resource: API })).aud).toBe(API);
  });

  it("the issuer: the issuer alone, for a scope that it has", async () => {
    expect(decodeJwt(await tokenOf(isolate, operator, { resource: ISSUER_URL })).aud).toBe(ISSUER_URL);
    expectOAuthError(await askToken(isolate, client, { resource: ISSUER_URL }), "invalid_scope");
  });

  it.each([
    ["unknown", "https://other.example/"],
    ["relative", "/orders"],
    ["not a URL", "orders"],
    ["with a fragment", `${API}#x`],
    ["with an empty fragment", `${API}#`],
    ["with a query", `${API}?x=1`],
    ["below the API", `${API}orders`],
    ["the issuer with two slashes", `${ISSUER_URL}//`],
    ["spelled in capitals", "HTTP://LOCALHOST:8787/"],
    ["another port", "http://localhost:8788/"],
    ["__proto__", "__proto__"],
  ])("a resource that is %s is invalid_target", async (_, resource) => {
    expectOAuthError(await askToken(isolate, client, { resource }), "invalid_target");
  });

  it("one known and one unknown are invalid_target, in either order", async () => {
    const other = "https://other.example/";
    expectOAuthError(await askToken(isolate, client, { resource: [API, other] }), "invalid_target");
    expectOAuthError(await askToken(isolate, client, { resource: [other, API] }), "invalid_target");
  });
});
