import { beforeAll, describe, expect, it } from "vitest";
import { NO_HOLDINGS } from "../../src/protocol/holdings.ts";
import { newGrantId } from "../../src/protocol/ids.ts";
import { configuredLifetimes } from "../support/grant_world.ts";
import { migrate, registerClient } from "../support/issuer_world.ts";
import { captureLogs, secret as unloggable } from "../support/logs.ts";
import { formToken, openPages } from "../support/pages_world.ts";

beforeAll(migrate);
captureLogs();
const NEW_PASSWORD = unloggable("brisk lantern orbit quilt");
const SESSION = "__Host-sallyport_session";

describe("the account", () => {
  it("is for who is signed in", async () => {
    const { browser } = openPages();
    const tab = browser();
    tab.jar.set(SESSION, "sps_AAAA.AAAA");
    const told = await tab.go("/account");
    expect([told.status, told.headers.get("location")]).toEqual([303, "/login"]);
  });

  it("V7.5.2: another session is ended, and says so once; this one is marked", async () => {
    const { someone, browser, password } = openPages();
    const user = await someone();
    const [here, there] = [browser(), browser({ userAgent: "Mozilla/5.0 (iPhone) Version/18.0 Safari/605.1" })];
    for (const tab of [here, there]) await tab.signIn(user.email, password);
    const { text } = await here.go("/account");
    expect(text).toContain("Safari on iPhone");
    expect(text.match(/This browser/g)).toHaveLength(1);
    const session = /name="session" value="([^"]+)"/.exec(text)?.[1] ?? "";
    await here.post("/account/sessions/end", { form_token: formToken(text), session });
    expect((await there.go("/account")).headers.get("location")).toBe("/login");
    expect((await here.go("/account")).text).toContain("The session has ended.");
    expect((await here.go("/account")).text).not.toContain("The session has ended.");
  });

  it("one user cannot end another's session", async () => {
    const { someone, browser, password, accounts } = openPages();
    const [ada, bob] = [await someone(), await someone()];
    const [adas, bobs] = [browser(), browser()];
    await adas.signIn(ada.email, password);
    await bobs.signIn(bob.email, password);
    const session = (await accounts.listSessions(ada.id, Date.now()))[0]?.id ?? "";
    expect(session).not.toBe("");
    await bobs.submit("/account", "/account/sessions/end", { session });
    expect((await adas.go("/account")).status).toBe(200);
  });

  it("V6.2.3: a new password asks for the old one, moves to a new session and ends the others", async () => {
    const { someone, browser, password } = openPages();
    const user = await someone();
    const [here, there] = [browser(), browser()];
    for (const tab of [here, there]) await tab.signIn(user.email, password);
    const change = (current_password: string, new_password: string) =>
      here.submit("/account", "/account/password", { current_password, new_password });
    const wrong = await change("not the password", NEW_PASSWORD);
    expect(wrong.status).toBe(422);
    expect(wrong.text).toContain('id="current_password-fault"');
    expect((await change(password, "short")).text).toContain('id="new_password-fault"');
    const before = here.jar.get(SESSION);
    const told = await change(password, NEW_PASSWORD);
    expect([told.status, told.headers.get("location")]).toEqual([303, "/account"]);
    expect(here.jar.get(SESSION)).not.toBe(before);
    expect((await here.go("/account")).text).toContain("Your password is changed.");
    expect((await there.go("/account")).status).toBe(303);
    expect((await browser().signIn(user.email, NEW_PASSWORD)).status).toBe(303);
  });

  it("V10.7.3: a connected app is named with what it may do, and is withdrawn with its consent", async () => {
    const { someone, browser, password, accounts, consents } = openPages();
    const user = await someone();
    const giver = { user: user.id, epoch: await accounts.epochOf(user.id, Date.now()) };
    const client = await registerClient({ name: "Orders \u202eDashboard" });
    const terms = {
      clientId: client.id,
      subject: user.id,
      sessionId: null,
      sid: null,
      scopes: ["openid", "orders:read", "offline_access"],
      resource: null,
      nonce: null,
      authTimeMs: Date.now(),
      amr: ["pwd"],
      acr: null,
      refreshable: true,
    };
    const { random } = openPages().people;
    const start = {
      grantId: newGrantId(random),
      terms,
      dpopThumbprint: null,
      refreshHash: "A".repeat(43),
      holdings: NO_HOLDINGS,
    };
    await accounts.startGrant(user.id, start, configuredLifetimes(), Date.now());
    await consents.add(giver, client.id, "", terms.scopes, Date.now());
    const tab = browser();
    await tab.signIn(user.email, password);
    const { text } = await tab.go("/account");
    expect(text).toContain("Orders Dashboard");
    expect(text).toContain("May orders:read");
    await tab.submit("/account", "/account/apps/withdraw", { client: client.id });
    expect(await accounts.listGrants(user.id, Date.now())).toEqual([]);
    expect(await consents.find(giver, client.id, "")).toBeNull();
    const after = (await tab.go("/account")).text;
    expect(after).toContain("The access is withdrawn.");
    expect(after).toContain("No application has access to your account.");
  });

  it("who is signed in has confirmed the address: nobody else gets that far", async () => {
    const { someone, browser, password } = openPages();
    const user = await someone({ emailVerified: false });
    const tab = browser();
    await tab.signIn(user.email, password);
    expect((await tab.go("/account")).headers.get("location")).toBe("/login");
  });

  it.each(["/account/sign-out", "/account/sign-out-everywhere"])(
    "V7.4.4: %s ends the session at the server",
    async (path) => {
      const { someone, browser, password } = openPages();
      const user = await someone();
      const [here, there] = [browser(), browser()];
      for (const tab of [here, there]) await tab.signIn(user.email, password);
      const old = here.jar.get(SESSION) ?? "";
      const told = await here.submit("/account", path, {});
      expect([told.status, told.headers.get("location")]).toEqual([303, "/account/signed-out"]);
      expect(here.jar.has(SESSION)).toBe(false);
      here.jar.set(SESSION, old);
      expect((await here.go("/account")).status).toBe(303);
      expect((await there.go("/account")).status).toBe(path.endsWith("everywhere") ? 303 : 200);
    },
  );

  it("V14.2.5: what only looks like a page is not one", async () => {
    const { browser } = openPages();
    for (const path of ["/account/a.js", "/account;.css", "/login/x.css"])
      expect((await browser().go(path)).status).toBe(404);
  });
});
