import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { D1Clients } from "../../src/adapters/d1/clients.ts";
import { clientChangeId } from "../../src/protocol/client_entries.ts";
import { decide, openDevices, registerDeviceClient, typeCode } from "../support/device_world.ts";
import { expectOAuthError } from "../support/expect_oauth_error.ts";
import { API, backstage, migrate, type RegisteredClient, type Told } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { formToken } from "../support/pages_world.ts";

const { device, poll, signedIn, someone, browser, password, ask, isolate } = openDevices();
const { issuer } = isolate.parts;
const logs = captureLogs();
let tv: RegisteredClient;

beforeAll(async () => {
  await migrate();
  tv = await registerDeviceClient();
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** What a page says, without what differs each time it is written. */
function plain({ status, text }: Told): unknown {
  const words = text.replace(/nonce="[^"]*"/g, "").replace(/name="form_token" value="[^"]*"/g, "");
  return { status, words: words.replace(/[B-Z]{4}-[B-Z]{4}/g, "the code") };
}

describe("RFC 8628 3.3: from the code to the decision", () => {
  it("the page that asks names client, code, account, what is wanted and for how long, and allows nothing yet", async () => {
    const user = await someone();
    const tab = await signedIn(user);
    const waiting = await device(tv, { scope: "openid email orders:read" });
    const asked = await typeCode(tab, waiting.userCode.toLowerCase().replace("-", " "));
    expect(asked.status).toBe(200);
    expect(asked.headers.get("cache-control")).toBe("no-store");
    expect(asked.headers.get("content-security-policy")).toContain("form-action 'self';");
    for (const said of ["Living-room TV", waiting.userCode, user.email, "Your email address", API, "30 days"]) {
      expect(asked.text).toContain(said);
    }
    expect(asked.text).toContain("May orders:read");
    expectOAuthError(await poll(waiting), "authorization_pending");
  });

  it.each([
    ["openid offline_access orders:read", true],
    ["openid orders:read", false],
  ])("says that access lasts while the person is away where that is asked for: %s", async (scope, lasting) => {
    const tab = await signedIn(await someone());
    const asked = await typeCode(tab, (await device(tv, { scope })).userCode);
    expect(asked.text.includes("30 days, also while you are away")).toBe(lasting);
  });

  it("a stranger signs in first and comes back with the code; a sign-in without a device goes to the account", async () => {
    const [user, waiting] = [await someone(), await device(tv)];
    const tab = browser();
    const sent = await tab.go(`/device?user_code=${waiting.userCode}`);
    expect([sent.status, sent.headers.get("location")]).toEqual([303, "/login"]);
    expect(sent.headers.get("set-cookie")).toMatch(/; HttpOnly; SameSite=Lax; Secure; Max-Age=600$/);
    const back = await tab.signIn(user.email, password);
    expect(back.headers.get("location")).toBe(`/device?user_code=${waiting.userCode}`);
    const page = await tab.go(`/device?user_code=${waiting.userCode}`);
    expect(page.text).toContain(`value="${waiting.userCode}"`);
    expect([...tab.jar.keys()]).not.toContain("__Host-sallyport_device");
    const other = browser();
    expect((await other.signIn(user.email, password)).headers.get("location")).toBe("/account");
  });

  it.each(["https://evil.example/", "//evil.example", "BCDF-GHJK/../../login", `"><script>`, ""])(
    "nothing but a code comes back from a sign-in: %s",
    async (value) => {
      const user = await someone();
      const tab = browser();
      await tab.go(`/device?user_code=${encodeURIComponent(value)}`);
      expect((await tab.signIn(user.email, password)).headers.get("location")).toBe("/device");
      expect((await tab.go(`/device?user_code=${encodeURIComponent(value)}`)).text).toContain('value=""');
      tab.jar.set("__Host-sallyport_device", "//evil.example");
      tab.jar.delete("__Host-sallyport_session");
      expect((await tab.signIn(user.email, password)).headers.get("location")).toMatch(/^\/(?:device|account)$/);
    },
  );

  it("the ends of both ways are pages, and the methods of each path are told", async () => {
    const tab = browser();
    expect((await tab.go("/device/connected")).text).toContain("Your device is connected");
    expect((await tab.go("/device/denied")).text).toContain("Nothing was connected");
    const told = await tab.go("/device/confirm");
    expect([told.status, told.headers.get("allow")]).toEqual([405, "POST"]);
  });

  it("a form that is sent twice is answered alike, and gives one token set", async () => {
    const tab = await signedIn();
    const waiting = await device(tv);
    const asked = await typeCode(tab, waiting.userCode);
    const fields = { form_token: formToken(asked.text), user_code: waiting.userCode, decision: "allow" };
    const told = await Promise.all([1, 2, 3].map(() => tab.post("/device/confirm", fields)));
    expect(told.map(({ headers }) => headers.get("location"))).toEqual(Array(3).fill("/device/connected"));
    expect((await poll(waiting)).status).toBe(200);
    expectOAuthError(await poll(waiting), "invalid_grant");
  });

  it("the first word stands: neither the same person nor another one changes it", async () => {
    const [mine, theirs, waiting] = [await signedIn(), await signedIn(), await device(tv)];
    const pages = [await typeCode(mine, waiting.userCode), await typeCode(theirs, waiting.userCode)];
    const [own, others] = pages.map(({ text }) => ({ form_token: formToken(text), user_code: waiting.userCode }));
    const said = await mine.post("/device/confirm", { ...own, decision: "deny" });
    expect(said.headers.get("location")).toBe("/device/denied");
    expect((await mine.post("/device/confirm", { ...own, decision: "allow" })).status).toBe(422);
    expect((await theirs.post("/device/confirm", { ...others, decision: "allow" })).status).toBe(422);
    expect((await theirs.post("/device/confirm", { ...others, decision: "deny" })).status).toBe(422);
    expectOAuthError(await poll(waiting), "access_denied");
  });
});

describe("RFC 8628 5.4: a link with the code allows nothing", () => {
  it("opening it looks nothing up, costs no guess, and is the same page for a code that never was", async () => {
    const tab = await signedIn();
    const waiting = await device(tv);
    const pages = [];
    for (let look = 0; look < 12; look++) pages.push(await tab.go(`/device?user_code=${waiting.userCode}`));
    pages.push(await tab.go("/device?user_code=BBBB-BBBB"));
    expect(new Set(pages.map((page) => JSON.stringify(plain(page)))).size).toBe(1);
    expect(pages[0]?.text).not.toContain("Living-room TV");
    expectOAuthError(await poll(waiting), "authorization_pending");
  });

  it.each<[string, (form: Record<string, string>) => Record<string, string>, Record<string, string>]>([
    ["without the form's token", ({ form_token: _, ...form }) => form, {}],
    ["from another site", (form) => form, { origin: "https://evil.example" }],
    ["from a sandbox", (form) => form, { origin: "null" }],
  ])("a decision %s is none", async (_, change, headers) => {
    const [tab, waiting] = [await signedIn(), await device(tv)];
    const asked = await typeCode(tab, waiting.userCode);
    const form = { form_token: formToken(asked.text), user_code: waiting.userCode, decision: "allow" };
    expect((await tab.post("/device/confirm", change(form), headers)).status).toBe(403);
    expectOAuthError(await poll(waiting), "authorization_pending");
    expect((await tab.post("/device/confirm", form)).headers.get("location"), "control").toBe("/device/connected");
  });

  it("a decision with another session's form is none, nor one of a stranger", async () => {
    const [mine, theirs, waiting] = [await signedIn(), await signedIn(), await device(tv)];
    const asked = await typeCode(theirs, waiting.userCode);
    const form = { form_token: formToken(asked.text), user_code: waiting.userCode, decision: "allow" };
    for (const tab of [mine, browser()]) expect((await tab.post("/device/confirm", form)).status).toBe(403);
    expectOAuthError(await poll(waiting), "authorization_pending");
  });

  it("what was allowed once is asked again", async () => {
    const tab = await signedIn();
    await decide(tab, await device(tv), "allow");
    const second = await device(tv);
    expect((await typeCode(tab, second.userCode)).text).toContain("Is this your device?");
    expectOAuthError(await poll(second), "authorization_pending");
  });
});

describe("RFC 8628 5.1: codes cannot be tried out", () => {
  it("ten a minute from one address, and then the right one waits too", async () => {
    const [tab, waiting] = [await signedIn(), await device(tv)];
    const told = [];
    for (let guess = 0; guess < 50; guess++) told.push(await typeCode(tab, "BCDF-GHJK"));
    expect(told.map(({ status }) => status)).toEqual([...Array(10).fill(422), ...Array(40).fill(429)]);
    const right = await typeCode(tab, waiting.userCode);
    expect(right.status).toBe(429);
    expect(Number(right.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(right.text).not.toContain("Living-room TV");
    expect((await typeCode(await signedIn(), waiting.userCode)).status, "another address").toBe(200);
    expect(logs.events("user_code_refused").at(-1)).toMatchObject({ reason: "user_codes_throttled" });
  });

  it("not by the decision's form either", async () => {
    const [tab, waiting] = [await signedIn(), await device(tv)];
    const { text } = await tab.go("/device");
    const confirm = (userCode: string) =>
      tab.post("/device/confirm", { form_token: formToken(text), user_code: userCode, decision: "allow" });
    for (let guess = 0; guess < 10; guess++) expect((await confirm("BCDF-GHJK")).status).toBe(422);
    expect((await confirm(waiting.userCode)).status).toBe(429);
    expectOAuthError(await poll(waiting), "authorization_pending");
  });

  it("never there, over, denied, used, of a client that is disabled or lost the grant: one page", async () => {
    const tab = await signedIn();
    const [old, denied, used] = [await device(tv), await device(tv), await device(tv)];
    await decide(await signedIn(), denied, "deny");
    await decide(await signedIn(), used, "allow");
    await poll(used);
    const gone = [];
    for (const change of [{ disabled: true }, { grantTypes: [] }]) {
      const client = await registerDeviceClient();
      gone.push((await device(client)).userCode);
      const found = await new D1Clients(backstage.db).find(client.id);
      if (found === null) throw new Error("no client");
      const after = { ...found, client: { ...found.client, ...change, version: 2 } };
      await new D1Clients(backstage.db).update(found, after, []);
      await issuer.feed.append([
        { kind: "config", id: clientChangeId(client.id), epoch: 2, untilMs: Date.now() + 60_000 },
      ]);
      issuer.revocations.expire();
    }
    const pages = [];
    for (const code of ["BBBB-BBBB", denied.userCode, used.userCode, ...gone]) pages.push(await typeCode(tab, code));
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + 600_000);
    pages.push(await typeCode(tab, old.userCode));
    expect(new Set(pages.map((page) => JSON.stringify(plain(page)))).size).toBe(1);
    expect(pages[0]?.status).toBe(422);
  });

  it("a code that cannot be one is not written back", async () => {
    const told = await typeCode(await signedIn(), `"><script>alert(1)</script>`);
    expect(told.status).toBe(422);
    expect(told.text).not.toContain("alert(1)");
    expect((await ask(tv)).status).toBe(200);
  });
});
