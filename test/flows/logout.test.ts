import { decodeJwt } from "jose";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { platformRandom } from "../../src/kernel/random.ts";
import { newUserId, parseClientId } from "../../src/protocol/ids.ts";
import { compact, newKey } from "../support/forge.ts";
import { refresh, registerUser } from "../support/grant_world.ts";
import { backstage, ISSUER_URL, migrate, openIsolate, type RegisteredClient } from "../support/issuer_world.ts";
import {
  type AppTokens,
  asks,
  BACK,
  isOver,
  isolate,
  LogoutBrowser,
  location,
  registerRelyingParty,
} from "../support/logout_world.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";

const { issuer } = isolate.parts;
const network = stubNetwork();
const logs = captureLogs();
let app: RegisteredClient;

beforeAll(async () => {
  await migrate();
  app = await registerRelyingParty();
});

const ORIGIN = "http://127.0.0.1:8788";

/** A browser that is signed in, and what `app` has of that. */
async function signedIn(): Promise<{ browser: LogoutBrowser; tokens: AppTokens }> {
  const browser = new LogoutBrowser();
  await browser.signIn();
  return { browser, tokens: await browser.tokensOf(app) };
}

/** An ID token with other claims or another type, signed by the issuer's own key all the same. */
async function resigned(idToken: string, changes: object, type = "JWT"): Promise<string> {
  const claims = { ...decodeJwt(idToken), ...changes };
  const request = { alg: "ES256", type, claims, nowMs: Date.now(), leastRingVersion: 0 } as const;
  return secret(await issuer.signer.sign(request, () => undefined));
}

/** The status that a call with `token` gets at an isolate's gate. */
async function atGate(token: string, at = isolate): Promise<number> {
  return (await at.fetch("/orders", { headers: { authorization: `Bearer ${token}` } })).status;
}

describe("OpenID Connect RP-Initiated Logout 2: a client of this session, by its ID token", () => {
  it("ends the session at once, and leads back with the state as it was sent", async () => {
    const { browser, tokens } = await signedIn();
    const state = "a b+c&d=é/%20";
    const told = await browser.logout({ id_token_hint: tokens.idToken, post_logout_redirect_uri: BACK, state });
    expect([told.status, location(told)]).toEqual([303, `${BACK}?state=${encodeURIComponent(state)}`]);
    expect(await browser.isSignedIn()).toBe(false);
    expect(logs.events("signed_out")).toMatchObject([{ user_id: browser.user?.id, client_id: app.id }]);
  });

  it("V14.3.1: clears the browser: our cookies with the attributes that they were set with", async () => {
    const { browser, tokens } = await signedIn();
    const { headers } = await browser.logout({ id_token_hint: tokens.idToken });
    expect(headers.getSetCookie()).toContain("sallyport_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    expect(headers.get("clear-site-data")).toBe('"cache", "storage"');
    expect(headers.get("cache-control")).toBe("no-store");
  });

  it("M9: tokens of the session stop: the refresh token at once, the access token within the feed's bound", async () => {
    network.serve(ORIGIN, () => Response.json({ from: "origin" }));
    const { browser, tokens } = await signedIn();
    const warm = openIsolate();
    const bystander = await new LogoutBrowser().signIn();
    expect([await atGate(tokens.accessToken), await atGate(tokens.accessToken, warm)]).toEqual([200, 200]);
    await browser.logout({ id_token_hint: tokens.idToken });
    expect(await atGate(tokens.accessToken)).toBe(401);
    expect((await refresh(isolate, app, tokens.refreshToken)).json.error).toBe("invalid_grant");
    const clock = vi.spyOn(Date, "now").mockReturnValue(Date.now() + 3_001);
    expect(await atGate(tokens.accessToken, warm)).toBe(401);
    clock.mockRestore();
    expect(await issuer.accounts.listSessions(bystander.id, Date.now())).toHaveLength(1);
  });

  it("V7.4.1: the old cookie opens nothing, and logging out twice is no fault", async () => {
    const { browser, tokens } = await signedIn();
    await browser.logout({ id_token_hint: tokens.idToken });
    expect(isOver(await browser.logout({}))).toBe(true);
    const again = await browser.logout({ id_token_hint: tokens.idToken, post_logout_redirect_uri: BACK });
    expect([again.status, location(again)]).toEqual([303, BACK]);
  });

  it("an ID token that has expired counts, and one from before the longest session does not", async () => {
    const { browser, tokens } = await signedIn();
    const nowSeconds = Math.floor(Date.now() / 1000);
    const old = await resigned(tokens.idToken, { iat: nowSeconds - 8 * 86_400, exp: nowSeconds - 7 * 86_400 });
    expect(asks(await browser.logout({ id_token_hint: old }))).toBe(true);
    const expired = await resigned(tokens.idToken, { iat: nowSeconds - 7_200, exp: nowSeconds - 6_300 });
    await browser.logout({ id_token_hint: expired });
    expect(await browser.isSignedIn()).toBe(false);
  });

  it("OpenID Connect Core 8: a client with pairwise subjects as well", async () => {
    const pairwise = await registerRelyingParty(null, { person: { subjectType: "pairwise", sector: "app.example" } });
    const browser = new LogoutBrowser();
    const user = await browser.signIn();
    const { idToken } = await browser.tokensOf(pairwise);
    expect(decodeJwt(idToken).sub).not.toBe(user.id);
    await browser.logout({ id_token_hint: idToken });
    expect(await browser.isSignedIn()).toBe(false);
  });

  it("what the user granted beyond the session goes on", async () => {
    const browser = new LogoutBrowser();
    await browser.signIn();
    const { idToken } = await browser.tokensOf(app);
    const offline = await browser.tokensOf(app, { scopes: ["openid", "offline_access"] });
    await browser.logout({ id_token_hint: idToken });
    expect((await refresh(isolate, app, offline.refreshToken)).status).toBe(200);
  });
});

describe("V10.6.2: anybody else has to ask the person", () => {
  it.each<[string, (tokens: AppTokens) => Promise<string> | string]>([
    ["no hint", () => ""],
    ["text", () => "not.a.token"],
    [
      "another key under the same name",
      async ({ idToken }) => {
        const header = { alg: "ES256", kid: "made-up", typ: "JWT" };
        return secret(await compact(header, decodeJwt(idToken), (await newKey()).sign));
      },
    ],
    [
      "no signature",
      ({ idToken }) => {
        const none = btoa(JSON.stringify({ alg: "none", typ: "JWT" })).replace(/=+$/, "");
        return `${none}.${idToken.split(".")[1]}.`;
      },
    ],
    [
      "other claims under the old signature",
      async ({ idToken }) => {
        const [header, , signature] = idToken.split(".");
        const [, claims] = (await resigned(idToken, { iat: 1 })).split(".");
        return `${header}.${claims}.${signature}`;
      },
    ],
    ["an access token", ({ accessToken }) => accessToken],
    ["an access token's type", ({ idToken }) => resigned(idToken, {}, "at+jwt")],
    ["a logout token's type", ({ idToken }) => resigned(idToken, {}, "logout+jwt")],
    ["a logout token's claims", ({ idToken }) => resigned(idToken, { events: {} })],
    ["another issuer", ({ idToken }) => resigned(idToken, { iss: "https://evil.example" })],
    [
      "an audience that is no client",
      ({ idToken }) => resigned(idToken, { aud: `${ISSUER_URL}/`, azp: `${ISSUER_URL}/` }),
    ],
    [
      "a client that is not there",
      ({ idToken }) => {
        const gone = "cli_0000000000000000000000";
        return resigned(idToken, { aud: parseClientId(gone), azp: gone });
      },
    ],
    ["another user", ({ idToken }) => resigned(idToken, { sub: newUserId(platformRandom) })],
    ["another session", ({ idToken }) => resigned(idToken, { sid: "another" })],
    ["no session", ({ idToken }) => resigned(idToken, { sid: undefined })],
    ["a time ahead", ({ idToken }) => resigned(idToken, { iat: Math.floor(Date.now() / 1000) + 60 })],
  ])("a hint of %s shows a page and ends nothing", async (_, hint) => {
    const { browser, tokens } = await signedIn();
    const told = await browser.logout({ id_token_hint: await hint(tokens), post_logout_redirect_uri: BACK });
    expect(asks(told)).toBe(true);
    expect([await browser.isSignedIn(), told.headers.getSetCookie(), location(told)]).toEqual([true, [], null]);
    expect((await browser.logout({ id_token_hint: tokens.idToken })).status, "the good one").toBe(200);
    expect(await browser.isSignedIn()).toBe(false);
  });

  it("the hint of a disabled client is none", async () => {
    const { browser, tokens } = await signedIn();
    const disabled = await registerRelyingParty(null, { disabled: true });
    const hint = await resigned(tokens.idToken, { aud: disabled.id, azp: disabled.id });
    expect(asks(await browser.logout({ id_token_hint: hint }))).toBe(true);
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    ["an image", { "sec-fetch-dest": "image", "sec-fetch-mode": "no-cors" }],
    ["a frame", { "sec-fetch-dest": "iframe", "sec-fetch-mode": "navigate" }],
    ["a script's call", { "sec-fetch-dest": "empty", "sec-fetch-mode": "cors" }],
    ["a prefetch", { "sec-fetch-dest": "document", "sec-purpose": "prefetch" }],
  ])("V3.5.3: a GET by %s ends nothing, also with the right hint", async (_, headers) => {
    const { browser, tokens } = await signedIn();
    await browser.logout({ id_token_hint: tokens.idToken }, headers);
    expect(await browser.isSignedIn()).toBe(true);
    await browser.logout({ id_token_hint: tokens.idToken }, { "sec-fetch-dest": "document" });
    expect(await browser.isSignedIn()).toBe(false);
  });

  it("HEAD ends nothing, and other methods are none", async () => {
    const { browser, tokens } = await signedIn();
    const path = `/oauth2/logout?id_token_hint=${tokens.idToken}`;
    expect((await browser.go(path, { method: "HEAD" })).status).toBe(200);
    const put = await browser.go(path, { method: "PUT" });
    expect([put.status, put.headers.get("allow")]).toEqual([405, "GET, HEAD, POST"]);
    expect((await browser.go("/oauth2/logout/confirm")).status).toBe(405);
    expect(await browser.isSignedIn()).toBe(true);
  });

  it("a repeated parameter, and a client_id beside another client's hint, are refused with nothing ended", async () => {
    const { browser, tokens } = await signedIn();
    const other = await registerRelyingParty();
    const hint = `id_token_hint=${tokens.idToken}`;
    for (const query of [
      `${hint}&${hint}`,
      `${hint}&state=a&state=b`,
      `${hint}&client_id=${other.id}`,
      `${hint}&x=%`,
    ]) {
      const told = await browser.go(`/oauth2/logout?${query}`);
      expect([told.status, told.text.includes(tokens.idToken)]).toEqual([400, false]);
    }
    expect(await browser.isSignedIn()).toBe(true);
    const reasons = logs.events("sign_out_refused").map(({ reason }) => reason);
    expect(reasons).toEqual(["repeated_parameter", "repeated_parameter", "client_id_mismatch", "malformed_form"]);
  });
});

describe("a user who is gone", () => {
  it("is a stranger here", async () => {
    const browser = new LogoutBrowser();
    await browser.signIn(await registerUser({ disabled: true }));
    expect(isOver(await browser.logout({}))).toBe(true);
  });
});

describe("the last of all: a key in other hands", () => {
  it("what it signed is no hint any more", async () => {
    const { browser, tokens } = await signedIn();
    const { hints } = isolate.parts.desks.authorization.authorizing;
    const hint = await hints.read(tokens.idToken, Date.now(), () => undefined);
    const untilMs = Date.now() + 60_000;
    await backstage.feed().append([{ kind: "kid", id: hint?.kid ?? "", epoch: 1, untilMs }]);
    isolate.revocations.expire();
    expect(asks(await browser.logout({ id_token_hint: tokens.idToken }))).toBe(true);
    expect(await browser.isSignedIn()).toBe(true);
  });
});
