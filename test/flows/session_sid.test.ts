import { decodeJwt } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { platformRandom } from "../../src/kernel/random.ts";
import { newUserId } from "../../src/protocol/ids.ts";
import { expectCode, query, VERIFIER } from "../support/authorize_world.ts";
import { asClient, REDIRECT_URI } from "../support/grant_world.ts";
import { bindings, type Isolate, migrate, openIsolate, type RegisteredClient } from "../support/issuer_world.ts";
import { asks, BACK, isolate, LogoutBrowser, location, registerRelyingParty } from "../support/logout_world.ts";
import { captureLogs, secret } from "../support/logs.ts";

captureLogs();

let app: RegisteredClient;
let other: RegisteredClient;
let rotated: Isolate;

beforeAll(async () => {
  await migrate();
  app = await registerRelyingParty(null, { person: { firstParty: true } });
  other = await registerRelyingParty(null, { person: { firstParty: true } });
  const { GRANT_KEY } = bindings;
  rotated = openIsolate({ bindings: { GRANT_KEY: `next:${"C".repeat(42)}A,${GRANT_KEY}` } });
});

/** The ID token of `client` from a code that the browser's session gave it, through both endpoints of `at`. */
async function idToken(browser: LogoutBrowser, client = app, at = isolate): Promise<string> {
  const asked = await at.fetch(`/oauth2/authorize?${query(client)}`, { headers: { cookie: browser.cookie } });
  const form = { grant_type: "authorization_code", code: expectCode(asked), redirect_uri: REDIRECT_URI };
  return String((await asClient(at, client, { ...form, code_verifier: VERIFIER })).json.id_token);
}

function sidOf(token: string): unknown {
  return decodeJwt(token).sid;
}

/** Whether `hint` ends the session of the browser at once. */
async function endsAtOnce(browser: LogoutBrowser, hint: string, at = isolate): Promise<boolean> {
  const form = new URLSearchParams({ id_token_hint: hint, post_logout_redirect_uri: BACK });
  const told = await at.fetch(`/oauth2/logout?${form}`, { headers: { cookie: browser.cookie } });
  const isOver = location(told) === BACK;
  expect([await browser.isSignedIn(), asks(told)]).toEqual([!isOver, !isOver]);
  return isOver;
}

/** `token` with other claims, under the issuer's own signature. */
async function resigned(token: string, changes: object): Promise<string> {
  const claims = { ...decodeJwt(token), ...changes };
  const request = { alg: "ES256", type: "JWT", claims, nowMs: Date.now(), leastRingVersion: 0 } as const;
  return secret(await isolate.parts.issuer.signer.sign(request, () => undefined));
}

describe("OpenID Connect Back-Channel Logout 2.1: the sid of a session at one client", () => {
  it("stays while the user signs in again in the same browser and the grant key is rotated; an old hint ends it", async () => {
    const browser = new LogoutBrowser();
    const user = await browser.signIn();
    const first = await idToken(browser);
    await browser.signIn(user);
    const again = await idToken(browser);
    const underNewKey = await idToken(browser, app, rotated);
    await browser.signIn(user);
    expect([sidOf(again), sidOf(underNewKey), sidOf(await idToken(browser))]).toEqual(Array(3).fill(sidOf(first)));
    expect(await endsAtOnce(browser, first, rotated)).toBe(true);
  });

  it("is another one at another client, in another browser, for another user, and after a sign-out", async () => {
    const [browser, elsewhere, stranger] = [new LogoutBrowser(), new LogoutBrowser(), new LogoutBrowser()];
    const user = await browser.signIn();
    await elsewhere.signIn(user);
    await stranger.signIn();
    const first = await idToken(browser);
    const tokens = [first, await idToken(browser, other), await idToken(elsewhere), await idToken(stranger)];
    await endsAtOnce(browser, first);
    await browser.signIn(user);
    tokens.push(await idToken(browser));
    expect(new Set(tokens.map(sidOf)).size).toBe(5);
    expect(tokens.map(sidOf)).toEqual(Array(5).fill(expect.stringMatching(/^[\w-]{43}$/)));
  });
});

describe("V10.6.2: whose hint it is", () => {
  it("that of who was signed in in this browser before ends nothing of who is now", async () => {
    const browser = new LogoutBrowser();
    await browser.signIn();
    const theirs = await idToken(browser);
    await browser.signIn();
    const mine = await idToken(browser);
    expect(sidOf(mine)).not.toBe(sidOf(theirs));
    expect(await endsAtOnce(browser, theirs)).toBe(false);
    expect(await endsAtOnce(browser, mine)).toBe(true);
  });

  it("one of a session that was ended ends nothing of the next one, also in the same browser", async () => {
    const browser = new LogoutBrowser();
    const user = await browser.signIn();
    const old = await idToken(browser);
    expect(await endsAtOnce(browser, old)).toBe(true);
    await browser.signIn(user);
    expect(await endsAtOnce(browser, old)).toBe(false);
  });

  it("one of the same user's other browser ends nothing here, and the right one does", async () => {
    const [here, elsewhere] = [new LogoutBrowser(), new LogoutBrowser()];
    const user = await here.signIn();
    await elsewhere.signIn(user);
    const [mine, theirs] = [await idToken(here), await idToken(elsewhere)];
    expect(await endsAtOnce(here, theirs)).toBe(false);
    expect(await endsAtOnce(here, mine)).toBe(true);
    expect(await elsewhere.isSignedIn()).toBe(true);
  });

  it("another client's sid, or another user's subject, proves nothing even under our own signature", async () => {
    const browser = new LogoutBrowser();
    await browser.signIn();
    const [mine, others] = [await idToken(browser), await idToken(browser, other)];
    const wrong = [
      await resigned(mine, { sid: sidOf(others) }),
      await resigned(mine, { aud: other.id, azp: other.id }),
      await resigned(mine, { sub: newUserId(platformRandom) }),
      await resigned(mine, { sid: browser.session }),
    ];
    for (const hint of wrong) expect(await endsAtOnce(browser, hint)).toBe(false);
    expect(await endsAtOnce(browser, others)).toBe(true);
  });
});
