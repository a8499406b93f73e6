import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openBrowser, PATIENCE_MS } from "./pages/browser.ts";
import { type Asked, ask, type LoopbackClient, type Returned, startLoopbackClient } from "./people/loopback_client.ts";
import { openWatchedTab, sessionOf, signInAt, type WatchedTab } from "./people/tab.ts";
import { knockWith, type Redeemer, tokenCall } from "./people/tokens.ts";
import { type PeopleWorld, startPeopleWorld } from "./people/world.ts";

let browser: Browser;
let world: PeopleWorld;
let client: LoopbackClient;

beforeAll(async () => {
  world = await startPeopleWorld();
  client = await startLoopbackClient();
  browser = await openBrowser();
});

afterAll(async () => {
  await browser?.close();
  await client?.close();
  await world?.dispose();
});

function ada() {
  const [user] = world.demo.users;
  if (user === undefined) throw new Error("the demo has no users");
  return user;
}

function request(redeemer: Redeemer, extra?: Readonly<Record<string, string>>): Asked {
  return ask(world.url, { clientId: redeemer.clientId, redirectUri: client.redirectUri }, extra);
}

function publicClient(): Redeemer {
  return { clientId: world.demo.publicClient.id, secret: null };
}

function webClient(): Redeemer {
  return { clientId: world.demo.webClient.id, secret: world.demo.webClient.secret };
}

/** What came back last, once the tab is at the client. */
async function broughtBack({ tab }: WatchedTab): Promise<Returned> {
  await tab.getByRole("heading", { name: "Back at the client" }).waitFor();
  const last = client.returned.at(-1);
  if (last === undefined) throw new Error("nothing came back");
  return last;
}

/** The tokens for an answer, which has to be one to `asked`. */
function redeem({ parameters }: Returned, asked: Asked, redeemer: Redeemer) {
  expect(parameters.get("state")).toBe(asked.state);
  expect(parameters.get("iss")).toBe(world.url);
  return tokenCall(world.url, redeemer, {
    grant_type: "authorization_code",
    code: parameters.get("code") ?? "",
    redirect_uri: client.redirectUri,
    code_verifier: asked.verifier,
  });
}

/** Nothing was asked of anyone but issuer and client, nothing was blocked, and no script keeps anything. */
async function leavesNoTrace(watched: WatchedTab): Promise<void> {
  expect(watched.complaints).toEqual([]);
  expect([...watched.origins].filter((origin) => origin !== world.url && origin !== client.origin)).toEqual([]);
  const { origins } = await watched.context.storageState({ indexedDB: true });
  expect(origins).toEqual([]);
  const cookies = await watched.context.cookies(world.url);
  expect(cookies.length).toBeGreaterThan(0);
  expect(cookies.filter(({ httpOnly, sameSite }) => !httpOnly || sameSite !== "Lax")).toEqual([]);
}

describe("a person signs in to a client in Chromium", () => {
  test("a wrong password, then the right one; consent in words; a code that opens the API", async () => {
    const watched = await openWatchedTab(browser);
    const { tab } = watched;
    const asked = request(publicClient());
    await tab.goto(asked.url);
    expect(new URL(tab.url()).pathname).toBe("/login");
    const problems: string[] = [];
    for (const email of [ada().email, "nobody@example.com"]) {
      const shown = tab.waitForEvent("load");
      await signInAt(tab, { email, password: "not the password of anyone" });
      await shown;
      expect(await tab.getByLabel("Email").inputValue()).toBe(email);
      problems.push((await tab.getByRole("alert").textContent()) ?? "");
    }
    expect(problems[0]).toBe(problems[1]);
    expect(problems[0]).toContain("The email address or the password is not right.");

    await signInAt(tab, ada());
    await tab.waitForURL(/\/consent\?/);
    const text = await tab.locator("main").textContent();
    for (const told of ["Demo command line", "this device", ada().email, world.resource, "Read orders", "30 days"]) {
      expect.soft(text).toContain(told);
    }
    expect(text).toContain("nobody has checked it");
    await tab.getByRole("button", { name: "Allow" }).click();
    const tokens = await redeem(await broughtBack(watched), asked, publicClient());
    expect(await knockWith(world.url, tokens.access_token)).toBe(200);
    await leavesNoTrace(watched);
    await watched.close();
  });

  test("V7.2.4: the session is a new one at sign-in, whatever cookie was planted; none says anything", async () => {
    const watched = await openWatchedTab(browser);
    await watched.tab.goto(`${world.url}/login`);
    const fixed = "sps_planted.planted";
    await watched.context.addCookies([{ name: "sallyport_session", value: fixed, url: world.url }]);
    await signInAt(watched.tab, ada());
    await watched.tab.waitForURL(/\/account$/);
    const first = await sessionOf(watched);
    expect(first).not.toBe(fixed);
    expect(first).toMatch(/^sps_[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/);
    expect(Buffer.from(first ?? "", "base64url").toString("latin1")).not.toContain("ada");
    await watched.tab.goto(request(webClient(), { prompt: "login" }).url);
    await signInAt(watched.tab, ada());
    await watched.tab.waitForURL(/\/consent\?/);
    expect(await sessionOf(watched)).not.toBe(first);
    await watched.close();
  });

  test("a second client visit asks for nothing; prompt=login asks for the password, prompt=consent for consent", async () => {
    const watched = await openWatchedTab(browser);
    const { tab } = watched;
    await tab.goto(request(webClient()).url);
    await signInAt(tab, ada());
    await tab.getByRole("button", { name: "Allow" }).click();
    await broughtBack(watched);

    const before = client.returned.length;
    const again = request(webClient());
    await tab.goto(again.url);
    const tokens = await redeem(await broughtBack(watched), again, webClient());
    expect(client.returned.length).toBe(before + 1);
    expect(await knockWith(world.url, tokens.access_token)).toBe(200);

    await tab.goto(request(webClient(), { prompt: "login" }).url);
    expect(new URL(tab.url()).pathname).toBe("/login");
    await tab.goto(request(webClient(), { prompt: "consent" }).url);
    expect(new URL(tab.url()).pathname).toBe("/consent");
    await leavesNoTrace(watched);
    await watched.close();
  });

  test("denying gives access_denied with state and iss, and no code", async () => {
    const watched = await openWatchedTab(browser);
    const asked = request(publicClient());
    await watched.tab.goto(asked.url);
    await signInAt(watched.tab, ada());
    await watched.tab.getByRole("button", { name: "Deny" }).click();
    const { parameters } = await broughtBack(watched);
    expect(Object.fromEntries(parameters)).toMatchObject({
      error: "access_denied",
      state: asked.state,
      iss: world.url,
    });
    expect(parameters.has("code")).toBe(false);
    await leavesNoTrace(watched);
    await watched.close();
  });

  test.each([true, false])("form_post brings the answer by POST (scripts %s)", async (javaScriptEnabled) => {
    const watched = await openWatchedTab(browser, { javaScriptEnabled });
    const asked = request(publicClient(), { response_mode: "form_post" });
    await watched.tab.goto(asked.url);
    await signInAt(watched.tab, ada());
    await watched.tab.getByRole("button", { name: "Allow" }).click();
    if (!javaScriptEnabled) await watched.tab.getByRole("button", { name: "Continue" }).click();
    const back = await broughtBack(watched);
    expect(back.method).toBe("POST");
    expect(new URL(watched.tab.url()).search).toBe("");
    expect(await knockWith(world.url, (await redeem(back, asked, publicClient())).access_token)).toBe(200);
    await leavesNoTrace(watched);
    await watched.close();
  });
});

describe("whoever has neither scripts nor a mouse gets there too", () => {
  test("V3.7.1: with scripts off, from a wrong password to the API", async () => {
    const watched = await openWatchedTab(browser, { javaScriptEnabled: false });
    const asked = request(publicClient());
    await watched.tab.goto(asked.url);
    await signInAt(watched.tab, { email: ada().email, password: "wrong wrong wrong" });
    await watched.tab.getByRole("alert").waitFor();
    expect(await watched.tab.getByRole("alert").count()).toBe(1);
    await signInAt(watched.tab, ada());
    await watched.tab.getByRole("button", { name: "Allow" }).click();
    const tokens = await redeem(await broughtBack(watched), asked, publicClient());
    expect(await knockWith(world.url, tokens.access_token)).toBe(200);
    await watched.close();
  });

  test("WCAG 2.1.1: by keyboard alone, from the first key to the API", async () => {
    const watched = await openWatchedTab(browser);
    const { keyboard } = watched.tab;
    const asked = request(publicClient());
    await watched.tab.goto(asked.url);
    // The page puts the caret where one writes first, once it is drawn: a key before that is lost.
    await expect.poll(() => focusedName(watched), { timeout: PATIENCE_MS }).toBe("email");
    await keyboard.type(ada().email);
    for (let presses = 0; (await focusedName(watched)) !== "password" && presses < 5; presses++) {
      await keyboard.press("Tab");
    }
    await keyboard.type(ada().password);
    await keyboard.press("Enter");
    await watched.tab.waitForURL(/\/consent\?/);
    for (let presses = 0; (await focusedName(watched)) !== "allow" && presses < 10; presses++) {
      await keyboard.press("Tab");
    }
    await keyboard.press("Enter");
    const tokens = await redeem(await broughtBack(watched), asked, publicClient());
    expect(await knockWith(world.url, tokens.access_token)).toBe(200);
    await watched.close();
  });
});

/** The name of the field, or the value of the button, that has the focus. */
function focusedName({ tab }: WatchedTab): Promise<string> {
  return tab.evaluate(() => {
    const { activeElement: element } = document;
    if (element instanceof HTMLInputElement) return element.name;
    return element instanceof HTMLButtonElement ? element.value : "";
  });
}
