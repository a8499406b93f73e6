import { decodeJwt } from "jose";
import { beforeAll, describe, expect, it, vi } from "vitest";
import {
  agreed,
  expectCode,
  expectError,
  idTokenOf,
  issuer,
  landed,
  locationOf,
  TestBrowser,
  tokens,
  VERIFIER,
} from "../support/authorize_world.ts";
import { redeem, refresh, registerApp, registerPublicApp } from "../support/grant_world.ts";
import { migrate, type RegisteredClient, type Told } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";

captureLogs();
let web: RegisteredClient;

beforeAll(async () => {
  await migrate();
  web = await registerApp();
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

  it("RFC 9470 4: who signed in again for max_age has tokens that say so, and a refresh makes that no younger", async () => {
    const browser = await agreed(web);
    const tokensOf = async (code: string) => (await redeem(tokens, web, { code, verifier: VERIFIER })).json;
    const before = await tokensOf(expectCode(await browser.authorize(web)));
    const begun = await browser.authorize(web, { max_age: "30" });
    const { user } = browser.signedIn ?? {};
    if (user === undefined) throw new Error("nobody");
    await browser.signIn({ ...(await userOf(user.id)) });
    const after = await tokensOf(
      expectCode(await browser.go(`/oauth2/authorize/resume?tx=${landed(begun).fields.tx}`)),
    );
    const refreshed = (await refresh(tokens, web, before.refresh_token)).json;
    const [old, kept, fresh] = [before, refreshed, after].map(
      ({ access_token }) => decodeJwt<{ auth_time: number }>(String(access_token)).auth_time,
    );
    expect(kept).toBe(old);
    // The session was a minute old.
    expect(fresh).toBeGreaterThanOrEqual((old ?? 0) + 59);
  });

  it("RFC 9470 7: acr_values is tolerated and promised nothing: no class in a token, and none in discovery", async () => {
    const browser = await agreed(web);
    const told = await browser.authorize(web, { acr_values: "urn:example:mfa urn:example:pwd" });
    const { json } = await redeem(tokens, web, { code: expectCode(told), verifier: VERIFIER });
    for (const token of [json.id_token, json.access_token]) expect(decodeJwt(String(token))).not.toHaveProperty("acr");
    for (const name of ["openid-configuration", "oauth-authorization-server"]) {
      const { json: metadata } = await tokens.fetch(`/.well-known/${name}`);
      expect(metadata).not.toHaveProperty("acr_values_supported");
      expect(metadata.claims_supported ?? []).not.toContain("acr");
    }
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
    const mine = await idTokenOf(web, browser.signedIn?.user.id ?? "");
    const other = await idTokenOf(web, "usr_other");
    expectCode(await browser.authorize(web, { id_token_hint: mine, prompt: "none" }));
    expectError(await browser.authorize(web, { id_token_hint: other, prompt: "none" }), "login_required");
    const begun = await browser.authorize(web, { id_token_hint: other });
    expect(landed(begun).at).toBe("/login");
    await browser.signIn();
    expectError(await browser.go(`/oauth2/authorize/resume?tx=${landed(begun).fields.tx}`), "login_required");
  });

  it.each<[string, () => Promise<string> | string]>([
    ["text", () => "no hint at all"],
    ["a signature that does not hold", async () => `${(await idTokenOf(web, "usr_other")).slice(0, -4)}AAAA`],
    ["another client's", async () => idTokenOf(await registerApp(), "usr_other")],
    ["another issuer's", () => idTokenOf(web, "usr_other", { iss: "https://evil.test" })],
    ["an access token", () => idTokenOf(web, "usr_other", {}, "at+jwt")],
  ])("id_token_hint: %s is no hint", async (_name, hint) => {
    expectCode(await (await agreed(web)).authorize(web, { id_token_hint: await hint() }));
  });

  it("id_token_hint: age is no fault of a hint", async () => {
    const hint = await idTokenOf(web, "usr_other", { exp: 1 });
    expectError(await (await agreed(web)).authorize(web, { id_token_hint: hint, prompt: "none" }), "login_required");
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
    vi.setSystemTime(Date.now() + 1);
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
