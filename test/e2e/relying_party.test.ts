import * as client from "openid-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newClient } from "./people/new_client.ts";
import { PlainBrowser } from "./people/plain_browser.ts";
import { authorizeByHand } from "./people/sign_in.ts";
import { type PeopleWorld, startPeopleWorld } from "./people/world.ts";

/*
 * The issuer as a widely used client library sees it: openid-client, strict as it comes, configured by discovery alone.
 */

const REDIRECT = "http://127.0.0.1:8799/callback";
const SCOPE = "openid profile email offline_access orders:read";

let world: PeopleWorld;
let addresses = 0;

beforeAll(async () => {
  world = await startPeopleWorld();
});

afterAll(async () => {
  await world?.dispose();
});

/** A browser at an address that nobody used before: budgets by address are not what is tried here. */
function newBrowser(): PlainBrowser {
  addresses += 1;
  return new PlainBrowser(world.url, `198.51.100.${addresses}`);
}

/** Signatures are checked too, which the library leaves to TLS otherwise. */
const STRICT = { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] };

function configured(id: string, authentication: client.ClientAuth): Promise<client.Configuration> {
  return client.discovery(new URL(world.url), id, undefined, authentication, STRICT);
}

function configuredPublic(): Promise<client.Configuration> {
  return configured(world.demo.publicClient.id, client.None());
}

function configuredWeb(authentication: (secret: string) => client.ClientAuth): Promise<client.Configuration> {
  const { id, secret } = world.demo.webClient;
  return configured(id, authentication(secret ?? ""));
}

/** What one authorization request binds together. */
interface Attempt {
  readonly url: URL;
  readonly checks: {
    readonly pkceCodeVerifier: string;
    readonly expectedState: string;
    readonly expectedNonce: string;
  };
}

async function attempt(config: client.Configuration, extra: Readonly<Record<string, string>> = {}): Promise<Attempt> {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()];
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT,
    scope: SCOPE,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
    state: expectedState,
    nonce: expectedNonce,
    ...extra,
  });
  return { url, checks: { pkceCodeVerifier, expectedState, expectedNonce } };
}

/** Signs Ada in, lets her allow, and redeems the code: the library checks `iss`, state, nonce and the ID token on the way. */
async function tokensOf(config: client.Configuration, browser = newBrowser(), extra = {}) {
  const { url, checks } = await attempt(config, extra);
  const back = await authorizeByHand(browser, url, { user: ada() });
  return client.authorizationCodeGrant(config, back, { ...checks, idTokenExpected: true });
}

function ada() {
  const [user] = world.demo.users;
  if (user === undefined) throw new Error("the demo has no users");
  return user;
}

async function orders(token: string): Promise<number> {
  const answer = await fetch(new URL("/orders", world.url), { headers: { authorization: `Bearer ${token}` } });
  await answer.body?.cancel();
  return answer.status;
}

function had<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the answer lacks it");
  return value;
}

describe("openid-client, public client", () => {
  test("code with PKCE, ID token, UserInfo, the API, refresh, revocation", async () => {
    const config = await configuredPublic();
    const tokens = await tokensOf(config, newBrowser(), { max_age: "3600" });
    const claims = had(tokens.claims());
    expect(claims).toMatchObject({ iss: world.url, aud: config.clientMetadata().client_id, sub: ada().id });
    expect(claims.auth_time).toBeGreaterThan(Date.now() / 1000 - 60);
    expect(tokens.scope?.split(" ").sort()).toEqual(SCOPE.split(" ").sort());

    const person = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
    expect(person).toMatchObject({ sub: claims.sub, email: ada().email, email_verified: true, name: ada().name });
    expect(await orders(tokens.access_token)).toBe(200);

    const next = await client.refreshTokenGrant(config, had(tokens.refresh_token));
    expect(next.refresh_token).not.toBe(tokens.refresh_token);
    expect(had(next.claims()).sub).toBe(claims.sub);
    expect(await orders(next.access_token)).toBe(200);

    await client.tokenRevocation(config, had(next.refresh_token));
    await expect(client.refreshTokenGrant(config, had(next.refresh_token))).rejects.toMatchObject({
      error: "invalid_grant",
    });
  });

  test("fragment and form_post are answered as they are asked for", async () => {
    const config = await configuredWeb(client.ClientSecretBasic);
    const browser = newBrowser();
    const first = await attempt(config, { response_mode: "fragment" });
    const back = await authorizeByHand(browser, first.url, { user: ada() });
    expect(back.search).toBe("");
    const tokens = await client.authorizationCodeGrant(config, new URL(back.href.replace("#", "?")), first.checks);
    expect(await orders(tokens.access_token)).toBe(200);

    const second = await attempt(config, { response_mode: "form_post" });
    const page = await browser.open(second.url);
    const fields = [...page.text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)];
    const body = new URLSearchParams(fields.map(([, name = "", value = ""]) => [name, value]));
    const posted = new Request(REDIRECT, { method: "POST", body });
    const more = await client.authorizationCodeGrant(config, posted, second.checks);
    expect(await orders(more.access_token)).toBe(200);
  });

  test("a denial is access_denied, with state and iss as the library wants them", async () => {
    const config = await configuredPublic();
    const { url, checks } = await attempt(config);
    const back = await authorizeByHand(newBrowser(), url, { user: ada(), decision: "deny" });
    await expect(client.authorizationCodeGrant(config, back, checks)).rejects.toMatchObject({ error: "access_denied" });
  });

  test("prompt=none: a code where the person agreed before, consent_required where another program may pose", async () => {
    const browser = newBrowser();
    const silently = async (config: client.Configuration, from: PlainBrowser) => {
      const { url, checks } = await attempt(config, { prompt: "none" });
      return client.authorizationCodeGrant(config, await authorizeByHand(from, url, { user: ada() }), checks);
    };
    const [web, native] = [await configuredWeb(client.ClientSecretBasic), await configuredPublic()];
    await tokensOf(web, browser);
    await tokensOf(native, browser);
    expect((await silently(web, browser)).token_type).toBe("bearer");
    await expect(silently(native, browser)).rejects.toMatchObject({ error: "consent_required" });
    await expect(silently(web, newBrowser())).rejects.toMatchObject({ error: "login_required" });
  });

  test("what was tampered with on the way is caught: another verifier, another nonce, another issuer", async () => {
    const config = await configuredPublic();
    const browser = newBrowser();
    const changed = async (change: (back: URL, checks: Attempt["checks"]) => readonly [URL, Attempt["checks"]]) => {
      const { url, checks } = await attempt(config);
      const back = await authorizeByHand(browser, url, { user: ada() });
      return client.authorizationCodeGrant(config, ...change(back, checks));
    };
    const verifier = client.randomPKCECodeVerifier();
    await expect(changed((back, checks) => [back, { ...checks, pkceCodeVerifier: verifier }])).rejects.toMatchObject({
      error: "invalid_grant",
    });
    await expect(changed((back, checks) => [back, { ...checks, expectedNonce: "x" }])).rejects.toMatchObject({
      cause: { cause: { claim: "nonce" } },
    });
    const elsewhere = (back: URL) => {
      back.searchParams.set("iss", "https://evil.example");
      return back;
    };
    await expect(changed((back, checks) => [elsewhere(back), checks])).rejects.toMatchObject({
      cause: { message: expect.stringContaining('"iss"') },
    });
    expect((await changed((back, checks) => [back, checks])).token_type).toBe("bearer");
  });
});

describe("openid-client, confidential client", () => {
  test.each([
    ["client_secret_basic", client.ClientSecretBasic],
    ["client_secret_post", client.ClientSecretPost],
  ] as const)("%s: code with PKCE, introspection, refresh, revocation", async (_, authentication) => {
    const { webClient } = world.demo;
    const config = await configuredWeb(authentication);
    const tokens = await tokensOf(config);
    const told = await client.tokenIntrospection(config, tokens.access_token);
    expect(told).toMatchObject({ active: true, client_id: webClient.id, iss: world.url, sub: ada().id });
    const refresh = await client.tokenIntrospection(config, had(tokens.refresh_token));
    expect(refresh).toMatchObject({ active: true, client_id: webClient.id });
    const next = await client.refreshTokenGrant(config, had(tokens.refresh_token));
    expect(await orders(next.access_token)).toBe(200);
    await client.tokenRevocation(config, next.access_token);
    expect(await client.tokenIntrospection(config, next.access_token)).toEqual({ active: false });
  });

  test("client credentials; a wrong secret is invalid_client", async () => {
    const { machine } = world.demo;
    const config = await configured(machine.id, client.ClientSecretBasic(machine.secret));
    const tokens = await client.clientCredentialsGrant(config, { scope: "orders:read" });
    expect(await orders(tokens.access_token)).toBe(200);
    const told = await client.tokenIntrospection(config, tokens.access_token);
    expect(told).toMatchObject({ active: true, scope: "orders:read", sub: machine.id });
    const wrong = await configured(machine.id, client.ClientSecretBasic(`${machine.secret}x`));
    await expect(client.clientCredentialsGrant(wrong)).rejects.toMatchObject({
      status: 401,
      cause: [{ scheme: "basic" }],
    });
  });
});

describe("openid-client, device and logout", () => {
  const GRANT = "urn:ietf:params:oauth:grant-type:device_code";

  test("a device polls until the person has said yes; another one learns of a no", async () => {
    const { id } = await newClient(world, {
      name: "Television",
      token_endpoint_auth_methods: ["none"],
      grant_types: [GRANT, "refresh_token"],
    });
    const config = await configured(id, client.None());
    const answered = async (decision: "allow" | "deny") => {
      const device = await client.initiateDeviceAuthorization(config, { scope: SCOPE });
      const polling = client.pollDeviceAuthorizationGrant(config, { ...device, interval: 1 });
      const browser = newBrowser();
      const login = await browser.open(new URL(device.verification_uri));
      const entry = await browser.submit(login, "/login", { email: ada().email, password: ada().password });
      const asked = await browser.submit(entry, "/device", { user_code: device.user_code });
      await browser.submit(asked, "/device/confirm", { decision });
      return polling;
    };
    const tokens = await answered("allow");
    expect(await orders(tokens.access_token)).toBe(200);
    expect(had(tokens.claims()).sub).toBe(ada().id);
    const next = await client.refreshTokenGrant(config, had(tokens.refresh_token));
    expect(await orders(next.access_token)).toBe(200);
    await expect(answered("deny")).rejects.toMatchObject({ error: "access_denied" });
  });

  test("the end-session URL that the library builds ends the session, and with it what is not for offline use", async () => {
    const bye = "http://127.0.0.1:8799/bye";
    const { id, secret } = await newClient(world, {
      name: "Shop",
      token_endpoint_auth_methods: ["client_secret_post"],
      grant_types: ["authorization_code", "refresh_token"],
      redirect_uris: [REDIRECT],
      post_logout_redirect_uris: [bye],
    });
    const config = await configured(id, client.ClientSecretPost(secret ?? ""));
    const browser = newBrowser();
    const tokens = await tokensOf(config, browser, { scope: "openid orders:read" });
    const url = client.buildEndSessionUrl(config, {
      id_token_hint: had(tokens.id_token),
      post_logout_redirect_uri: bye,
      state: "back",
    });
    expect((await browser.send(url)).headers.get("location")).toBe(`${bye}?state=back`);
    const again = await attempt(config, { prompt: "none" });
    const back = await authorizeByHand(browser, again.url, { user: ada() });
    await expect(client.authorizationCodeGrant(config, back, again.checks)).rejects.toMatchObject({
      error: "login_required",
    });
    await expect(client.refreshTokenGrant(config, had(tokens.refresh_token))).rejects.toMatchObject({
      error: "invalid_grant",
    });
  });
});
