import { beforeAll, describe, expect, it } from "vitest";
import { ISSUER_URL, migrate, type RegisteredClient, type Told } from "../support/issuer_world.ts";
import {
  type AppTokens,
  asks,
  BACK,
  fieldsOf,
  isOver,
  LogoutBrowser,
  location,
  registerRelyingParty,
} from "../support/logout_world.ts";
import { captureLogs } from "../support/logs.ts";

captureLogs();
let app: RegisteredClient;

beforeAll(async () => {
  await migrate();
  app = await registerRelyingParty();
});

/** A browser that is signed in, and what `app` has of that. */
async function signedIn(): Promise<{ browser: LogoutBrowser; tokens: AppTokens }> {
  const browser = new LogoutBrowser();
  await browser.signIn();
  return { browser, tokens: await browser.tokensOf(app) };
}

describe("V3.5.1: the page that asks", () => {
  it("ends the session when the person says so, and leads to the client that was named", async () => {
    const { browser } = await signedIn();
    const page = await browser.logout({ client_id: app.id, post_logout_redirect_uri: BACK, state: "s&t" });
    expect(asks(page)).toBe(true);
    expect(page.headers.get("content-security-policy")).toContain("form-action 'self' https:;");
    const told = await browser.answer(page, "sign_out");
    expect([told.status, location(told)]).toEqual([303, `${BACK}?state=s%26t`]);
    expect(await browser.isSignedIn()).toBe(false);
    expect(told.headers.getSetCookie().join()).toContain("sallyport_session=;");
  });

  it("ends nothing when the person stays", async () => {
    const { browser } = await signedIn();
    const told = await browser.answer(await browser.logout({}), "stay");
    expect([told.status, location(told), await browser.isSignedIn()]).toEqual([303, "/account", true]);
  });

  it("a second click is told the same as the first", async () => {
    const { browser } = await signedIn();
    const page = await browser.logout({});
    expect(isOver(await browser.answer(page, "sign_out"))).toBe(true);
    expect(isOver(await browser.answer(page, "sign_out"))).toBe(true);
  });

  it.each<[string, (browser: LogoutBrowser, page: Told) => Promise<Told>]>([
    ["no token", (browser) => browser.post({ decision: "sign_out" }, {}, "/oauth2/logout/confirm")],
    ["a made-up token", (browser, page) => browser.answer(page, "sign_out", { form_token: `${"A".repeat(22)}.x` })],
    [
      "another session's token",
      async (browser) => {
        const { browser: other } = await signedIn();
        return browser.answer(await other.logout({}), "sign_out");
      },
    ],
    [
      "another site's Origin",
      (browser, page) =>
        browser.post(
          { ...fieldsOf(page), decision: "sign_out" },
          { origin: "https://evil.example", "sec-fetch-site": "cross-site" },
          "/oauth2/logout/confirm",
        ),
    ],
    [
      "Origin null",
      (browser, page) =>
        browser.post({ ...fieldsOf(page), decision: "sign_out" }, { origin: "null" }, "/oauth2/logout/confirm"),
    ],
  ])("%s ends nothing", async (_, attack) => {
    const { browser } = await signedIn();
    const page = await browser.logout({});
    expect((await attack(browser, page)).status).toBe(403);
    expect(await browser.isSignedIn()).toBe(true);
    await browser.answer(page, "sign_out");
    expect(await browser.isSignedIn()).toBe(false);
  });
});

describe("OpenID Connect RP-Initiated Logout 3: where it leads", () => {
  it.each([
    `${BACK}/`,
    `${BACK}?next=1`,
    `${BACK}#x`,
    "https://APP.example/signed-out",
    "https://app.example@evil.example/signed-out",
    "https://evil.example/",
    "//app.example/signed-out",
    "javascript:alert(1)",
  ])("%s is not registered: the session ends, and the browser stays here", async (uri) => {
    const { browser, tokens } = await signedIn();
    const told = await browser.logout({ id_token_hint: tokens.idToken, post_logout_redirect_uri: uri, state: "s" });
    expect([isOver(told), location(told), await browser.isSignedIn()]).toEqual([true, null, false]);
    const other = await signedIn();
    const page = await other.browser.logout({ client_id: app.id, post_logout_redirect_uri: uri });
    const back = { client_id: app.id, post_logout_redirect_uri: uri };
    const confirmed = await other.browser.answer(page, "sign_out", back);
    expect([isOver(confirmed), location(confirmed), confirmed.text.includes("evil")]).toEqual([true, null, false]);
  });

  it("one that another client registered is not this one's", async () => {
    const { browser, tokens } = await signedIn();
    await registerRelyingParty(null, { person: { postLogoutRedirectUris: ["https://other.example/out"] } });
    const query = { id_token_hint: tokens.idToken, post_logout_redirect_uri: "https://other.example/out" };
    expect(location(await browser.logout(query))).toBeNull();
  });

  it("a stranger is sent on by a hint; to a client that is only named there is a link", async () => {
    const { tokens } = await signedIn();
    const stranger = new LogoutBrowser();
    const proven = await stranger.logout({ id_token_hint: tokens.idToken, post_logout_redirect_uri: BACK });
    expect([proven.status, location(proven)]).toEqual([303, BACK]);
    const named = await stranger.logout({ client_id: app.id, post_logout_redirect_uri: BACK, state: '"><script>' });
    expect([isOver(named), location(named)]).toEqual([true, null]);
    expect(named.text).toContain(`href="${BACK}?state=%22%3E%3Cscript%3E"`);
    expect((await stranger.logout({ post_logout_redirect_uri: BACK })).text).not.toContain(BACK);
    expect(named.headers.get("clear-site-data"), "nothing is there to clear").toBeNull();
  });
});

describe("OpenID Connect RP-Initiated Logout 2: by POST", () => {
  it("does what a GET does, and shows no token in a URL", async () => {
    const { browser, tokens } = await signedIn();
    const told = await browser.post({ id_token_hint: tokens.idToken, post_logout_redirect_uri: BACK });
    expect([told.status, location(told), await browser.isSignedIn()]).toEqual([303, BACK, false]);
  });

  it("another site's comes without our cookies: it is sent on as our own, and ends the session then", async () => {
    const { browser, tokens } = await signedIn();
    const foreign = { origin: "https://app.example", "sec-fetch-site": "cross-site", cookie: "" };
    const sent = { id_token_hint: tokens.idToken, client_id: app.id, post_logout_redirect_uri: BACK, state: '<"&' };
    const carried = await browser.post(sent, foreign);
    expect([carried.status, location(carried), await browser.isSignedIn()]).toEqual([200, null, true]);
    expect(fieldsOf(carried)).toEqual(sent);
    expect(carried.headers.get("content-security-policy")).toContain("form-action 'self' https:;");
    const told = await browser.post(fieldsOf(carried));
    expect([told.status, location(told)]).toEqual([303, `${BACK}?state=%3C%22%26`]);
    expect(await browser.isSignedIn()).toBe(false);
  });

  it("another site's without a hint ends nothing, carried on or not", async () => {
    const { browser } = await signedIn();
    const foreign = { origin: "https://evil.example", "sec-fetch-site": "cross-site", cookie: "" };
    const carried = await browser.post({}, foreign);
    expect(asks(await browser.post(fieldsOf(carried)))).toBe(true);
    expect(await browser.isSignedIn()).toBe(true);
  });

  it.each(["text/plain", "application/json", "multipart/form-data; boundary=x"])("%s is not read", async (type) => {
    const { browser } = await signedIn();
    const init = { method: "POST", body: "x", headers: { "content-type": type, origin: ISSUER_URL } };
    expect((await browser.go("/oauth2/logout", init)).status).toBe(400);
    expect(await browser.isSignedIn()).toBe(true);
  });
});
