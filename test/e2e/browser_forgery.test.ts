import type { Browser, Page as Tab } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openBrowser, PATIENCE_MS } from "./pages/browser.ts";
import { ask, type LoopbackClient, startLoopbackClient } from "./people/loopback_client.ts";
import { openWatchedTab, signInAt, type WatchedTab } from "./people/tab.ts";
import { type PeopleWorld, startPeopleWorld } from "./people/world.ts";

let browser: Browser;
let world: PeopleWorld;
/** Another site, and a neighbour on the same one: to that one the browser sends our cookies along. */
let otherSite: LoopbackClient;
let neighbour: LoopbackClient;

beforeAll(async () => {
  world = await startPeopleWorld();
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

function ada() {
  const [user] = world.demo.users;
  if (user === undefined) throw new Error("the demo has no users");
  return user;
}

function authorization(extra: Readonly<Record<string, string>> = {}): string {
  const clientId = world.demo.publicClient.id;
  return ask(world.url, { clientId, redirectUri: neighbour.redirectUri }, extra).url;
}

async function openAccount(): Promise<WatchedTab> {
  const watched = await openWatchedTab(browser);
  await watched.tab.goto(`${world.url}/login`);
  await signInAt(watched.tab, ada());
  await watched.tab.waitForURL(`${world.url}/account`);
  return watched;
}

/** The token in the page's first form. */
function tokenOn(tab: Tab): Promise<string> {
  return tab.locator("input[name=form_token]").first().inputValue();
}

/** A page with one form, sent by its one button. */
function forgery(path: string, fields: Readonly<Record<string, string>>, enctype: string): string {
  const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`);
  return `<!doctype html><title>Prize</title><form method="post" enctype="${enctype}" action="${world.url}${path}">
    ${inputs.join("")}<button>Claim</button></form>`;
}

/** What the issuer says to a form that `from` sends there. */
async function forge({ tab }: WatchedTab, from: LoopbackClient, form: string): Promise<number> {
  from.show("/prize", form);
  await tab.goto(`${from.origin}/prize`);
  const answered = tab.waitForResponse((response) => response.request().method() === "POST");
  await tab.getByRole("button", { name: "Claim" }).click();
  return (await answered).status();
}

const FORM = "application/x-www-form-urlencoded";

/** Every form that acts for a person, with what would make it act. */
const TARGETS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "/login": { email: "mallory@example.com", password: "mallory's own password" },
  "/register": { email: "mallory@example.com", password: "mallory's own password" },
  "/forgot": { email: "ada@example.com" },
  "/consent": { decision: "allow" },
  "/oauth2/authorize/resume": { account: "current" },
  "/device": { user_code: "BCDF-GHJK" },
  "/device/confirm": { user_code: "BCDF-GHJK", decision: "allow" },
  "/account/password": { current_password: "guess", new_password: "mallory's own password" },
  "/account/apps/withdraw": { client: "cli_0000000000000000000000" },
  "/account/sessions/end": { session: "ses_0000000000000000000000" },
  "/account/sign-out": {},
  "/account/sign-out-everywhere": {},
};

/** The authorization endpoint tells everything that it refuses in one way. */
const REFUSED: Readonly<Record<string, number>> = { "/consent": 400, "/oauth2/authorize/resume": 400 };

/** What a forged form could have left behind. */
async function traces(): Promise<readonly unknown[]> {
  const tables = ["users", "mail_outbox", "consents", "action_links"];
  const counts = tables.map((table) => world.db.prepare(`SELECT count(*) AS n FROM ${table}`).first<number>("n"));
  return Promise.all(counts);
}

describe("V3.5.1: a form that another site sends", () => {
  test.each([
    ["another site", () => otherSite],
    ["a neighbour, to whose forms the browser adds our cookies", () => neighbour],
  ] as const)("from %s: is refused, with the attacker's own token or with the victim's", async (_, from) => {
    const [victim, attacker] = [await openAccount(), await openAccount()];
    const tokens = { stolen: await tokenOn(victim.tab), own: await tokenOn(attacker.tab) };
    const before = await traces();
    for (const [path, fields] of Object.entries(TARGETS)) {
      for (const [whose, form_token] of Object.entries(tokens)) {
        const status = await forge(victim, from(), forgery(path, { form_token, ...fields }, FORM));
        expect.soft(status, `${path} with the ${whose} token`).toBe(REFUSED[path] ?? 403);
      }
      const text = forgery(path, { form_token: tokens.stolen, ...fields }, "text/plain");
      expect.soft(await forge(victim, from(), text), `${path} as text/plain`).toBeGreaterThanOrEqual(400);
    }
    expect(await traces()).toEqual(before);
    await victim.tab.goto(`${world.url}/account`);
    expect(await victim.tab.textContent("main")).toContain(ada().email);
    await Promise.all([victim.close(), attacker.close()]);
  });

  test("the same form on our own page does what it says, so the refusals above prove something", async () => {
    const { tab, close } = await openAccount();
    await tab.evaluate(
      ({ path, token }) => {
        const form = Object.assign(document.createElement("form"), { method: "post", action: path });
        form.append(Object.assign(document.createElement("input"), { name: "form_token", value: token }));
        document.body.append(form);
        form.submit();
      },
      { path: "/account/sign-out", token: await tokenOn(tab) },
    );
    await tab.waitForURL(/\/account\/signed-out$/);
    await tab.goto(`${world.url}/account`);
    expect(new URL(tab.url()).pathname).toBe("/login");
    await close();
  });

  test.each([
    ["another site", () => otherSite],
    ["a neighbour", () => neighbour],
  ] as const)("V10.6.2: %s that posts a logout, or hides one in an image, signs nobody out", async (_, from) => {
    const victim = await openAccount();
    const { tab } = victim;
    for (const path of ["/oauth2/logout", "/oauth2/logout/confirm"]) {
      await forge(victim, from(), forgery(path, { form_token: "mine", decision: "sign_out" }, FORM));
      await tab.waitForLoadState("networkidle");
      const heading = await tab.getByRole("heading", { level: 1 }).textContent();
      expect.soft(heading, path).toBeOneOf(["Sign out?", "Please try that again"]);
    }
    from().show("/picture", `<!doctype html><title>Picture</title><img src="${world.url}/oauth2/logout">`);
    await tab.goto(`${from().origin}/picture`);
    await tab.goto(`${world.url}/account`);
    expect(new URL(tab.url()).pathname).toBe("/account");
    await victim.close();
  });

  test("V3.5.3: what changes something does nothing when it is only opened", async () => {
    const watched = await openAccount();
    for (const path of Object.keys(TARGETS).filter((one) => one.startsWith("/account/"))) {
      const answer = await watched.tab.goto(`${world.url}${path}`);
      expect.soft(answer?.status(), path).toBe(405);
    }
    await watched.tab.goto(`${world.url}/account`);
    expect(new URL(watched.tab.url()).pathname).toBe("/account");
    await watched.close();
  });
});

describe("what a page lets others do with it", () => {
  const pages = {
    login: () => `${world.url}/login`,
    register: () => `${world.url}/register`,
    forgot: () => `${world.url}/forgot`,
    account: () => `${world.url}/account`,
    consent: () => authorization(),
    error: () => `${world.url}/oauth2/authorize`,
  };

  test.each(Object.entries(pages))(
    "V3.4.3, V3.4.6: %s has a strict policy, and no neighbour can frame it",
    async (name, url) => {
      const watched = name === "consent" || name === "account" ? await openAccount() : await openWatchedTab(browser);
      const { tab } = watched;
      const answer = await tab.goto(url());
      const policy = answer?.headers()["content-security-policy"] ?? "";
      for (const part of [
        "default-src 'none'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
      ]) {
        expect.soft(policy).toContain(part);
      }
      expect(policy).not.toContain("unsafe-");
      expect(answer?.headers()).toMatchObject({
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
      });
      expect(watched.complaints).toEqual([]);
      // The control: what the policy does not name does not run, and says so.
      const ran = await tab.evaluate(() => {
        const script = document.createElement("script");
        script.textContent = "document.title = 'taken over'";
        document.body.append(script);
        return document.title;
      });
      expect(ran).not.toBe("taken over");
      await expect.poll(() => watched.complaints.join(), { timeout: PATIENCE_MS }).toContain("Content Security Policy");

      neighbour.show("/frame", `<!doctype html><iframe src="${url()}"></iframe><iframe src="/own"></iframe>`);
      await tab.goto(`${neighbour.origin}/frame`);
      const [, framed, own] = tab.frames();
      expect(framed?.url()).toMatch(/^chrome-error:/);
      expect(own?.url()).toBe(`${neighbour.origin}/own`);
      await watched.close();
    },
  );

  test("V1.2.1: what a request says is shown as text, wherever it is shown", async () => {
    const watched = await openAccount();
    const { tab } = watched;
    const breaker = `"'><script>document.title="taken over"</script><img src=x onerror="document.title='taken over'">`;
    const urls = [
      authorization({ state: breaker, login_hint: breaker, ui_locales: breaker, prompt: "login" }),
      authorization({ client_id: breaker }),
      authorization({ redirect_uri: `http://127.0.0.1/${breaker}` }),
      authorization({ scope: breaker }),
      authorization({ response_mode: breaker }),
      `${world.url}/login?${new URLSearchParams({ tx: breaker })}`,
      `${world.url}/reset?${new URLSearchParams({ token: breaker })}`,
      `${world.url}/verify-email?${new URLSearchParams({ token: breaker })}`,
      `${world.url}/register/sent?${new URLSearchParams({ tx: breaker })}`,
    ];
    for (const url of urls) {
      await tab.goto(url);
      expect.soft(await tab.title(), url).not.toBe("taken over");
    }
    // This one sends itself on, in the middle of whatever is asked of it: what a script had done would still be seen at its end.
    await tab.goto(authorization({ state: breaker, response_mode: "form_post", prompt: "none" }), {
      waitUntil: "commit",
    });
    await tab.waitForURL(neighbour.redirectUri);
    expect.soft(await tab.title(), "form_post").toBe("Client");
    const stranger = await openWatchedTab(browser);
    await stranger.tab.goto(`${world.url}/login`);
    // The browser's own check of addresses is no protection of ours.
    await stranger.tab.locator("form").evaluate((form: HTMLFormElement) => {
      form.noValidate = true;
    });
    await signInAt(stranger.tab, { email: breaker, password: breaker });
    await stranger.tab.getByRole("alert").waitFor();
    expect(await stranger.tab.title()).not.toBe("taken over");
    expect([...watched.complaints, ...stranger.complaints]).toEqual([]);
    await Promise.all([watched.close(), stranger.close()]);
  });
});
