import { createLocalJWKSet, decodeJwt, jwtVerify } from "jose";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { backstage, ISSUER_URL, migrate, type RegisteredClient } from "../support/issuer_world.ts";
import { isolate, LogoutBrowser, registerRelyingParty } from "../support/logout_world.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";

const APP = "https://app.example";
const OTHER = "https://other.example";

const network = stubNetwork();
const logs = captureLogs();
let app: RegisteredClient;
let other: RegisteredClient;

beforeAll(async () => {
  await migrate();
  app = await registerRelyingParty(`${APP}/backchannel`);
  const pairwise = { subjectType: "pairwise", sector: "other.example", idTokenAlgorithm: "ES256" } as const;
  other = await registerRelyingParty(`${OTHER}/backchannel`, { person: pairwise });
});

/** What clients' servers received in this test, in order. */
let received: { readonly at: string; readonly token: string }[] = [];

beforeEach(() => {
  received = [];
  for (const at of [APP, OTHER]) {
    network.serve(at, async (request) => {
      received.push({ at, token: secret(String((await request.formData()).get("logout_token"))) });
      return new Response(null);
    });
  }
});

function heard(times: number) {
  return eventually(() => expect(received).toHaveLength(times));
}

async function claimsFor(client: RegisteredClient, token: string) {
  const { keys } = await backstage.ring().published();
  const jwks = createLocalJWKSet({ keys: keys.map((key) => ({ ...key })) });
  const { payload, protectedHeader } = await jwtVerify(token, jwks, {
    issuer: ISSUER_URL,
    audience: client.id,
    typ: "logout+jwt",
    maxTokenAge: 120,
  });
  return { ...payload, alg: protectedHeader.alg };
}

describe("OpenID Connect Back-Channel Logout 2.5: signing out tells each client that signed its user in", () => {
  it("with the subject and the session that its own ID token named, under its own algorithm", async () => {
    const browser = new LogoutBrowser();
    await browser.signIn();
    const mine = decodeJwt((await browser.tokensOf(app)).idToken);
    const { idToken } = await browser.tokensOf(other);
    const theirs = decodeJwt(idToken);
    await browser.logout({ id_token_hint: idToken });
    await heard(2);
    const tokenAt = (at: string) => received.find((one) => one.at === at)?.token ?? "";
    const told = await claimsFor(app, tokenAt(APP));
    expect(told).toMatchObject({ sub: mine.sub, sid: mine.sid, alg: "RS256" });
    expect(told).not.toHaveProperty("nonce");
    expect(await claimsFor(other, tokenAt(OTHER))).toMatchObject({ sub: theirs.sub, sid: theirs.sid, alg: "ES256" });
    expect(mine.sid).not.toBe(theirs.sid);
    expect(mine.sub).not.toBe(theirs.sub);
    expect(new Set(logs.events("logout_notice_delivered").map(({ client_id }) => client_id)).size).toBe(2);
  });

  it("and not those of another session of the same user", async () => {
    const [here, elsewhere] = [new LogoutBrowser(), new LogoutBrowser()];
    const user = await here.signIn();
    await elsewhere.signIn(user);
    const { idToken } = await here.tokensOf(app);
    await elsewhere.tokensOf(other);
    await here.logout({ id_token_hint: idToken });
    await heard(1);
    expect(received).toMatchObject([{ at: APP }]);
    await isolate.parts.issuer.accounts.endEverything(user.id, "sign_out_everywhere", null, Date.now());
    await heard(2);
    expect(received[1]).toMatchObject({ at: OTHER });
  });

  it("under the sid that a client knows since before the user signed in again, and once", async () => {
    const browser = new LogoutBrowser();
    const user = await browser.signIn();
    const first = decodeJwt((await browser.tokensOf(app)).idToken);
    await browser.signIn(user);
    await browser.tokensOf(app);
    const { idToken } = await browser.tokensOf(other);
    await browser.logout({ id_token_hint: idToken });
    await heard(2);
    const token = received.find(({ at }) => at === APP)?.token ?? "";
    expect(await claimsFor(app, token)).toMatchObject({ sub: first.sub, sid: first.sid });
  });

  it("a logout token is no access token, and no hint", async () => {
    const browser = new LogoutBrowser();
    await browser.signIn();
    const { idToken } = await browser.tokensOf(app);
    await browser.logout({ id_token_hint: idToken });
    await heard(1);
    const token = received[0]?.token ?? "";
    const bearer = { authorization: `Bearer ${token}` };
    expect((await isolate.fetch("/oauth2/userinfo", { headers: bearer })).status).toBe(401);
    const { hints } = isolate.parts.desks.authorization.authorizing;
    expect(await hints.read(token, Date.now(), () => undefined)).toBeNull();
    expect(await hints.read(idToken, Date.now(), () => undefined)).toMatchObject({ clientId: app.id });
  });
});

describe("OWASP API7: what is registered on this machine or a private network", () => {
  it("is not called by the account either; what is public is", async () => {
    for (const place of ["https://169.254.169.254", "http://10.0.0.1"]) {
      network.serve(place, () => new Response(null));
    }
    const inward = await Promise.all(
      ["https://169.254.169.254/", "http://10.0.0.1/"].map((uri) => registerRelyingParty(uri)),
    );
    const browser = new LogoutBrowser();
    await browser.signIn();
    for (const client of inward) await browser.tokensOf(client);
    const { idToken } = await browser.tokensOf(app);
    await browser.logout({ id_token_hint: idToken });
    await heard(1);
    await eventually(() => expect(logs.events("logout_notice_refused")).toHaveLength(2));
    expect(network.calls.map(({ url }) => url)).toEqual([`${APP}/backchannel`]);
  });
});
