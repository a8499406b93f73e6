import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openBrowser } from "./pages/browser.ts";
import { type Asked, ask, type LoopbackClient, startLoopbackClient } from "./people/loopback_client.ts";
import { newClient } from "./people/new_client.ts";
import { openWatchedTab, sessionOf, signInAt, type WatchedTab } from "./people/tab.ts";
import { knockWith, type Redeemer, type Tokens, tokenCall } from "./people/tokens.ts";
import { type PeopleWorld, startPeopleWorld } from "./people/world.ts";

/*
 * Chromium holds a page's `form-action` against every redirect that follows its form, to the last one. A client whose callback
 * goes on to an application at another origin must not leave the person standing on our page.
 */
let browser: Browser;
let world: PeopleWorld;
/** Its callbacks show nothing: they redirect on to the application. */
let client: LoopbackClient;
/** At another origin, on another site, and known to nobody here. */
let application: LoopbackClient;
let shop: Redeemer;

beforeAll(async () => {
  [world, client, application] = await Promise.all([
    startPeopleWorld(),
    startLoopbackClient(),
    startLoopbackClient("localhost"),
  ]);
  for (const path of ["/callback", "/bye"]) client.sendOn(path, `${application.origin}/home?from=${path.slice(1)}`);
  application.show("/home", "<!doctype html><title>Application</title><h1>At home</h1>");
  const made = await newClient(world, {
    name: "Shop",
    token_endpoint_auth_methods: ["client_secret_basic"],
    grant_types: ["authorization_code", "refresh_token"],
    redirect_uris: [client.redirectUri],
    post_logout_redirect_uris: [`${client.origin}/bye`],
  });
  shop = { clientId: made.id, secret: made.secret };
  browser = await openBrowser();
});

afterAll(async () => {
  await browser?.close();
  await Promise.all([client?.close(), application?.close(), world?.dispose()]);
});

function ada() {
  const [user] = world.demo.users;
  if (user === undefined) throw new Error("the demo has no users");
  return user;
}

function asked(extra?: Readonly<Record<string, string>>): Asked {
  return ask(world.url, { clientId: shop.clientId, redirectUri: client.redirectUri }, extra);
}

/** The tokens for what came back last, once the tab is where the callback led it. */
async function atHome({ tab, complaints }: WatchedTab, request: Asked): Promise<Tokens> {
  await tab.getByRole("heading", { name: "At home" }).waitFor();
  expect(tab.url()).toBe(`${application.origin}/home?from=callback`);
  expect(complaints).toEqual([]);
  const parameters = client.returned.at(-1)?.parameters;
  expect(parameters?.get("state")).toBe(request.state);
  return tokenCall(world.url, shop, {
    grant_type: "authorization_code",
    code: parameters?.get("code") ?? "",
    redirect_uri: client.redirectUri,
    code_verifier: request.verifier,
  });
}

describe("V3.4.3: form-action lets Chromium follow the redirects, the client's own too", () => {
  test("after consent, by redirect and by form_post, after the choice of an account, after a sign-in alone", async () => {
    const watched = await openWatchedTab(browser);
    const { tab } = watched;
    const steps = [
      [{}, "Allow"],
      [{ prompt: "consent", response_mode: "form_post" }, "Allow"],
      [{ prompt: "select_account" }, "Continue with this account"],
      [{ prompt: "login" }, null],
    ] as const;
    for (const [extra, button] of steps) {
      const request = asked(extra);
      await tab.goto(request.url);
      if (new URL(tab.url()).pathname === "/login") await signInAt(tab, ada());
      if (button !== null) await tab.getByRole("button", { name: button }).click();
      expect(await knockWith(world.url, (await atHome(watched, request)).access_token)).toBe(200);
    }
    await watched.close();
  });
});

describe("OpenID Connect RP-Initiated Logout 2, 3 in Chromium", () => {
  const leave = (parameters: Readonly<Record<string, string>>) =>
    `${world.url}/oauth2/logout?${new URLSearchParams({ post_logout_redirect_uri: `${client.origin}/bye`, ...parameters })}`;

  test("a client that only names itself: the page asks; staying changes nothing, leaving ends the session and leads on", async () => {
    const watched = await openWatchedTab(browser);
    const { tab } = watched;
    await tab.goto(`${world.url}/login`);
    await signInAt(tab, ada());
    await tab.waitForURL(`${world.url}/account`);
    const session = await sessionOf(watched);
    const url = leave({ client_id: shop.clientId, state: "a&b" });
    await tab.goto(url);
    expect(await tab.locator("main").textContent()).toContain("Shop");
    await tab.getByRole("button", { name: "Stay signed in" }).click();
    await tab.waitForURL(`${world.url}/account`);
    expect(await sessionOf(watched)).toBe(session);
    await tab.goto(url);
    const bye = tab.waitForRequest((request) => request.url().startsWith(`${client.origin}/bye`));
    await tab.getByRole("button", { name: "Sign out" }).click();
    expect(new URL((await bye).url()).searchParams.get("state")).toBe("a&b");
    await tab.waitForURL(`${application.origin}/home?from=bye`);
    expect(await sessionOf(watched)).toBeNull();
    expect(watched.complaints).toEqual([]);
    await watched.context.addCookies([{ name: "sallyport_session", value: session ?? "", url: world.url }]);
    await tab.goto(`${world.url}/account`);
    expect(new URL(tab.url()).pathname).toBe("/login");
    await watched.close();
  });

  test("a client that proves itself by its ID token: nobody is asked", async () => {
    const watched = await openWatchedTab(browser);
    const { tab } = watched;
    const request = asked({ prompt: "consent" });
    await tab.goto(request.url);
    await signInAt(tab, ada());
    await tab.getByRole("button", { name: "Allow" }).click();
    const { id_token = "" } = await atHome(watched, request);
    await tab.goto(leave({ id_token_hint: id_token }));
    await tab.waitForURL(`${application.origin}/home?from=bye`);
    expect(await sessionOf(watched)).toBeNull();
    await watched.close();
  });
});
