import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page as Tab } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formPostPage } from "../../src/issuer/pages/form_post_page.tsx";
import { openBrowser, PATIENCE_MS } from "./pages/browser.ts";
import { brokenTies, overhang, poorContrasts, tabFaults, unnamedControls } from "./pages/looks.ts";
import { samples } from "./pages/samples.ts";
import { openSite, type PageSite } from "./pages/site.ts";

const PICTURES = join(import.meta.dirname, "..", "..", "screenshots", "pages");
const NAMES = Object.keys(samples("https://client.example/cb"));
const SCHEMES = ["light", "dark"] as const;

let browser: Browser;
let site: PageSite;
/** Another origin: a client's. */
let client: PageSite;

beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true });
  client = await openSite();
  site = await openSite(`${client.url}/received`);
  browser = await openBrowser();
});

afterAll(async () => {
  await browser?.close();
  await site?.close();
  await client?.close();
});

/** A tab that writes down what goes wrong in it, and where it asks for anything. */
async function openTab(options: BrowserContextOptions) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(PATIENCE_MS);
  const tab = await context.newPage();
  const complaints: string[] = [];
  const asked: string[] = [];
  tab.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  tab.on("pageerror", (error) => complaints.push(error.message));
  tab.on("dialog", (dialog) => {
    complaints.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  tab.on("request", (request) => asked.push(request.url()));
  return { tab, complaints, asked, close: () => context.close() };
}

const standing = new Map<string, ReturnType<typeof openTab>>();

/**
 * A tab to look at the page `name` in. It stays open for the next page, because opening one takes longer than looking; pages
 * leave nothing behind in it. The page that sends itself stands still only with scripts off.
 */
async function openLook(name: string, colorScheme: "light" | "dark", width: number) {
  const viewport = { width, height: 844 };
  const options = { colorScheme, viewport, javaScriptEnabled: name !== "form-post" };
  const key = JSON.stringify(options);
  const opening = standing.get(key) ?? openTab(options);
  standing.set(key, opening);
  const { tab, complaints, asked } = await opening;
  await tab.goto("about:blank");
  await tab.setViewportSize(viewport);
  complaints.length = 0;
  asked.length = 0;
  return { tab, complaints, asked };
}

async function readsWell(tab: Tab): Promise<void> {
  expect(await poorContrasts(tab, 4.5)).toEqual([]);
  expect(await overhang(tab)).toBe(0);
}

describe.each(NAMES)("%s", (name) => {
  test.each(SCHEMES)(
    "WCAG 2.2 AA in %s: contrast, reflow, names; nothing is asked for, nothing complains",
    async (scheme) => {
      const { tab, complaints, asked } = await openLook(name, scheme, 390);
      await tab.goto(`${site.url}/${name}`);
      await readsWell(tab);
      expect(await unnamedControls(tab)).toEqual([]);
      expect(await brokenTies(tab)).toEqual([]);
      await tab.screenshot({ path: join(PICTURES, `${name}-${scheme}-390.png`), fullPage: true });
      await tab.setViewportSize({ width: 1280, height: 800 });
      await readsWell(tab);
      await tab.screenshot({ path: join(PICTURES, `${name}-${scheme}-1280.png`), fullPage: true });
      // 1.4.10: 320 px is a page of 1280 px at 400 %.
      await tab.setViewportSize({ width: 320, height: 640 });
      expect(await overhang(tab)).toBe(0);
      expect(complaints).toEqual([]);
      expect(asked.filter((url) => !url.startsWith("data:"))).toEqual([`${site.url}/${name}`]);
    },
  );

  test("WCAG 2.2 2.1.1, 2.4.7: the keyboard reaches every control, and one sees where it is", async () => {
    const { tab } = await openLook(name, "light", 1280);
    await tab.goto(`${site.url}/${name}`);
    expect(await tabFaults(tab)).toEqual([]);
    expect(await tab.locator("main h1").count()).toBe(1);
    expect(await tab.locator("html[lang]").count()).toBe(1);
  });
});

describe("V6.2.6, V6.2.7: passwords", () => {
  test("are typed hidden, can be pasted, and are known to password managers", async () => {
    const { tab, close } = await openTab({});
    await tab.goto(`${site.url}/register`);
    const password = tab.getByLabel("Password", { exact: true });
    expect(await password.getAttribute("type")).toBe("password");
    expect(await password.getAttribute("autocomplete")).toBe("new-password");
    expect(await password.getAttribute("maxlength")).toBeNull();
    await tab.getByLabel("Email").fill("correct horse battery staple");
    await tab.getByLabel("Email").evaluate((input: HTMLInputElement) => input.select());
    await tab.keyboard.press("Control+C");
    await password.focus();
    await tab.keyboard.press("Control+V");
    expect(await password.inputValue()).toBe("correct horse battery staple");
    await close();
  });

  test("can be looked at where scripts run, and the form works where they do not", async () => {
    const { tab, close } = await openTab({});
    await tab.goto(`${site.url}/login`);
    const password = tab.locator("input[name=password]");
    await tab.getByRole("button", { name: "Show password" }).click();
    expect(await password.getAttribute("type")).toBe("text");
    await tab.getByRole("button", { name: "Hide password" }).click();
    expect(await password.getAttribute("type")).toBe("password");
    await close();
    const without = await openTab({ javaScriptEnabled: false });
    await without.tab.goto(`${site.url}/login`);
    expect(await without.tab.getByRole("button").allTextContents()).toEqual(["Sign in"]);
    await without.close();
  });
});

describe("V1.2.1: what others wrote stays text", () => {
  test.each(["login-hostile", "consent-hostile"])("%s: no script, no link but to http, one line", async (name) => {
    const { tab, complaints, close } = await openTab({});
    await tab.goto(`${site.url}/${name}`);
    expect(await tab.locator("script:not([nonce])").count()).toBe(0);
    expect(await tab.locator('a[href^="javascript:"]').count()).toBe(0);
    expect(await tab.locator("main").textContent()).toContain('"><script>alert(1)</script>');
    expect(await tab.locator("main").textContent()).not.toContain("\u202e");
    expect(complaints).toEqual([]);
    await close();
  });
});

describe("OAuth 2.0 Form Post Response Mode 2", () => {
  const expected = new URLSearchParams([
    ["code", "spc_x.y"],
    ["state", '"><script>alert(1)</script>'],
    ["submit", "hides the form's method"],
    ["iss", "https://auth.example.com"],
  ]).toString();

  test("sends itself to another origin, which form-action allows", async () => {
    const { tab, complaints, close } = await openTab({});
    // It does not stand still until it is loaded.
    await tab.goto(`${site.url}/form-post`, { waitUntil: "commit" });
    await tab.waitForURL(`${client.url}/received`);
    expect(client.posted()).toBe(expected);
    expect(complaints).toEqual([]);
    await close();
  });

  test("with scripts off its button does", async () => {
    const { tab, close } = await openTab({ javaScriptEnabled: false });
    await tab.goto(`${site.url}/form-post`);
    await tab.getByRole("button", { name: "Continue" }).click();
    await tab.waitForURL(`${client.url}/received`);
    expect(client.posted()).toBe(expected);
    await close();
  });

  test("positive control: an origin that the page does not name gets nothing", async () => {
    const received = `${client.url}/received`;
    const page = formPostPage({ redirectUri: received, parameters: [["code", "stolen"]], clientName: "x" });
    site.add("unnamed-target", { ...page, leadsTo: [] });
    const { tab, complaints, close } = await openTab({});
    await tab.goto(`${site.url}/unnamed-target`, { waitUntil: "commit" });
    await expect.poll(() => complaints.join(), { timeout: PATIENCE_MS }).toContain("form-action");
    expect(client.posted()).not.toContain("stolen");
    await close();
  });
});

describe("V3.5.1: the check of Origin is one that our own forms pass", () => {
  test("a form of ours says where it comes from: the pages' referrer policy does not make it null", async () => {
    site.add("own-form", formPostPage({ redirectUri: `${site.url}/received`, parameters: [], clientName: "x" }));
    const { tab, close } = await openTab({ javaScriptEnabled: false });
    await tab.goto(`${site.url}/own-form`);
    await tab.getByRole("button", { name: "Continue" }).click();
    await tab.waitForURL(`${site.url}/received`);
    expect(site.postedFrom()).toBe(site.url);
    await close();
  });
});
