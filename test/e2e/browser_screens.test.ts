import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page as Tab } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openBrowser } from "./pages/browser.ts";
import { overhang, poorContrasts, unnamedControls } from "./pages/looks.ts";
import { ask, type LoopbackClient, startLoopbackClient } from "./people/loopback_client.ts";
import { type MadeClient, newClient } from "./people/new_client.ts";
import { openWatchedTab, signInAt, type WatchedTab } from "./people/tab.ts";
import { tokenCall } from "./people/tokens.ts";
import { type PeopleWorld, startPeopleWorld } from "./people/world.ts";

const PICTURES = join(import.meta.dirname, "..", "..", "screenshots", "walk");

let browser: Browser;
let world: PeopleWorld;
let client: LoopbackClient;
let television: MadeClient;
let shop: MadeClient;

beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true });
  world = await startPeopleWorld();
  client = await startLoopbackClient();
  television = await newClient(world, {
    name: "Living-room television",
    token_endpoint_auth_methods: ["none"],
    grant_types: ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
  });
  shop = await newClient(world, {
    name: "Harbour shop",
    token_endpoint_auth_methods: ["client_secret_basic"],
    grant_types: ["authorization_code", "refresh_token"],
    redirect_uris: ["http://127.0.0.1/callback"],
    post_logout_redirect_uris: [`${client.origin}/bye`],
  });
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

/** Takes a picture of what stands there, in a column and on a desk, and looks at what can be measured. */
async function picture({ tab }: WatchedTab, scheme: string, name: string): Promise<void> {
  for (const width of [1280, 390]) {
    await tab.setViewportSize({ width, height: 844 });
    await tab.screenshot({ path: join(PICTURES, `${name}-${scheme}-${width}.png`), fullPage: true });
    expect.soft(await poorContrasts(tab, 4.5), `${name} at ${width}`).toEqual([]);
    expect.soft(await overhang(tab), `${name} at ${width}`).toBe(0);
    expect.soft(await unnamedControls(tab), `${name} at ${width}`).toEqual([]);
  }
}

function press(tab: Tab, name: string): Promise<void> {
  return tab.getByRole("button", { name, exact: true }).click();
}

async function deviceCode(): Promise<{
  readonly user_code: string;
  readonly device_code: string;
  readonly link: string;
}> {
  const answer = await fetch(`${world.url}/oauth2/device_authorization`, {
    method: "POST",
    body: new URLSearchParams({ client_id: television.id, scope: "openid offline_access orders:read" }),
  });
  const told = (await answer.json()) as { user_code: string; device_code: string; verification_uri_complete: string };
  return { ...told, link: told.verification_uri_complete };
}

function poll(device_code: string) {
  const grant_type = "urn:ietf:params:oauth:grant-type:device_code";
  return tokenCall(world.url, { clientId: television.id, secret: null }, { grant_type, device_code });
}

describe.each(["light", "dark"] as const)("every page of the walk, looked at in %s", (colorScheme) => {
  test("registration, forgotten password, errors: what a stranger meets", async () => {
    const watched = await openWatchedTab(browser, { colorScheme });
    const { tab } = watched;
    for (const [name, path] of [
      ["register", "/register"],
      ["forgot", "/forgot"],
      ["error", "/oauth2/authorize"],
    ] as const) {
      await tab.goto(`${world.url}${path}`);
      await picture(watched, colorScheme, name);
    }
    await tab.goto(`${world.url}/register`);
    await tab.getByRole("textbox", { name: "Email" }).fill(`ann-${colorScheme}@example.com`);
    await tab.getByRole("textbox", { name: "Password" }).fill("password");
    await press(tab, "Create account");
    await tab
      .getByText(/at least 15|15 characters/)
      .first()
      .waitFor();
    await picture(watched, colorScheme, "register-refused");
    await watched.close();
  });

  test("sign-in, consent, account, logout at a client's request", async () => {
    const watched = await openWatchedTab(browser, { colorScheme });
    const { tab } = watched;
    // Asked for by name: the first scheme's walk has agreed already.
    const asked = ask(world.url, { clientId: shop.id, redirectUri: client.redirectUri }, { prompt: "consent" });
    await tab.goto(asked.url);
    await picture(watched, colorScheme, "login");
    await signInAt(tab, { email: ada().email, password: "wrong wrong wrong" });
    await tab.getByRole("alert").waitFor();
    await picture(watched, colorScheme, "login-wrong");
    await signInAt(tab, ada());
    await tab.getByRole("button", { name: "Allow" }).waitFor();
    await picture(watched, colorScheme, "consent");
    await press(tab, "Allow");
    await tab.getByRole("heading", { name: "Back at the client" }).waitFor();
    const { id_token = "" } = await tokenCall(
      world.url,
      { clientId: shop.id, secret: shop.secret },
      {
        grant_type: "authorization_code",
        code: client.returned.at(-1)?.parameters.get("code") ?? "",
        redirect_uri: client.redirectUri,
        code_verifier: asked.verifier,
      },
    );
    await tab.goto(
      ask(world.url, { clientId: shop.id, redirectUri: client.redirectUri }, { prompt: "select_account" }).url,
    );
    await picture(watched, colorScheme, "select-account");
    await tab.goto(`${world.url}/account`);
    await picture(watched, colorScheme, "account");
    await tab.getByLabel("Current password", { exact: true }).fill("not this one at all");
    await tab.getByLabel("New password", { exact: true }).fill("a walk along the harbour wall");
    await press(tab, "Change password");
    await tab.getByText("This is not your current password.").waitFor();
    await picture(watched, colorScheme, "account-refused");

    // A stranger's link asks; the client's own, with the ID token of this session, does not.
    await tab.goto(`${world.url}/oauth2/logout?${new URLSearchParams({ client_id: shop.id })}`);
    await picture(watched, colorScheme, "logout");
    await press(tab, "Stay signed in");
    await tab.waitForURL(`${world.url}/account`);
    const back = { id_token_hint: id_token, post_logout_redirect_uri: `${client.origin}/bye`, state: "s t&te" };
    await tab.goto(`${world.url}/oauth2/logout?${new URLSearchParams(back)}`);
    await tab.waitForURL(`${client.origin}/bye?**`);
    expect(new URL(tab.url()).searchParams.get("state")).toBe("s t&te");
    await tab.goto(`${world.url}/account`);
    expect(new URL(tab.url()).pathname).toBe("/login");
    expect(watched.complaints).toEqual([]);
    await watched.close();
  });

  test("a device: the code is looked at, allowed and denied, and the device learns it", async () => {
    const watched = await openWatchedTab(browser, { colorScheme });
    const { tab } = watched;
    const first = await deviceCode();
    expect((await poll(first.device_code)).error).toBe("authorization_pending");
    await tab.goto(first.link);
    expect(new URL(tab.url()).pathname).toBe("/login");
    await signInAt(tab, ada());
    await tab.getByRole("textbox", { name: "Code" }).waitFor();
    expect(await tab.getByRole("textbox", { name: "Code" }).inputValue()).toBe(first.user_code);
    await picture(watched, colorScheme, "device");
    await press(tab, "Continue");
    await tab.getByRole("button", { name: "Allow" }).waitFor();
    const text = await tab.locator("main").textContent();
    for (const told of ["Living-room television", first.user_code, "Read orders"]) expect(text).toContain(told);
    await picture(watched, colorScheme, "device-confirm");
    await press(tab, "Allow");
    await tab.getByRole("heading", { name: "Your device is connected" }).waitFor();
    await picture(watched, colorScheme, "device-done");

    const second = await deviceCode();
    await tab.goto(`${world.url}/device`);
    await tab.getByRole("textbox", { name: "Code" }).fill("BCDF-GHJK");
    await press(tab, "Continue");
    await tab.getByText("There is no such code").waitFor();
    await picture(watched, colorScheme, "device-unknown");
    await tab.getByRole("textbox", { name: "Code" }).fill(second.user_code.toLowerCase().replace("-", ""));
    await press(tab, "Continue");
    await press(tab, "Deny");
    await tab.getByRole("heading", { name: "Nothing was connected" }).waitFor();
    expect((await poll(second.device_code)).error).toBe("access_denied");
    await tab.goto(`${world.url}/account`);
    await press(tab, "Sign out");
    await tab.getByRole("heading", { name: "You are signed out" }).waitFor();
    await picture(watched, colorScheme, "signed-out");
    expect(watched.complaints).toEqual([]);
    await watched.close();
  });
});
