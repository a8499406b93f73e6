import { decodeJwt } from "jose";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { sha256Base64url } from "../../src/kernel/bytes.ts";
import type { UserRecord } from "../../src/ports/users.ts";
import { databaseWithout } from "../support/broken_database.ts";
import { expectOAuthError } from "../support/expect_oauth_error.ts";
import {
  type CodeWishes,
  newSecret,
  plantCode,
  REDIRECT_URI,
  redeem,
  registerApp,
  registerPublicApp,
  registerUser,
  signIn,
} from "../support/grant_world.ts";
import {
  API,
  ISSUER_URL,
  migrate,
  openIsolate,
  type RegisteredClient,
  registerClient,
} from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";

const isolate = openIsolate();
const logs = captureLogs();
let app: RegisteredClient;
let publicApp: RegisteredClient;
let user: UserRecord;

beforeAll(async () => {
  await migrate();
  [app, publicApp, user] = await Promise.all([registerApp(), registerPublicApp(), registerUser({ roles: ["clerk"] })]);
});

beforeEach(() => {
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => Response.json({ from: "origin" }));
});

function plant(client: RegisteredClient = app, wishes: CodeWishes = {}) {
  return plantCode(isolate, user, client, wishes);
}

/** The status that a call with `token` gets at the gate. */
async function atGate(token: unknown, at = isolate): Promise<number> {
  return (await at.fetch("/orders", { headers: { authorization: `Bearer ${String(token)}` } })).status;
}

/** The reason that the log gives for the last refusal. */
function lastReason(): unknown {
  return logs.events("token_refused").at(-1)?.reason;
}

describe("RFC 6749 4.1.3, RFC 7636 4.6: a code is redeemed", () => {
  it.each(["confidential", "public"])("by a %s client: RFC 6749 5.1's answer, never cached", async (kind) => {
    const client = kind === "public" ? publicApp : app;
    const told = await redeem(isolate, client, await plant(client));
    expect(told.status).toBe(200);
    expect(told.headers.get("content-type")).toBe("application/json");
    expect(told.headers.get("cache-control")).toBe("no-store");
    expect(told.json).toEqual({
      access_token: expect.any(String),
      token_type: "Bearer",
      expires_in: 900,
      refresh_token: expect.stringMatching(/^spr_[\w-]+\.[\w-]{43}$/),
      id_token: expect.any(String),
      scope: "openid email offline_access orders:read orders:write",
    });
  });

  it("the access token is the person's, for this client, and opens the gate", async () => {
    const planted = await plant();
    const token = String((await redeem(isolate, app, planted)).json.access_token);
    expect(decodeJwt(token)).toEqual({
      iss: ISSUER_URL,
      sub: user.id,
      aud: [ISSUER_URL, API],
      client_id: app.id,
      scope: "openid email offline_access orders:read orders:write",
      roles: ["clerk"],
      iat: expect.any(Number),
      exp: expect.any(Number),
      jti: expect.stringMatching(/^[\w-]{22}$/),
      grant_id: planted.grantId,
      epochs: { client: 1, user: expect.any(Number) },
      auth_time: expect.any(Number),
      amr: ["pwd"],
    });
    expect(await atGate(token)).toBe(200);
    expect(logs.lastDecision).toMatchObject({ principal: "user", principal_id: user.id });
  });

  it("the log names who, for whom and by which grant", async () => {
    const planted = await plant();
    await redeem(isolate, app, planted);
    const who = { client_id: app.id, user_id: user.id, grant_id: planted.grantId };
    expect(logs.events("token_issued").at(-1)).toMatchObject(who);
  });

  it("without openid there is no ID token, without refreshable terms no refresh token", async () => {
    const tokens = await signIn(isolate, user, app, { terms: { scopes: ["orders:read"], refreshable: false } });
    expect(Object.keys(tokens).sort()).toEqual(["access_token", "expires_in", "scope", "token_type"]);
  });

  it("redirect_uri may be left out with PKCE, as OAuth 2.1 has it", async () => {
    expect((await redeem(isolate, app, await plant(), { redirect_uri: "" })).status).toBe(200);
  });

  it("RFC 9700 2.1.1: a code without a challenge goes without a verifier, and only so", async () => {
    expect((await redeem(isolate, app, await plant(app, { verifier: null }))).status).toBe(200);
    const told = await redeem(isolate, app, await plant(app, { verifier: null }), { code_verifier: newSecret() });
    expectOAuthError(told, "invalid_grant");
    expect(lastReason()).toBe("verifier_unexpected");
  });

  it("an access token does not outlive its grant", async () => {
    const lifetimes = { refreshAbsoluteMs: 60_000, refreshIdleMs: 60_000 };
    const { access_token: token, expires_in: life } = await signIn(isolate, user, app, { lifetimes });
    expect(Number(life)).toBeLessThanOrEqual(60);
    const { exp = 0, iat = 0 } = decodeJwt(String(token));
    expect(exp - iat).toBe(life);
  });
});

describe("RFC 7636 4.6: a wrong verifier spends the code", () => {
  it.each<[string, Record<string, string>, string]>([
    ["another verifier", { code_verifier: "a".repeat(43) }, "verifier_mismatch"],
    ["none", { code_verifier: "" }, "verifier_missing"],
    ["one of 42 characters", { code_verifier: "a".repeat(42) }, "verifier_mismatch"],
    ["one of 129 characters", { code_verifier: "a".repeat(129) }, "verifier_mismatch"],
    ["one with a character that verifiers lack", { code_verifier: `${"a".repeat(43)}+` }, "verifier_mismatch"],
  ])("%s", async (_, changes, reason) => {
    const planted = await plant();
    expectOAuthError(await redeem(isolate, app, planted, changes), "invalid_grant");
    expect(lastReason()).toBe(reason);
    expectOAuthError(await redeem(isolate, app, planted), "invalid_grant");
    expect((await redeem(isolate, app, await plant())).status).toBe(200);
  });

  it("the challenge itself, and a malformed verifier whose S256 is the challenge", async () => {
    const verifier = newSecret();
    const challenge = await sha256Base64url(verifier);
    expectOAuthError(
      await redeem(isolate, app, await plant(app, { verifier }), { code_verifier: challenge }),
      "invalid_grant",
    );
    expectOAuthError(await redeem(isolate, app, await plant(app, { verifier: "short" })), "invalid_grant");
    expect((await redeem(isolate, app, await plant(app, { verifier }))).status).toBe(200);
  });
});

describe("RFC 6749 4.1.3: a code is bound", () => {
  it.each([
    ["another client with a secret", () => registerApp()],
    ["a public client", () => registerPublicApp()],
  ])("to its client: %s gets nothing, and the code is spent", async (_, other) => {
    const planted = await plant();
    expectOAuthError(await redeem(isolate, await other(), planted), "invalid_grant");
    expect(lastReason()).toBe("code_of_another_client");
    expectOAuthError(await redeem(isolate, app, planted), "invalid_grant");
  });

  it.each([`${REDIRECT_URI}/`, "https://app.example/other", "https://evil.example/cb"])(
    "to its redirect URI: %s is another one",
    async (redirectUri) => {
      expectOAuthError(await redeem(isolate, app, await plant(), { redirect_uri: redirectUri }), "invalid_grant");
      expect(lastReason()).toBe("redirect_uri_mismatch");
      expect((await redeem(isolate, app, await plant(), { redirect_uri: REDIRECT_URI })).status).toBe(200);
    },
  );

  it("to its time: dead at its end, and not before", async () => {
    const [early, late] = [await plant(), await plant()];
    const now = Date.now();
    const clock = vi.spyOn(Date, "now").mockReturnValue(now + 50_000);
    expect((await redeem(isolate, app, early)).status).toBe(200);
    clock.mockReturnValue(now + 60_001);
    expectOAuthError(await redeem(isolate, app, late), "invalid_grant");
    expect(lastReason()).toBe("code_expired");
    clock.mockRestore();
  });

  it("to its person: not when disabled or gone meanwhile", async () => {
    const disabled = await registerUser({ disabled: true });
    expectOAuthError(await redeem(isolate, app, await plantCode(isolate, disabled, app)), "invalid_grant");
    expect(lastReason()).toBe("user_disabled");
    const gone = {
      ...disabled,
      id: disabled.id.replace(/.$/, (last) => (last === "0" ? "1" : "0")) as typeof disabled.id,
    };
    expectOAuthError(await redeem(isolate, app, await plantCode(isolate, gone, app)), "invalid_grant");
    expect(lastReason()).toBe("user_gone");
  });
});

describe("RFC 6749 5.2: what is no code changes nothing", () => {
  it("garbage, and garbage behind a real locator, are invalid_grant, and the code still works", async () => {
    const planted = await plant();
    const [locator = ""] = planted.code.split(".");
    for (const code of [
      "garbage",
      "spc_",
      `${locator}.${newSecret()}`,
      `${planted.code}A`,
      planted.code.replace("spc_", "spr_"),
    ]) {
      expectOAuthError(await redeem(isolate, app, { ...planted, code }), "invalid_grant");
    }
    expect((await redeem(isolate, app, planted)).status).toBe(200);
  });

  it("a failed client authentication changes nothing", async () => {
    const planted = await plant();
    expectOAuthError(await redeem(isolate, { id: app.id, secret: "wrong" }, planted), "invalid_client");
    expectOAuthError(await redeem(isolate, { id: app.id, secret: "" }, planted), "invalid_client");
    expect((await redeem(isolate, app, planted)).status).toBe(200);
  });

  it("no code is invalid_request, two are as well", async () => {
    const planted = await plant();
    expectOAuthError(await redeem(isolate, app, planted, { code: "" }), "invalid_request");
    expectOAuthError(await redeem(isolate, app, planted, { code: [planted.code, planted.code] }), "invalid_request");
    expect((await redeem(isolate, app, planted)).status).toBe(200);
  });

  it("item 49: a client without the grant is unauthorized_client, and a public one has no client_credentials", async () => {
    const machine = await registerClient();
    expectOAuthError(await redeem(isolate, machine, await plant()), "unauthorized_client");
    const odd = await registerPublicApp({ grantTypes: ["client_credentials", "authorization_code"] });
    const told = await redeem(isolate, odd, await plant(odd), { grant_type: "client_credentials" });
    expectOAuthError(told, "unauthorized_client");
    expect((await redeem(isolate, odd, await plant(odd))).status).toBe(200);
  });

  it("the directory out of reach, and the account has no copy of roles: 503, and the code is not lost", async () => {
    const planted = await plantCode(isolate, await registerUser(), app);
    const half = openIsolate({ bindings: { DB: databaseWithout("users") } });
    expectOAuthError(await redeem(half, app, planted), "temporarily_unavailable", 503);
    expect((await redeem(isolate, app, planted)).status).toBe(200);
  });
});

describe("RFC 8707 2.2: resource", () => {
  it("narrows to the API of the grant", async () => {
    const told = await redeem(isolate, app, await plant(), { resource: API });
    expect(decodeJwt(String(told.json.access_token)).aud).toBe(API);
  });

  it("of a grant for one API the token is for that API alone", async () => {
    const { access_token: token } = await signIn(isolate, user, app, { terms: { resource: API } });
    expect(decodeJwt(String(token)).aud).toBe(API);
  });

  it("what is not known is invalid_target, and the code is not lost", async () => {
    const planted = await plant();
    expectOAuthError(await redeem(isolate, app, planted, { resource: "https://evil.example/" }), "invalid_target");
    expectOAuthError(
      await redeem(isolate, app, planted, { resource: [API, "https://evil.example/"] }),
      "invalid_target",
    );
    expect((await redeem(isolate, app, planted)).status).toBe(200);
  });
});
