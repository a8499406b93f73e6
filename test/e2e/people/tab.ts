import type { Browser, BrowserContext, BrowserContextOptions, Page as Tab } from "playwright-core";
import { PATIENCE_MS } from "../pages/browser.ts";

/** A tab in a profile of its own, and what was noticed in it. */
export interface WatchedTab {
  readonly tab: Tab;
  readonly context: BrowserContext;
  /** What the console said: blocked by a policy, failed scripts. A page that answers 4xx is no fault of the page. */
  readonly complaints: readonly string[];
  /** The origins of everything that was asked for. */
  readonly origins: ReadonlySet<string>;
  close(): Promise<void>;
}

let addresses = 0;

/** Opens a tab as of somebody new: no cookies, and an address that nobody used before. */
export async function openWatchedTab(browser: Browser, options: BrowserContextOptions = {}): Promise<WatchedTab> {
  addresses += 1;
  const context = await browser.newContext({
    ...options,
    extraHTTPHeaders: { "cf-connecting-ip": `203.0.113.${addresses}` },
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const tab = await context.newPage();
  const complaints: string[] = [];
  const origins = new Set<string>();
  tab.on("console", (message) => {
    const isStatus = message.text().startsWith("Failed to load resource: the server responded with a status of 4");
    if (!isStatus && (message.type() === "error" || message.type() === "warning")) complaints.push(message.text());
  });
  tab.on("pageerror", (error) => complaints.push(error.message));
  tab.on("request", (request) => {
    if (!request.url().startsWith("data:")) origins.add(new URL(request.url()).origin);
  });
  return { tab, context, complaints, origins, close: () => context.close() };
}

/** Fills in the login page and sends it. The next page has taken its place by then: what is typed now is typed there. */
export async function signInAt(tab: Tab, user: { readonly email: string; readonly password: string }): Promise<void> {
  await tab.getByRole("textbox", { name: "Email" }).fill(user.email);
  await tab.getByLabel("Password", { exact: true }).fill(user.password);
  const replaced = tab.waitForEvent("framenavigated", (frame) => frame === tab.mainFrame());
  await Promise.all([replaced, tab.getByRole("button", { name: "Sign in" }).click()]);
}

/** The session cookie that the tab's profile has, or null. */
export async function sessionOf({ context }: WatchedTab): Promise<string | null> {
  const cookies = await context.cookies();
  return cookies.find(({ name }) => name.endsWith("sallyport_session"))?.value ?? null;
}
