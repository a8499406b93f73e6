import { beforeAll, describe, expect, it, vi } from "vitest";
import loadConfig from "../../sallyport.config.ts";
import { compileConfig } from "../../src/config/compile.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import type { UserRecord } from "../../src/ports/users.ts";
import { expectOAuthError } from "../support/expect_oauth_error.ts";
import {
  asClient,
  newSecret,
  plantCode,
  refresh,
  registerApp,
  registerPublicApp,
  registerUser,
  signIn,
} from "../support/grant_world.ts";
import {
  API,
  ISSUER_URL,
  type Isolate,
  migrate,
  openIsolate,
  type RegisteredClient,
  registerClient,
} from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { basic, boundAnew, postForm, tokenOf } from "../support/token_requests.ts";

const INTROSPECT = "/oauth2/introspect";
const logs = captureLogs();
let isolate: Isolate;
let app: RegisteredClient;
let other: RegisteredClient;
let server: RegisteredClient;
let user: UserRecord;

/** The demo installation, whose API's server is the client called `id`. */
function configWithServer(id: string) {
  const input: ConfigInput = loadConfig({
    ISSUER_URL,
    GATEWAY_URL: ISSUER_URL,
    DEMO_ORIGIN_URL: "http://127.0.0.1:8788",
  });
  const [api, ...apis] = input.issuer.apis;
  if (api === undefined) throw new Error("the demo has no API");
  const issuer = { ...input.issuer, apis: [{ ...api, introspectionClients: [id] }, ...apis] };
  const compiled = compileConfig({ ...input, issuer });
  if (!compiled.ok) throw new Error(compiled.error.map(({ path, reason }) => `${path}: ${reason}`).join("; "));
  return compiled.value;
}

beforeAll(async () => {
  await migrate();
  [app, other, server, user] = await Promise.all([
    registerApp(),
    registerApp(),
    registerClient(),
    registerUser({ roles: ["clerk"] }),
  ]);
  isolate = openIsolate({ config: configWithServer(server.id) });
});

function introspect(token: unknown, as: Pick<RegisteredClient, "id" | "secret"> = app, more = {}) {
  return postForm(isolate, INTROSPECT, { token: String(token), ...more }, { authorization: basic(as) });
}

describe("RFC 7662 2.2: what a token is", () => {
  it("an access token, for the client that it was issued to", async () => {
    const { access_token: token } = await signIn(isolate, user, app);
    const told = await introspect(token);
    expect(told.status).toBe(200);
    expect(told.headers.get("content-type")).toBe("application/json");
    expect(told.headers.get("cache-control")).toBe("no-store");
    expect(told.json).toEqual({
      active: true,
      iss: ISSUER_URL,
      sub: user.id,
      aud: [ISSUER_URL, API],
      client_id: app.id,
      scope: "openid email offline_access orders:read orders:write",
      roles: ["clerk"],
      token_type: "Bearer",
      iat: expect.any(Number),
      exp: expect.any(Number),
      jti: expect.any(String),
      // RFC 9470 6.2.
      auth_time: expect.any(Number),
      amr: ["pwd"],
    });
    expect(logs.events("token_introspected").at(-1)).toMatchObject({ client_id: app.id, active: true });
  });

  it("RFC 8705 3.2: what a token is bound to is told with it; one bound to what nobody knows is not active", async () => {
    const { access_token: token } = await signIn(isolate, user, app);
    const cnf = { "x5t#S256": "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0" };
    expect((await introspect(token)).json).not.toHaveProperty("cnf");
    expect((await introspect(await boundAnew(isolate, token, cnf))).json).toMatchObject({ active: true, cnf });
    expect((await introspect(await boundAnew(isolate, token, { ...cnf, jkt: "x" }))).json).toEqual({ active: false });
  });

  it("a client's own token", async () => {
    const told = await introspect(await tokenOf(isolate, server), server);
    expect(told.json).toMatchObject({ active: true, sub: server.id, client_id: server.id });
  });

  it("a refresh token, for its client: the one that would work now", async () => {
    const first = await signIn(isolate, user, app);
    const told = await introspect(first.refresh_token);
    expect(told.json).toEqual({
      active: true,
      iss: ISSUER_URL,
      sub: user.id,
      client_id: app.id,
      scope: "openid email offline_access orders:read orders:write",
      iat: expect.any(Number),
      exp: expect.any(Number),
    });
    const second = await refresh(isolate, app, first.refresh_token);
    expect((await introspect(first.refresh_token)).json).toEqual({ active: false });
    expect((await introspect(second.json.refresh_token)).json.active).toBe(true);
  });

  it.each(["access_token", "refresh_token", "something_else"])("the hint %s changes nothing", async (hint) => {
    const tokens = await signIn(isolate, user, app);
    for (const token of [tokens.access_token, tokens.refresh_token]) {
      expect((await introspect(token, app, { token_type_hint: hint })).json.active).toBe(true);
    }
  });

  it("asking changes nothing: the refresh token works afterwards", async () => {
    const { refresh_token: token } = await signIn(isolate, user, app);
    for (let at = 0; at < 3; at++) expect((await introspect(token)).json.active).toBe(true);
    expect((await refresh(isolate, app, token)).status).toBe(200);
  });
});

describe("RFC 7662 4: who may see it", () => {
  it("the API's server sees access tokens for that API, whoever holds them, and no refresh token", async () => {
    const tokens = await signIn(isolate, user, app);
    expect((await introspect(tokens.access_token, server)).json).toMatchObject({ active: true, sub: user.id });
    expect((await introspect(tokens.refresh_token, server)).json).toEqual({ active: false });
    const admin = await registerClient({ scopes: ["admin"] });
    expect((await introspect(await tokenOf(isolate, admin), server)).json).toEqual({ active: false });
    expect((await introspect(await tokenOf(isolate, admin), admin)).json.active).toBe(true);
  });

  it("item 112: another client sees nothing", async () => {
    const tokens = await signIn(isolate, user, app);
    for (const token of [tokens.access_token, tokens.refresh_token]) {
      const told = await introspect(token, other);
      expect([told.status, told.text]).toEqual([200, '{"active":false}']);
    }
  });

  it("nobody, a wrong secret, a public client: invalid_client", async () => {
    const { access_token: token } = await signIn(isolate, user, app);
    expectOAuthError(await postForm(isolate, INTROSPECT, { token: String(token) }), "invalid_client");
    expectOAuthError(await introspect(token, { id: app.id, secret: "wrong" }), "invalid_client");
    const publicApp = await registerPublicApp();
    const own = await signIn(isolate, user, publicApp);
    const told = await asClient(isolate, publicApp, { token: String(own.access_token) }, INTROSPECT);
    expectOAuthError(told, "invalid_client");
  });

  it("no token is invalid_request, GET is 405", async () => {
    expectOAuthError(await introspect(""), "invalid_request");
    expectOAuthError(
      await isolate.fetch(INTROSPECT, { headers: { authorization: basic(app) } }),
      "invalid_request",
      405,
    );
  });
});

describe("item 113: whatever is not active says only that", () => {
  it("garbage, codes, ID tokens, other opaque strings", async () => {
    const planted = await plantCode(isolate, user, app);
    const tokens = await signIn(isolate, user, app);
    const [locator = ""] = String(tokens.refresh_token).split(".");
    for (const token of ["garbage", "a.b.c", "__proto__", planted.code, tokens.id_token, `${locator}.${newSecret()}`]) {
      expect((await introspect(token)).text).toBe('{"active":false}');
    }
  });

  it("expired, revoked, of a revoked grant, of a person who is blocked", async () => {
    const [expired, revoked, ended] = [
      await signIn(isolate, user, app),
      await signIn(isolate, user, app),
      await signIn(isolate, user, app),
    ];
    const clock = vi.spyOn(Date, "now").mockReturnValue(Date.now() + 900_000);
    expect((await introspect(expired.access_token)).text).toBe('{"active":false}');
    clock.mockRestore();
    expect((await introspect(expired.access_token)).json.active).toBe(true);
    await asClient(isolate, app, { token: String(revoked.access_token) }, "/oauth2/revoke");
    await asClient(isolate, app, { token: String(ended.refresh_token) }, "/oauth2/revoke");
    const blocked = await registerUser();
    const theirs = await signIn(isolate, blocked, app);
    await isolate.parts.issuer.accounts.setBlocked(blocked.id, true, "disabled", Date.now());
    isolate.revocations.expire();
    for (const token of [
      revoked.access_token,
      ended.access_token,
      ended.refresh_token,
      theirs.access_token,
      theirs.refresh_token,
    ]) {
      expect((await introspect(token)).text).toBe('{"active":false}');
    }
    expect((await introspect(revoked.refresh_token)).json.active).toBe(true);
  });
});
