import type { Browser, BrowserContextOptions } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openBrowser } from "./pages/browser.ts";
import { ask, type LoopbackClient, startLoopbackClient } from "./people/loopback_client.ts";
import { openWatchedTab, sessionOf, signInAt, type WatchedTab } from "./people/tab.ts";
import { knockWith, type Redeemer, type Tokens, tokenCall } from "./people/tokens.ts";
import { type PeopleWorld, startPeopleWorld } from "./people/world.ts";
import { msUntil } from "./until.ts";

/** The bound of the edge feed, with a round trip to it. */
const BOUND_MS = 3_000 + 250;

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

interface Person {
  readonly email: string;
  readonly password: string;
}

/** One of the demo's users: each test has its own, because a change of one test is in the way of the next. */
function user(at: 0 | 1): Person {
  const found = world.demo.users[at];
  if (found === undefined) throw new Error("the demo has too few users");
  return found;
}

function webClient(): Redeemer {
  return { clientId: world.demo.webClient.id, secret: world.demo.webClient.secret };
}

/** Signs `person` in at `watched`, lets the web client in, and redeems what it got. */
async function connect({ tab }: WatchedTab, person: Person): Promise<Tokens> {
  const asked = ask(world.url, { clientId: webClient().clientId, redirectUri: client.redirectUri });
  await tab.goto(asked.url);
  if (new URL(tab.url()).pathname === "/login") await signInAt(tab, person);
  await tab.getByRole("button", { name: "Allow" }).click();
  await tab.getByRole("heading", { name: "Back at the client" }).waitFor();
  return tokenCall(world.url, webClient(), {
    grant_type: "authorization_code",
    code: client.returned.at(-1)?.parameters.get("code") ?? "",
    redirect_uri: client.redirectUri,
    code_verifier: asked.verifier,
  });
}

async function refreshed({ refresh_token = "" }: Tokens): Promise<string | undefined> {
  return (await tokenCall(world.url, webClient(), { grant_type: "refresh_token", refresh_token })).error;
}

/** The gate takes `token` in no call that sets out later after `sinceMs` than what it knows may be old. */
async function refusedInTime(what: string, token: string, sinceMs: number): Promise<void> {
  const ms = await msUntil(401, () => knockWith(world.url, token), sinceMs);
  console.info(`${what}: refused ${ms} ms after the page`);
  expect(ms).toBeLessThanOrEqual(BOUND_MS);
}

async function openAccount(person: Person, options: BrowserContextOptions = {}): Promise<WatchedTab> {
  const watched = await openWatchedTab(browser, options);
  await watched.tab.goto(`${world.url}/login`);
  await signInAt(watched.tab, person);
  await watched.tab.waitForURL(`${world.url}/account`);
  return watched;
}

/** The texts of the mails that wait for `recipient`. */
async function mailsTo(recipient: string): Promise<readonly string[]> {
  const sql = "SELECT body FROM mail_outbox WHERE recipient = ? ORDER BY seq";
  const { results } = await world.db.prepare(sql).bind(recipient).all<{ body: string }>();
  return results.map(({ body }) => body);
}

describe("the account page in Chromium", () => {
  test("V10.7.3: a connected app is listed and withdrawn: its refresh token is dead, the gate refuses its access token", async () => {
    const watched = await openWatchedTab(browser);
    const { tab } = watched;
    const tokens = await connect(watched, user(0));
    expect(await knockWith(world.url, tokens.access_token)).toBe(200);
    await tab.goto(`${world.url}/account`);
    const apps = tab.getByRole("region", { name: "Connected apps" });
    const text = await apps.textContent();
    expect(text).toContain("Demo web shop");
    expect(text).toContain("Read orders");
    await apps.getByRole("button", { name: "Withdraw the access of Demo web shop" }).click();
    await tab.getByRole("status").waitFor();
    const withdrawnMs = Date.now();
    expect(await apps.textContent()).not.toContain("Demo web shop");
    expect(await refreshed(tokens)).toBe("invalid_grant");
    await refusedInTime("withdrawn access", tokens.access_token, withdrawnMs);
    // And the next visit has to ask again.
    await tab.goto(ask(world.url, { clientId: webClient().clientId, redirectUri: client.redirectUri }).url);
    expect(new URL(tab.url()).pathname).toBe("/consent");
    expect(watched.complaints).toEqual([]);
    await watched.close();
  });

  test("V7.5.2: another browser's session is listed and ended; this one goes on", async () => {
    const here = await openAccount(user(0));
    const there = await openAccount(user(0), { userAgent: "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Firefox/140.0" });
    await here.tab.reload();
    const sessions = here.tab.getByRole("region", { name: "Where you are signed in" });
    expect(await sessions.getByText("This browser").count()).toBe(1);
    const before = await sessions.getByRole("listitem").count();
    await sessions.getByRole("button", { name: "End the session Firefox on Windows" }).click();
    await here.tab.getByRole("status").waitFor();
    expect(await sessions.getByRole("listitem").count()).toBe(before - 1);
    await there.tab.reload();
    expect(new URL(there.tab.url()).pathname).toBe("/login");
    await here.tab.reload();
    expect(new URL(here.tab.url()).pathname).toBe("/account");
    await Promise.all([here.close(), there.close()]);
  });

  test("V7.4.3, V6.2.3: a new password wants the old one, ends the other sessions, and is the one that signs in", async () => {
    const person = user(1);
    const [here, there] = [await openAccount(person), await openAccount(person)];
    const tokens = await connect(here, person);
    await here.tab.goto(`${world.url}/account`);
    const next = "a walk along the harbour wall";
    const change = async (current: string) => {
      await here.tab.getByLabel("Current password", { exact: true }).fill(current);
      await here.tab.getByLabel("New password", { exact: true }).fill(next);
      await here.tab.getByRole("button", { name: "Change password" }).click();
    };
    await change("this was never the password");
    await here.tab.getByText("This is not your current password.").waitFor();
    const before = await sessionOf(here);
    await change(person.password);
    await here.tab.getByRole("status").waitFor();
    const changedMs = Date.now();
    expect(await sessionOf(here)).not.toBe(before);
    expect(await refreshed(tokens)).toBe("invalid_grant");
    await refusedInTime("new password", tokens.access_token, changedMs);
    await there.tab.reload();
    expect(new URL(there.tab.url()).pathname).toBe("/login");
    await signInAt(there.tab, person);
    await there.tab.getByRole("alert").waitFor();
    await signInAt(there.tab, { email: person.email, password: next });
    await there.tab.waitForURL(`${world.url}/account`);
    expect(await mailsTo(person.email)).toEqual([expect.stringContaining("password")]);
    expect((await mailsTo(person.email)).join()).not.toContain(next);
    await Promise.all([here.close(), there.close()]);
  });

  test("V7.4.1: signing out ends the session itself: the old cookie, planted again, opens the login page", async () => {
    const watched = await openAccount(user(0));
    const old = await sessionOf(watched);
    await watched.tab.getByRole("button", { name: "Sign out", exact: true }).click();
    await watched.tab.getByRole("heading", { name: "You are signed out" }).waitFor();
    expect(await sessionOf(watched)).toBeNull();
    await watched.context.addCookies([{ name: "sallyport_session", value: old ?? "", url: world.url }]);
    await watched.tab.goto(`${world.url}/account`);
    expect(new URL(watched.tab.url()).pathname).toBe("/login");
    expect(watched.complaints).toEqual([]);
    await watched.close();
  });
});
