import { fileURLToPath } from "node:url";
import type { Browser, Page as Tab } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openBrowser, PATIENCE_MS } from "./pages/browser.ts";
import { type LoopbackClient, startLoopbackClient } from "./people/loopback_client.ts";
import { openWatchedTab, sessionOf, signInAt, type WatchedTab } from "./people/tab.ts";
import { type PeopleWorld, startPeopleWorld } from "./people/world.ts";

const CONFIG = fileURLToPath(new URL("configs/session_pages.ts", import.meta.url));

let browser: Browser;
let world: PeopleWorld;
/** Another site, and a neighbour on the same one: to that one's calls the browser adds our cookie. */
let otherSite: LoopbackClient;
let neighbour: LoopbackClient;

beforeAll(async () => {
  world = await startPeopleWorld(CONFIG);
  otherSite = await startLoopbackClient("localhost");
  neighbour = await startLoopbackClient("127.0.0.1");
  browser = await openBrowser();
});

afterAll(async () => {
  await browser?.close();
  await otherSite?.close();
  await neighbour?.close();
  await world?.dispose();
});

/** Somebody who signed in, on a page of the gate's own host whose scripts may call it. */
async function openSignedIn(): Promise<WatchedTab> {
  const [user] = world.demo.users;
  if (user === undefined) throw new Error("the demo has no users");
  const watched = await openWatchedTab(browser, { bypassCSP: true });
  await watched.tab.goto(`${world.url}/login`);
  await signInAt(watched.tab, user);
  await watched.tab.waitForURL(`${world.url}/account`);
  return watched;
}

interface ScriptInit {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly mode?: "no-cors";
  readonly credentials?: "include";
}

/** What a script of the tab's page gets: status and text, or the name of its error. */
function fetchFrom(tab: Tab, path: string, init: ScriptInit = {}) {
  return tab.evaluate(
    async ([url, options]) => {
      try {
        const response = await fetch(url, options);
        return { status: response.status, text: await response.text() };
      } catch (error) {
        return { error: error instanceof Error ? error.name : "unknown" };
      }
    },
    [`${world.url}${path}`, init] as const,
  );
}

/** How calls of the route ended so far, by the log: status and reason. */
function decisions(route: string): readonly string[] {
  const lines = world.log().split("\n");
  return lines.flatMap((line) => {
    if (!line.includes('"event":"decision"') || !line.includes(`"route":"${route}"`)) return [];
    const { status, reason }: { status: number; reason: string | null } = JSON.parse(line.slice(line.indexOf("{")));
    return [`${status} ${reason ?? "-"}`];
  });
}

const JSON_TYPE = { "content-type": "application/json" };
const order = { method: "POST", body: '{"item":"rope","quantity":1}' } as const;

describe("a page of the gate's own host", () => {
  test("calls with the session, and gets no token to lose", async () => {
    const watched = await openSignedIn();
    const { tab } = watched;
    const told = await fetchFrom(tab, "/whoami");
    expect(told).toMatchObject({ status: 200, text: expect.stringContaining('"user"') });
    expect(JSON.stringify(told)).not.toMatch(/sps_|eyJ/);
    const changed = await fetchFrom(tab, "/orders", { ...order, headers: { ...JSON_TYPE, "Sallyport-CSRF": "1" } });
    expect(changed).toMatchObject({ status: 201 });
    expect(await fetchFrom(tab, "/orders", { ...order, headers: JSON_TYPE })).toMatchObject({ status: 403 });
    const reached = await tab.evaluate(() => document.cookie + JSON.stringify({ ...localStorage, ...sessionStorage }));
    expect(reached).not.toContain("sps_");
    const cookie = await sessionOf(watched);
    expect(cookie).toMatch(/^sps_/);
    expect(world.log()).not.toContain(cookie);
    expect((await tab.goto(`${world.url}/whoami`))?.status(), "a visit").toBe(200);
    await watched.close();
  });

  test("V7.4.1: after sign-out the next call is refused, and says where to sign in", async () => {
    const { tab, close } = await openSignedIn();
    expect(await fetchFrom(tab, "/whoami")).toMatchObject({ status: 200 });
    await tab.getByRole("button", { name: "Sign out", exact: true }).first().click();
    await tab.waitForURL(/signed-out$/);
    const told = await fetchFrom(tab, "/whoami");
    expect(told).toMatchObject({ status: 401, text: expect.stringContaining(`"login":"${world.url}/login"`) });
    await close();
  });
});

describe("V3.5.1: a page of another site that acts with the visitor's session", () => {
  test.each([
    ["another site", () => otherSite],
    ["a neighbour, to whose calls the browser adds the cookie", () => neighbour],
  ] as const)("%s: neither forms nor scripts nor pictures pass", async (_, from) => {
    const { tab, close } = await openSignedIn();
    const before = { get: decisions("GET /whoami").length, post: decisions("POST /orders").length };
    const page = `<!doctype html><title>Prize</title><form method="post" action="${world.url}/orders" enctype="text/plain">
      <input name='{"item":"rope","quantity":1,"x":"' value='"}'><button>Claim</button></form>`;
    from().show("/prize", page);
    await tab.goto(`${from().origin}/prize`);
    for (const mode of [undefined, "no-cors"] as const) {
      const init = { credentials: "include", ...(mode && { mode }) } as const;
      const read = await fetchFrom(tab, "/whoami", init);
      expect(read).toEqual(mode === undefined ? { error: "TypeError" } : { status: 0, text: "" });
      await fetchFrom(tab, "/orders", { ...order, ...init });
    }
    const withHeader = { ...order, credentials: "include", headers: { "Sallyport-CSRF": "1" } } as const;
    expect(await fetchFrom(tab, "/orders", withHeader), "stops at the preflight").toEqual({ error: "TypeError" });
    await tab.evaluate(
      (url) =>
        new Promise((resolve) => {
          const picture = Object.assign(new Image(), { src: url });
          picture.onload = picture.onerror = resolve;
        }),
      `${world.url}/whoami`,
    );
    const answered = tab.waitForResponse((response) => response.request().method() === "POST");
    await tab.getByRole("button", { name: "Claim" }).click();
    expect((await answered).status()).toBeOneOf([401, 403]);
    // A script that wants to read the answer stops at the preflight: these tabs send a header of their own.
    const reads = () => decisions("GET /whoami").slice(before.get);
    const acts = () => decisions("POST /orders").slice(before.post);
    await expect.poll(() => [reads().length, acts().length], { timeout: PATIENCE_MS }).toEqual([2, 2]);
    const reason = from() === neighbour ? /^403 csrf_/ : /^401 no_credential$/;
    for (const decision of [...reads(), ...acts()]) expect(decision).toMatch(reason);
    await close();
  });
});
