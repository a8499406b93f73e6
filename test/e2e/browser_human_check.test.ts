import { mkdirSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { forgotPage } from "../../src/issuer/pages/forgot_page.tsx";
import { loginPage } from "../../src/issuer/pages/login_page.tsx";
import { calledServer } from "./called_server.ts";
import { openBrowser, PATIENCE_MS } from "./pages/browser.ts";
import { overhang, poorContrasts } from "./pages/looks.ts";
import { openSite, type PageSite } from "./pages/site.ts";

const PICTURES = join(import.meta.dirname, "..", "..", "screenshots", "pages");
const SEAL = { formToken: "t", tx: null };

/** Does what Turnstile's own script does, as far as a page's policy can tell: a frame of its own host, more scripts, a field in the form. */
const API = `
const origin = new URL(document.currentScript.src).origin;
const more = document.createElement("script");
more.src = origin + "/more.js";
document.head.append(more);
for (const place of document.querySelectorAll(".cf-turnstile")) {
  const frame = document.createElement("iframe");
  frame.title = "The check";
  frame.style.cssText = "width:100%;height:65px;border:1px solid #999";
  frame.src = origin + "/frame?k=" + place.dataset.sitekey + "&a=" + place.dataset.action;
  const field = Object.assign(document.createElement("input"), { type: "hidden", name: "cf-turnstile-response" });
  place.append(frame, field);
  addEventListener("message", (event) => { if (event.origin === origin) field.value = event.data; });
}`;
const FRAME = `<!doctype html><title>check</title><body style="font:16px sans-serif">
<button onclick="parent.postMessage('0.solved' + location.search.replace(/\\W/g, '-'), '*')">I am a person</button>`;

let browser: Browser;
let site: PageSite;
let turnstile: Server;
let host: string;
let moreAsked = 0;

beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true });
  turnstile = calledServer((request, response) => {
    const isFrame = request.url?.startsWith("/frame") === true;
    if (request.url === "/more.js") moreAsked += 1;
    // A connection that is kept may be closed by one side while the other begins to use it: on a slow machine that happens.
    response.writeHead(200, { "content-type": isFrame ? "text/html" : "text/javascript", connection: "close" });
    response.end(isFrame ? FRAME : request.url === "/api.js" ? API : "");
  });
  await new Promise<void>((resolve) => turnstile.listen(0, "127.0.0.1", resolve));
  host = `http://127.0.0.1:${(turnstile.address() as AddressInfo).port}`;
  site = await openSite();
  const widget = { siteKey: "0x4", action: "sallyport_login", scriptUrl: `${host}/api.js` };
  const problem = { kind: "human_required" } as const;
  site.add(
    "check",
    loginPage({ seal: SEAL, client: null, again: false, email: "ada@example.com", problem, widget, leadsTo: [] }),
  );
  site.add("check-forgot", forgotPage({ seal: SEAL, email: "", retryAfterSeconds: null, human: null, widget }));
  browser = await openBrowser();
});

afterAll(async () => {
  await browser?.close();
  await site?.close();
  turnstile?.closeAllConnections();
  await new Promise((resolve) => turnstile?.close(resolve));
});

async function openTab(javaScriptEnabled: boolean, colorScheme: "light" | "dark" = "light") {
  const context = await browser.newContext({ javaScriptEnabled, colorScheme, viewport: { width: 390, height: 844 } });
  context.setDefaultTimeout(PATIENCE_MS);
  const tab = await context.newPage();
  const complaints: string[] = [];
  tab.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  tab.on("pageerror", (error) => complaints.push(error.message));
  return { tab, complaints, close: () => context.close() };
}

describe("the check that a person is there, in a browser", () => {
  test.each(["light", "dark"] as const)(
    "%s: the widget runs under the page's policy, and its proof goes with the form",
    async (scheme) => {
      const { tab, complaints, close } = await openTab(true, scheme);
      const before = moreAsked;
      await tab.goto(`${site.url}/check`);
      await tab.frameLocator("iframe").getByRole("button").waitFor();
      await tab.screenshot({ path: join(PICTURES, `human-check-${scheme}-390.png`), fullPage: true });
      expect(await poorContrasts(tab, 4.5)).toEqual([]);
      expect(await overhang(tab)).toBe(0);
      await tab.frameLocator("iframe").getByRole("button").click();
      await tab.waitForFunction(
        () => document.querySelector<HTMLInputElement>("[name=cf-turnstile-response]")?.value !== "",
      );
      await tab.fill("#password", "teal gravel mitten otter");
      const [request] = await Promise.all([
        tab.waitForRequest((one) => one.method() === "POST"),
        tab.getByRole("button", { name: "Sign in" }).click(),
      ]);
      expect(new URLSearchParams(request.postData() ?? "").get("cf-turnstile-response")).toBe(
        "0.solved-k-0x4-a-sallyport_login",
      );
      expect(moreAsked).toBe(before + 1);
      expect(complaints.filter((text) => !text.includes("404"))).toEqual([]);
      await close();
    },
  );

  test("a page without a script of its own lets the widget in as well", async () => {
    const { tab, complaints, close } = await openTab(true);
    await tab.goto(`${site.url}/check-forgot`);
    await tab.frameLocator("iframe").getByRole("button").waitFor();
    expect(complaints).toEqual([]);
    await close();
  });

  test("a page that asks nothing lets neither script nor frame of that host in", async () => {
    const { tab, complaints, close } = await openTab(true);
    await tab.goto(`${site.url}/login`);
    const before = moreAsked;
    await tab.evaluate((origin) => {
      document.body.append(Object.assign(document.createElement("iframe"), { src: `${origin}/frame` }));
      document.body.append(Object.assign(document.createElement("script"), { src: `${origin}/more.js` }));
    }, host);
    await expect.poll(() => complaints.filter((text) => text.includes("Content Security Policy")).length).toBe(2);
    expect(moreAsked).toBe(before);
    await close();
  });

  test("with scripts off the form says what it needs", async () => {
    const { tab, close } = await openTab(false);
    await tab.goto(`${site.url}/check`);
    await tab.screenshot({ path: join(PICTURES, "human-check-no-script-390.png"), fullPage: true });
    expect(await tab.locator("noscript p").boundingBox()).not.toBeNull();
    expect(await tab.locator("noscript").textContent()).toContain("which needs JavaScript");
    await close();
  });
});
