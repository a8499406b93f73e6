import type { Browser, Page as Tab } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openBrowser } from "./pages/browser.ts";
import { ask, type LoopbackClient, startLoopbackClient } from "./people/loopback_client.ts";
import { linkMailedTo, mailsTo } from "./people/mails.ts";
import { openWatchedTab, sessionOf, signInAt, type WatchedTab } from "./people/tab.ts";
import { knockWith, type Redeemer, tokenCall } from "./people/tokens.ts";
import { type PeopleWorld, startPeopleWorld } from "./people/world.ts";

/** A person, their mailbox and their browsers: what is mailed is opened in Chromium, here and elsewhere, once and again. */
let browser: Browser;
let world: PeopleWorld;
let client: LoopbackClient;

beforeAll(async () => {
  [world, client, browser] = await Promise.all([startPeopleWorld(), startLoopbackClient(), openBrowser()]);
});

afterAll(async () => {
  await browser?.close();
  await Promise.all([client?.close(), world?.dispose()]);
});

const NEW = { email: "katherine@example.org", password: "eleven orbits and a splash" };
const NEXT = "a slide rule and a window seat";

function webClient(): Redeemer {
  return { clientId: world.demo.webClient.id, secret: world.demo.webClient.secret };
}

/** Sends the only form of the page on, and waits for the heading that follows. */
async function send(tab: Tab, button: string, heading: string): Promise<void> {
  await tab.getByRole("button", { name: button }).click();
  await tab.getByRole("heading", { name: heading }).waitFor();
}

async function expectDead(tab: Tab, link: string): Promise<void> {
  expect((await tab.goto(link))?.status()).toBe(410);
  await tab.getByRole("heading", { name: "This link does not work" }).waitFor();
}

/** Lets the web client in at `watched`, who is signed in or signs in on the way; the refresh token that it gets. */
async function connect({ tab }: WatchedTab, extra: () => Promise<void>): Promise<string> {
  const asked = ask(world.url, { clientId: webClient().clientId, redirectUri: client.redirectUri });
  await tab.goto(asked.url);
  await extra();
  await tab.getByRole("button", { name: "Allow" }).click();
  await tab.getByRole("heading", { name: "Back at the client" }).waitFor();
  const tokens = await tokenCall(world.url, webClient(), {
    grant_type: "authorization_code",
    code: client.returned.at(-1)?.parameters.get("code") ?? "",
    redirect_uri: client.redirectUri,
    code_verifier: asked.verifier,
  });
  expect(await knockWith(world.url, tokens.access_token)).toBe(200);
  return tokens.refresh_token ?? "";
}

async function refreshed(refresh_token: string): Promise<string> {
  return (await tokenCall(world.url, webClient(), { grant_type: "refresh_token", refresh_token })).error ?? "works";
}

describe("a person makes an account and forgets its password, in Chromium", () => {
  let here: WatchedTab;
  let phone: WatchedTab;
  let refreshToken: string;

  beforeAll(async () => {
    [here, phone] = await Promise.all([openWatchedTab(browser), openWatchedTab(browser)]);
  });

  test("registers on the way to a client, confirms on the phone, and arrives at the client", async () => {
    const { tab } = here;
    refreshToken = await connect(here, async () => {
      await tab.getByRole("link", { name: "Create an account" }).click();
      await tab.getByRole("textbox", { name: "Email" }).fill(NEW.email);
      await tab.getByLabel("Password", { exact: true }).fill("too short");
      await tab.getByRole("button", { name: "Create account" }).click();
      await tab.getByText("The password is too short").waitFor();
      await tab.getByLabel("Password", { exact: true }).fill(NEW.password);
      await send(tab, "Create account", "Check your mail");
      await tab.getByRole("link", { name: "Go to sign-in" }).click();
      await signInAt(tab, NEW);
      // Nobody signs in with an address that may be somebody else's.
      await tab.getByRole("alert").waitFor();
      const link = await linkMailedTo(world, NEW.email, "verify_email");
      for (const where of [here.context, phone.context]) {
        const look = await where.newPage();
        await look.goto(link);
        await look.getByRole("heading", { name: "Confirm your email address" }).waitFor();
        const asked = where === here.context ? 0 : 1;
        expect(await look.getByLabel("Password", { exact: true }).count(), "not where it was registered").toBe(asked);
        await look.close();
      }
      await phone.tab.goto(link);
      await phone.tab.getByLabel("Password", { exact: true }).fill(NEXT);
      await send(phone.tab, "Yes, confirm it", "Confirm your email address");
      await phone.tab.getByText("This is not the password of the account.").waitFor();
      await phone.tab.getByLabel("Password", { exact: true }).fill(NEW.password);
      await send(phone.tab, "Yes, confirm it", "Your email address is confirmed");
      expect(await sessionOf(phone), "a link signs nobody in").toBeNull();
      await expectDead(phone.tab, link);
      await signInAt(tab, NEW);
      await tab.waitForURL(/\/consent\?/);
    });
    expect(here.complaints).toEqual([]);
  });

  test("V6.4.3: forgets it: the link is looked at twice and used once; everything else ends, the old password too", async () => {
    await phone.tab.goto(`${world.url}/login`);
    await phone.tab.getByRole("link", { name: "Forgot" }).click();
    await phone.tab.getByRole("textbox", { name: "Email" }).fill(NEW.email);
    await send(phone.tab, "Send the link", "Check your mail");
    const link = await linkMailedTo(world, NEW.email, "reset_password");
    const other = await openWatchedTab(browser);
    for (const { tab } of [phone, other]) {
      await tab.goto(link);
      expect(await tab.locator("input[name=email]").inputValue()).toBe(NEW.email);
    }
    await other.tab.getByLabel("New password", { exact: true }).fill(NEXT);
    await send(other.tab, "Set the password", "Your password is set");
    expect(await sessionOf(other), "whoever resets signs in anew").toBeNull();

    // The form that stands open elsewhere is of no use any more, nor is the link, anywhere.
    await phone.tab.getByLabel("New password", { exact: true }).fill("the password of a thief of links");
    await send(phone.tab, "Set the password", "This link does not work");
    for (const { tab } of [phone, other, here]) await expectDead(tab, link);
    expect(await refreshed(refreshToken)).toBe("invalid_grant");
    expect(await sessionOf(here), "the cookie is there, and opens nothing").not.toBeNull();
    await here.tab.goto(`${world.url}/account`);
    expect(new URL(here.tab.url()).pathname).toBe("/login");

    await signInAt(here.tab, NEW);
    await here.tab.getByRole("alert").waitFor();
    await signInAt(here.tab, { email: NEW.email, password: NEXT });
    await here.tab.waitForURL(`${world.url}/account`);
    const [told] = await mailsTo(world, NEW.email);
    expect(told?.kind).toBe("password_changed");
    expect(told?.text).not.toContain(NEXT);
    expect(told?.text).not.toContain("token=");
    await other.close();
  });

  test("V6.3.8: a second registration of the address is told the same, and its mail opens the account to its owner alone", async () => {
    await phone.tab.goto(`${world.url}/register`);
    await phone.tab.getByRole("textbox", { name: "Email" }).fill(NEW.email.toUpperCase());
    await phone.tab.getByLabel("Password", { exact: true }).fill("the password of somebody else");
    await send(phone.tab, "Create account", "Check your mail");
    await here.tab.goto(`${world.url}/account`);
    expect(new URL(here.tab.url()).pathname, "nothing has ended").toBe("/account");
    await phone.tab.goto(await linkMailedTo(world, NEW.email, "address_in_use"));
    expect(await phone.tab.locator("input[name=email]").inputValue()).toBe(NEW.email);
    for (const { complaints, origins } of [here, phone]) {
      expect(complaints).toEqual([]);
      expect([...origins].filter((origin) => origin !== world.url && origin !== client.origin)).toEqual([]);
    }
  });

  test("V6.3.7: the account moves to another address, without scripts; the old mailbox takes it back", async () => {
    const moved = "katherine@countess.example";
    const plain = await openWatchedTab(browser, { javaScriptEnabled: false });
    const { tab } = plain;
    await here.tab.goto(`${world.url}/account`);
    await here.tab.getByRole("link", { name: "Change your email address" }).click();
    await here.tab.getByRole("textbox", { name: "New email address" }).fill(moved);
    await here.tab.getByLabel("Current password", { exact: true }).fill(NEXT);
    await send(here.tab, "Send the link", "Check your mail");

    // Elsewhere the link asks for a sign-in, and leads back to the question.
    await tab.goto(await linkMailedTo(world, moved, "change_email"));
    await tab.getByRole("link", { name: "Sign in" }).click();
    await signInAt(tab, { email: NEW.email, password: NEXT });
    await tab.getByRole("heading", { name: "Use this email address?" }).waitFor();
    await tab.getByRole("button", { name: "Yes, change it" }).click();
    await tab.waitForURL(`${world.url}/account`);
    const mine = tab.getByRole("region", { name: "Email address" });
    expect(await mine.textContent()).toContain(moved);

    await phone.tab.goto(await linkMailedTo(world, NEW.email, "email_changed"));
    await phone.tab.getByLabel("New password", { exact: true }).fill(NEW.password);
    await send(phone.tab, "Take the account back", "Your password is set");
    await phone.tab.goto(`${world.url}/login`);
    await signInAt(phone.tab, NEW);
    await phone.tab.waitForURL(`${world.url}/account`);
    for (const watched of [here, plain]) {
      await watched.tab.goto(`${world.url}/account`);
      expect(new URL(watched.tab.url()).pathname).toBe("/login");
      expect(watched.complaints).toEqual([]);
    }
    await plain.close();
  });

  afterAll(() => Promise.all([here?.close(), phone?.close()]));
});
