import { beforeAll, describe, expect, it, vi } from "vitest";
import {
  consents,
  issuer,
  landed,
  query,
  subjects,
  TestBrowser,
  tokens,
  VERIFIER,
} from "../support/authorize_world.ts";
import { asClient, REDIRECT_URI, registerApp, registerPublicApp } from "../support/grant_world.ts";
import type { Told } from "../support/issuer_world.ts";
import { ISSUER_URL, migrate, type RegisteredClient } from "../support/issuer_world.ts";
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

/** A browser in which a user has agreed to what `client` asks for by default. */
async function agreed(client: RegisteredClient, scopes = ["openid", "orders:read"]): Promise<TestBrowser> {
  const browser = new TestBrowser();
  const user = await browser.signIn(undefined, 60_000);
  await consents.add(user.id, client.id, "", scopes, Date.now());
  return browser;
}

function locationOf(told: Told): string {
  return told.headers.get("location") ?? "";
}

function expectCode(told: Told): string {
  const { status, at, fields } = landed(told);
  expect([status, at], told.text).toEqual([303, REDIRECT_URI]);
  expect(Object.keys(fields)).toEqual(["code", "state", "iss"]);
  expect([fields.state, fields.iss]).toEqual(["the state", ISSUER_URL]);
  expect(fields.code).toMatch(/^spc_[\w-]+\.[\w-]{43}$/);
  return fields.code ?? "";
}

function expectError(told: Told, error: string): void {
  const { status, at, fields } = landed(told);
  expect([status, at, fields.error], told.text).toEqual([303, REDIRECT_URI, error]);
  expect(Object.keys(fields)).toEqual(["error", "error_description", "state", "iss"]);
  expect([fields.state, fields.iss]).toEqual(["the state", ISSUER_URL]);
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
    expect(await consents.find(user.id, web.id, "")).toBeNull();
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
  if (browser.signedIn === null) throw new Error("nobody");
  await consents.add(browser.signedIn.user.id, client.id, "", ["openid", "orders:read"], Date.now());
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

describe("OpenID Connect Core 3.1.2.1: prompt, max_age, hints", () => {
  it("none without a session is login_required, without consent consent_required, with both a code", async () => {
    expectError(await new TestBrowser().authorize(web, { prompt: "none" }), "login_required");
    const browser = new TestBrowser();
    await browser.signIn();
    expectError(await browser.authorize(web, { prompt: "none" }), "consent_required");
    expectCode(await (await agreed(web)).authorize(web, { prompt: "none" }));
    expectError(await (await agreed(web)).authorize(web, { prompt: "none login" }), "invalid_request");
    expectError(await (await agreed(web)).authorize(web, { prompt: "none", max_age: "1" }), "login_required");
  });

  it("RFC 8252 8.6: a client that others can pose as is asked for each time, and never silent", async () => {
    const loopback = "http://127.0.0.1:4321/cb";
    const native = await registerPublicApp({
      person: { applicationType: "native", redirectUris: ["http://127.0.0.1/cb"] },
    });
    const browser = await agreed(native);
    expect(landed(await browser.authorize(native, { redirect_uri: loopback })).at).toBe("/consent");
    const silent = landed(await browser.authorize(native, { redirect_uri: loopback, prompt: "none" }));
    expect([silent.at, silent.fields.error]).toEqual([loopback, "consent_required"]);
  });

  it.each([
    ["prompt=login", { prompt: "login" }],
    ["max_age", { max_age: "1" }],
    ["max_age=0", { max_age: "0" }],
  ])("%s asks for a new sign-in, which an old session cannot stand for", async (_name, changes) => {
    const browser = await agreed(web);
    const begun = await browser.authorize(web, changes);
    expect(landed(begun).at).toBe("/login");
    const resume = `/oauth2/authorize/resume?tx=${landed(begun).fields.tx}`;
    expect(landed(await browser.go(resume)).at, "the old session comes back").toBe("/login");
    const { user } = browser.signedIn ?? {};
    if (user === undefined) throw new Error("nobody");
    await browser.signIn({ ...(await userOf(user.id)) });
    expectCode(await browser.go(resume));
  });

  it("a max_age that is kept asks nobody", async () => {
    expectCode(await (await agreed(web)).authorize(web, { max_age: "10000" }));
  });

  it("prompt=consent asks though all is agreed", async () => {
    expect(landed(await (await agreed(web)).authorize(web, { prompt: "consent" })).at).toBe("/consent");
  });

  it("select_account asks once, and goes on with who was chosen", async () => {
    const browser = await agreed(web);
    const begun = await browser.authorize(web, { prompt: "select_account" });
    const page = await browser.go(locationOf(begun));
    expect(page.json.page).toBe("select_account");
    const choice = { tx: page.json.tx, form_token: page.json.formToken };
    const other = await browser.post("/oauth2/authorize/resume", { ...choice, account: "other" });
    expect(landed(other).at).toBe("/login");
    const forged = await browser.post("/oauth2/authorize/resume", { ...choice, account: "current", form_token: "x" });
    expect(forged.json).toMatchObject({ page: "refused", reason: "form_token_wrong" });
    expectCode(await browser.post("/oauth2/authorize/resume", { ...choice, account: "current" }));
  });

  it("id_token_hint: another user than the one named signs in anew, or is told", async () => {
    const browser = await agreed(web);
    const me = browser.signedIn?.user.id ?? "";
    expectCode(await browser.authorize(web, { id_token_hint: `id-token-of:${me}` }));
    expectCode(await browser.authorize(web, { id_token_hint: "no hint at all" }));
    expectError(await browser.authorize(web, { id_token_hint: "id-token-of:other", prompt: "none" }), "login_required");
    const begun = await browser.authorize(web, { id_token_hint: "id-token-of:other" });
    expect(landed(begun).at).toBe("/login");
    await browser.signIn();
    expectError(await browser.go(`/oauth2/authorize/resume?tx=${landed(begun).fields.tx}`), "login_required");
  });

  it("the operator's own client asks nobody for consent", async () => {
    const own = await registerApp({ person: { firstParty: true } });
    const browser = new TestBrowser();
    await browser.signIn();
    expectCode(await browser.authorize(own));
  });
});

async function userOf(id: string) {
  const user = await issuer.users.find(id as Parameters<typeof issuer.users.find>[0]);
  if (user === null) throw new Error("no user");
  return user;
}

describe("V2.3.1: steps cannot be skipped, transactions cannot be lent", () => {
  /** A transaction that waits for consent, and the form that would give it. */
  async function waiting() {
    const browser = new TestBrowser();
    await browser.signIn();
    const { json } = await browser.go(locationOf(await browser.authorize(web)));
    return { browser, form: { tx: json.tx, form_token: json.formToken, decision: "allow" } };
  }

  it("consent before sign-in is refused", async () => {
    const browser = new TestBrowser();
    const { fields } = landed(await browser.authorize(web));
    const told = await browser.post("/consent", { tx: fields.tx, form_token: "x", decision: "allow" });
    expect(told.json).toMatchObject({ page: "refused", reason: "form_token_missing" });
    expect(landed(await browser.go(`/consent?tx=${fields.tx}`)).at).toBe("/login");
  });

  it("consent in place of the sign-in that is owed is refused", async () => {
    const { browser, form } = await waiting();
    const owed = landed(await browser.authorize(web, { max_age: "0" })).fields.tx;
    const told = await browser.post("/consent", { ...form, tx: owed });
    expect(told.json).toMatchObject({ page: "refused", reason: "consent_out_of_order" });
  });

  it("the transaction of another browser is refused, with a good form token of one's own", async () => {
    const [mine, theirs] = [await waiting(), await waiting()];
    const told = await mine.browser.post("/consent", { ...mine.form, tx: theirs.form.tx });
    expect(told.json).toMatchObject({ page: "refused", reason: "transaction_gone" });
    const resumed = await mine.browser.go(`/oauth2/authorize/resume?tx=${theirs.form.tx}`);
    expect(resumed.json).toMatchObject({ page: "refused", reason: "transaction_gone" });
    expectCode(await theirs.browser.post("/consent", theirs.form));
  });

  it("a form that was written for another session is refused", async () => {
    const { browser, form } = await waiting();
    await browser.signIn();
    expect((await browser.post("/consent", form)).json).toMatchObject({ reason: "form_token_wrong" });
  });

  it("another site's form is refused", async () => {
    const { browser, form } = await waiting();
    const told = await browser.post("/consent", form, { origin: "https://evil.test" });
    expect(told.json).toMatchObject({ page: "refused", reason: "form_origin_foreign" });
    expectCode(await browser.post("/consent", form));
  });

  it("a decision counts once: of 20 at once one, and a replay none", async () => {
    const { browser, form } = await waiting();
    const all = await Promise.all(Array.from({ length: 20 }, () => browser.post("/consent", form)));
    expect(all.filter(({ status }) => status === 303)).toHaveLength(1);
    const replay = await browser.post("/consent", form);
    expect(replay.json).toMatchObject({ page: "refused", reason: "transaction_gone" });
    const user = browser.signedIn?.user.id;
    if (user === undefined) throw new Error("nobody");
    const wanted = all.filter(({ status }) => status === 303);
    expect(expectCode(wanted[0] as Told)).toBeTypeOf("string");
  });

  it("GET decides nothing", async () => {
    const { browser, form } = await waiting();
    const told = await browser.go(`/consent?tx=${form.tx}&decision=allow&form_token=${form.form_token}`);
    expect(told.json.page).toBe("consent");
  });

  it("a client that was disabled meanwhile gets nothing", async () => {
    const app = await registerApp();
    const browser = new TestBrowser();
    await browser.signIn();
    const { json } = await browser.go(locationOf(await browser.authorize(app)));
    const registry = vi.spyOn(issuer.clients, "find").mockResolvedValue(null);
    const told = await browser.post("/consent", { tx: json.tx, form_token: json.formToken, decision: "allow" });
    registry.mockRestore();
    expect(told.json).toMatchObject({ page: "refused", reason: "client_gone" });
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
