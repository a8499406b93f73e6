import * as oauth from "oauth4webapi";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newClient } from "./people/new_client.ts";
import { formOf, PlainBrowser } from "./people/plain_browser.ts";
import { authorizeByHand } from "./people/sign_in.ts";
import { type PeopleWorld, startPeopleWorld } from "./people/world.ts";

/*
 * Each message on its own, checked by a library that takes nothing on trust: every endpoint and grant that discovery names.
 */

const REDIRECT = "http://127.0.0.1:8799/callback";
const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";
const INSECURE = { [oauth.allowInsecureRequests]: true } as const;

let world: PeopleWorld;
let server: oauth.AuthorizationServer;
let addresses = 0;

beforeAll(async () => {
  world = await startPeopleWorld();
  const issuer = new URL(world.url);
  server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, INSECURE));
});

afterAll(async () => {
  await world?.dispose();
});

function newBrowser(): PlainBrowser {
  addresses += 1;
  return new PlainBrowser(world.url, `198.51.100.${addresses}`);
}

function ada() {
  const [user] = world.demo.users;
  if (user === undefined) throw new Error("the demo has no users");
  return user;
}

interface Party {
  readonly client: oauth.Client;
  readonly authentication: oauth.ClientAuth;
}

function publicParty(): Party {
  return { client: { client_id: world.demo.publicClient.id }, authentication: oauth.None() };
}

function webParty(): Party {
  const { id, secret } = world.demo.webClient;
  return { client: { client_id: id }, authentication: oauth.ClientSecretBasic(secret ?? "") };
}

/** A whole authorization code flow; what the library checked is checked. */
async function codeFlow({ client, authentication }: Party, browser = newBrowser(), extra = {}) {
  const verifier = oauth.generateRandomCodeVerifier();
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
  const url = new URL(server.authorization_endpoint ?? "");
  url.search = new URLSearchParams({
    response_type: "code",
    client_id: client.client_id,
    redirect_uri: REDIRECT,
    scope: "openid email offline_access orders:read",
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    nonce,
    ...extra,
  }).toString();
  const back = await authorizeByHand(browser, url, { user: ada() });
  const parameters = oauth.validateAuthResponse(server, client, back, state);
  const answer = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    authentication,
    parameters,
    REDIRECT,
    verifier,
    INSECURE,
  );
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, answer, {
    expectedNonce: nonce,
    requireIdToken: true,
  });
  await oauth.validateApplicationLevelSignature(server, answer, INSECURE);
  return tokens;
}

/** The claims of `token`, as an API that got it checks them (RFC 9068 §4). */
function claimsAt(audience: string, token: string): Promise<oauth.JWTAccessTokenClaims> {
  const request = new Request(`${world.url}/orders`, { headers: { authorization: `Bearer ${token}` } });
  return oauth.validateJwtAccessToken(server, request, audience, { signingAlgorithms: ["ES256"], ...INSECURE });
}

function had(value: string | undefined): string {
  if (value === undefined) throw new Error("the answer lacks it");
  return value;
}

describe("oauth4webapi", () => {
  test("RFC 8414, OpenID Connect Discovery: both documents agree, and name nothing that is not walked here", async () => {
    const issuer = new URL(world.url);
    const plain = await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...INSECURE });
    const metadata = await oauth.processDiscoveryResponse(issuer, plain);
    expect(server).toMatchObject(metadata);
    const endpoints = Object.keys(server).filter((name) => name.endsWith("_endpoint") || name === "jwks_uri");
    expect(endpoints.sort()).toEqual([
      "authorization_endpoint",
      "device_authorization_endpoint",
      "end_session_endpoint",
      "introspection_endpoint",
      "jwks_uri",
      "revocation_endpoint",
      "token_endpoint",
      "userinfo_endpoint",
    ]);
    expect([...(server.grant_types_supported ?? [])].sort()).toEqual(
      ["authorization_code", "client_credentials", "refresh_token", DEVICE_GRANT].sort(),
    );
    expect(server.code_challenge_methods_supported).toEqual(["S256"]);
  });

  test("RFC 9207, 9068, Core 3.1.3.7: code, ID token with its signature, access token, UserInfo, refresh", async () => {
    const party = publicParty();
    const tokens = await codeFlow(party);
    const { sub } = oauth.getValidatedIdTokenClaims(tokens) ?? { sub: "" };
    const claims = await claimsAt(world.resource, tokens.access_token);
    expect(claims).toMatchObject({ iss: world.url, sub, client_id: party.client.client_id });
    await expect(claimsAt("https://other.example/", tokens.access_token)).rejects.toThrow();

    const asked = await oauth.userInfoRequest(server, party.client, tokens.access_token, INSECURE);
    const person = await oauth.processUserInfoResponse(server, party.client, sub, asked);
    expect(person).toEqual({ sub, email: ada().email, email_verified: true });

    const again = await oauth.refreshTokenGrantRequest(
      server,
      party.client,
      party.authentication,
      had(tokens.refresh_token),
      { additionalParameters: { scope: "openid orders:read" }, ...INSECURE },
    );
    const next = await oauth.processRefreshTokenResponse(server, party.client, again);
    expect(next.scope).toBe("openid orders:read");
    expect((await claimsAt(world.resource, next.access_token)).sub).toBe(sub);
  });

  test("RFC 8707: a token for one API names that API and no other", async () => {
    const tokens = await codeFlow(publicParty(), newBrowser(), { resource: world.resource });
    expect((await claimsAt(world.resource, tokens.access_token)).aud).toEqual(world.resource);
  });

  test("RFC 7662, 7009: introspection and revocation of what was given, and of what was not", async () => {
    const { client, authentication } = webParty();
    const tokens = await codeFlow(webParty());
    const introspect = async (token: string) => {
      const asked = await oauth.introspectionRequest(server, client, authentication, token, INSECURE);
      return oauth.processIntrospectionResponse(server, client, asked);
    };
    const revoke = async (token: string) => {
      const answer = await oauth.revocationRequest(server, client, authentication, token, INSECURE);
      await oauth.processRevocationResponse(answer);
    };
    expect(await introspect(tokens.access_token)).toMatchObject({ active: true, client_id: client.client_id });
    await revoke(had(tokens.refresh_token));
    expect(await introspect(had(tokens.refresh_token))).toEqual({ active: false });
    expect(await introspect(tokens.access_token)).toEqual({ active: false });
    await revoke("spr_never.issued");
  });

  test("RFC 6749 4.4: client credentials", async () => {
    const { machine } = world.demo;
    const client = { client_id: machine.id };
    const secret = oauth.ClientSecretPost(machine.secret);
    const answer = await oauth.clientCredentialsGrantRequest(
      server,
      client,
      secret,
      { scope: "orders:read" },
      INSECURE,
    );
    const tokens = await oauth.processClientCredentialsResponse(server, client, answer);
    expect(await claimsAt(world.resource, tokens.access_token)).toMatchObject({
      sub: machine.id,
      scope: "orders:read",
    });
  });

  test("RFC 8628: a device waits, is allowed, and gets tokens once", async () => {
    const { id } = await newClient(world, {
      name: "Television",
      token_endpoint_auth_methods: ["none"],
      grant_types: [DEVICE_GRANT, "refresh_token"],
    });
    const client = { client_id: id };
    const scope = "openid offline_access orders:read";
    const begun = await oauth.deviceAuthorizationRequest(server, client, oauth.None(), { scope }, INSECURE);
    const device = await oauth.processDeviceAuthorizationResponse(server, client, begun);
    const poll = () => oauth.deviceCodeGrantRequest(server, client, oauth.None(), device.device_code, INSECURE);
    await expect(
      poll().then((answer) => oauth.processDeviceCodeResponse(server, client, answer)),
    ).rejects.toMatchObject({
      error: "authorization_pending",
    });
    const browser = newBrowser();
    const login = await browser.open(new URL(had(device.verification_uri_complete)));
    const entry = await browser.submit(login, "/login", { email: ada().email, password: ada().password });
    expect(entry.text).toContain(device.user_code);
    const confirm = await browser.submit(entry, "/device", { user_code: device.user_code });
    const done = await browser.submit(confirm, "/device/confirm", { decision: "allow" });
    expect(done.url.pathname).toBe("/device/connected");
    const tokens = await oauth.processDeviceCodeResponse(server, client, await poll());
    expect((await claimsAt(world.resource, tokens.access_token)).sub).toBe(ada().id);
    await expect(
      poll().then((answer) => oauth.processDeviceCodeResponse(server, client, answer)),
    ).rejects.toMatchObject({
      error: "invalid_grant",
    });
  });

  test("RP-Initiated Logout: the client's own ID token ends the session at once; a named client is asked about", async () => {
    const bye = "http://127.0.0.1:8799/bye";
    const { id, secret } = await newClient(world, {
      name: "Shop",
      token_endpoint_auth_methods: ["client_secret_basic"],
      grant_types: ["authorization_code", "refresh_token"],
      redirect_uris: [REDIRECT],
      post_logout_redirect_uris: [bye],
    });
    const party = { client: { client_id: id }, authentication: oauth.ClientSecretBasic(secret ?? "") };
    const browser = newBrowser();
    const { id_token } = await codeFlow(party, browser);
    const account = new URL("/account", world.url);
    const leave = (parameters: Record<string, string>) =>
      browser.send(new URL(`${server.end_session_endpoint}?${new URLSearchParams(parameters)}`));
    const asked = await leave({ client_id: id });
    expect(formOf(asked, "/oauth2/logout/confirm").fields).toHaveProperty("form_token");
    expect((await browser.send(account)).status).toBe(200);
    const left = await leave({ id_token_hint: had(id_token), post_logout_redirect_uri: bye, state: "a b" });
    expect(left.headers.get("location")).toBe(`${bye}?state=a%20b`);
    expect((await browser.send(account)).headers.get("location")).toBe("/login");
  });
});
