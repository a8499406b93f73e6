import { beforeAll, describe, expect, it } from "vitest";
import {
  agreed,
  consents,
  expectCode,
  expectError,
  issuer,
  landed,
  locationOf,
  query,
  subjects,
  TestBrowser,
  tokens,
  VERIFIER,
} from "../support/authorize_world.ts";
import { asClient, REDIRECT_URI, registerApp, registerPublicApp } from "../support/grant_world.ts";
import { migrate, type RegisteredClient, type Told } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";

const logs = captureLogs();
let web: RegisteredClient;
let spa: RegisteredClient;

beforeAll(async () => {
  await migrate();
  web = await registerApp();
  spa = await registerPublicApp();
});

/** From the consent page to the answer. */
async function decide(browser: TestBrowser, path: string, decision: string): Promise<Told> {
  const page = await browser.go(path);
  expect(page.json.page, page.text).toBe("consent");
  return browser.post("/consent", { tx: page.json.tx, form_token: page.json.formToken, decision });
}

describe("RFC 6749 4.1: from the request to the code", () => {
  it("a stranger signs in, is asked, allows, and the code gives tokens with what was agreed", async () => {
    const browser = new TestBrowser();
    const begun = await browser.authorize(web);
    const { at, fields } = landed(begun);
    expect([begun.status, at]).toEqual([303, "/login"]);
    await browser.signIn();
    const asked = await browser.go(`/oauth2/authorize/resume?tx=${fields.tx}`);
    expect(landed(asked).at).toBe("/consent");
    const code = expectCode(await decide(browser, locationOf(asked), "allow"));
    const form = { grant_type: "authorization_code", code, redirect_uri: REDIRECT_URI, code_verifier: VERIFIER };
    const told = await asClient(tokens, web, form);
    expect(told.json).toMatchObject({ token_type: "Bearer", scope: "openid orders:read" });
    expect(told.json.refresh_token, "the client holds refresh_token").toBeTypeOf("string");
    expect(logs.events("authorization_answered")).toMatchObject([{ client_id: web.id, error: null }]);
  });

  it("who agreed before is not asked again, and more scopes are asked for", async () => {
    const browser = await agreed(web);
    expectCode(await browser.authorize(web));
    const more = await browser.authorize(web, { scope: "openid orders:read orders:write" });
    expect(landed(more).at).toBe("/consent");
  });

  it("what one client was given is not given to another", async () => {
    const browser = await agreed(web);
    const other = await registerApp();
    expect(landed(await browser.authorize(other)).at).toBe("/consent");
  });

  it("a denial is told, gives no code, and is not remembered as consent", async () => {
    const browser = new TestBrowser();
    const user = await browser.signIn();
    const asked = await browser.authorize(web);
    expectError(await decide(browser, locationOf(asked), "deny"), "access_denied");
    expect(await consents.list({ user: user.id, epoch: await issuer.accounts.epochOf(user.id, Date.now()) })).toEqual(
      [],
    );
    expect(await issuer.accounts.listGrants(user.id, Date.now())).toEqual([]);
  });

  it("by POST as by GET, by fragment and by form", async () => {
    const browser = await agreed(web);
    expectCode(await browser.post("/oauth2/authorize", Object.fromEntries(new URLSearchParams(query(web)))));
    const fragment = await browser.authorize(web, { response_mode: "fragment" });
    expect(locationOf(fragment)).toMatch(/^https:\/\/app\.example\/cb#code=/);
    const { json } = await browser.authorize(web, { response_mode: "form_post" });
    expect(json).toMatchObject({ page: "form_post", action: REDIRECT_URI });
  });

  it("one in the query and one in the body is a repetition", async () => {
    const browser = await agreed(web);
    const form = Object.fromEntries(new URLSearchParams(query(web)));
    expectError(await browser.post("/oauth2/authorize?scope=openid", form), "invalid_request");
  });

  it("a POST from another site, to which the browser lent no cookie, comes again as a GET", async () => {
    const form = Object.fromEntries(new URLSearchParams(query(web)));
    const told = await new TestBrowser().post("/oauth2/authorize", form, { "sec-fetch-site": "cross-site" });
    expect([told.status, landed(told).at]).toEqual([303, "/oauth2/authorize"]);
    expect(landed(told).fields).toEqual(form);
  });

  it("a pairwise client's code carries the subject of its sector, and a sid of its own", async () => {
    const pairwise = await registerApp({ person: { subjectType: "pairwise", sector: "app.example" } });
    const browser = await agreed(pairwise);
    const user = browser.signedIn?.user;
    if (user === undefined) throw new Error("nobody");
    const [code, other] = [
      expectCode(await browser.authorize(pairwise)),
      expectCode(await (await agreedAs(browser, web)).authorize(web)),
    ];
    const idToken = async (client: RegisteredClient, text: string) => {
      const form = {
        grant_type: "authorization_code",
        code: text,
        redirect_uri: REDIRECT_URI,
        code_verifier: VERIFIER,
      };
      const { json } = await asClient(tokens, client, form);
      return JSON.parse(atob(String(json.id_token).split(".")[1]?.replaceAll("-", "+").replaceAll("_", "/") ?? ""));
    };
    const [one, two] = [await idToken(pairwise, code), await idToken(web, other)];
    expect(one.sub).toBe(await subjects.subjectOf(user.id, "app.example"));
    expect(two.sub).toBe(user.id);
    expect(one.sid).not.toBe(two.sid);
    expect(one.nonce).toBe("the-nonce");
  });
});

async function agreedAs(browser: TestBrowser, client: RegisteredClient): Promise<TestBrowser> {
  await browser.agree(client, ["openid", "orders:read"]);
  return browser;
}

describe("RFC 9700 4.11.2: pages before redirects", () => {
  it.each([
    ["an unknown client", { client_id: "cli_0000000000000000000000" }],
    ["no client", { client_id: undefined }],
    ["a redirect URI that is not registered", { redirect_uri: "https://evil.test/" }],
    ["a state that cannot be read", { state: "\u0001" }],
  ])("%s is a page, and goes nowhere", async (_name, changes) => {
    const told = await (await agreed(web)).authorize(web, changes);
    expect([told.status, told.json.page, told.json.leave]).toEqual([400, "refused", null]);
    expect(told.headers.has("location")).toBe(false);
  });

  it("a disabled client is a page", async () => {
    const disabled = await registerApp({ disabled: true });
    expect((await new TestBrowser().authorize(disabled)).json.page).toBe("refused");
  });

  it("a stranger is not bounced to a public client that asks for what it may not have, but may choose to go", async () => {
    const told = await new TestBrowser().authorize(spa, { scope: "bogus" });
    expect([told.status, told.json.page, told.json.error]).toEqual([400, "refused", "invalid_scope"]);
    expect(told.json.leave).toMatch(/^https:\/\/app\.example\/cb\?error=invalid_scope/);
    const browser = new TestBrowser();
    await browser.signIn();
    expectError(await browser.authorize(spa, { scope: "bogus" }), "invalid_scope");
    expectError(await new TestBrowser().authorize(web, { scope: "bogus" }), "invalid_scope");
    expectError(await new TestBrowser().authorize(spa, { code_challenge: undefined }), "invalid_request");
  });
});

it("RFC 9700 2.6: no CORS, no cache, at any of it", async () => {
  const told = await new TestBrowser().go(`/oauth2/authorize?${query(web)}`, {
    headers: { origin: "https://evil.test" },
  });
  expect([...told.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
  expect(told.headers.get("cache-control")).toBe("no-store");
  expect(told.headers.get("set-cookie")).toMatch(/HttpOnly; SameSite=Lax/);
});
