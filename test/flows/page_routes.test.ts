import { beforeAll, describe, expect, it } from "vitest";
import { Busy } from "../../src/kernel/busy.ts";
import { Outage } from "../../src/kernel/outage.ts";
import { migrate } from "../support/issuer_world.ts";
import { captureLogs, secret as unloggable } from "../support/logs.ts";
import { formToken, openPages } from "../support/pages_world.ts";

beforeAll(migrate);
const logs = captureLogs();
const NEW_PASSWORD = unloggable("brisk lantern orbit quilt");
const SESSION = "__Host-sallyport_session";
const address = () => `${crypto.randomUUID()}@example.org`;

describe("sign-in", () => {
  it("RFC 9700 4.12: 303 to the account, with a session in a cookie that nothing else reads", async () => {
    const { someone, browser, password } = openPages();
    const user = await someone();
    const tab = browser();
    const told = await tab.signIn(user.email, password);
    expect(told.status).toBe(303);
    expect(told.headers.get("location")).toBe("/account");
    const cookies = told.headers.getSetCookie();
    expect(cookies).toHaveLength(2);
    expect(cookies[0]).toMatch(
      /^__Host-sallyport_session=sps_[\w-]+\.[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
    );
    expect(cookies[1]).toMatch(/^__Host-sallyport_known=[\w-]{22}; .*Secure; Max-Age=7776000$/);
    const account = await tab.go("/account");
    expect(account.status).toBe(200);
    expect(account.text).toContain(user.email);
    expect(account.text).toContain("Firefox on Linux");
  });

  it("in a transaction returns to the one dispatcher, and its page may lead to the client", async () => {
    const tx = "txn_0000000000000000000001";
    const redirectUri = "https://app.example/cb";
    const client = { name: "Orders", homePage: null, destination: null };
    const seen: string[] = [];
    const { someone, browser, password } = openPages({
      loginContext: (_, browserId) => {
        seen.push(browserId);
        return { client, redirectUri, hint: "ada@example.org" };
      },
    });
    const user = await someone();
    const tab = browser();
    const page = await tab.go(`/login?tx=${tx}`);
    if (seen.length === 0) throw new Error("this is no transaction's id");
    expect(page.headers.get("content-security-policy")).toContain("form-action 'self' https:;");
    expect(page.text).toContain("Orders");
    expect(page.text).toContain('value="ada@example.org"');
    expect(seen[0]).toBe(tab.jar.get("__Host-sallyport_browser"));
    const fields = { form_token: formToken(page.text), tx, email: user.email, password };
    const told = await tab.post("/login", fields);
    expect(told.headers.get("location")).toBe(`/oauth2/authorize/resume?tx=${tx}`);
  });

  it("goes nowhere that the form or the query names", async () => {
    const { someone, browser, password } = openPages();
    const user = await someone();
    for (const tx of ["https://evil.test/", "//evil.test", "x&redirect=y"]) {
      const told = await browser().submit(`/login?tx=${encodeURIComponent(tx)}`, "/login", {
        tx,
        email: user.email,
        password,
        next: "https://evil.test/",
        redirect_uri: "https://evil.test/",
      });
      expect(told.headers.get("location")).toBe("/account");
    }
  });

  it("a wrong password and an unknown name get the same page but for what was entered", async () => {
    const { someone, browser } = openPages();
    const user = await someone();
    const pages = await Promise.all(
      [user.email, address()].map(async (email) => {
        const told = await browser().signIn(email, "not the password");
        expect(told.status).toBe(401);
        expect(told.headers.getSetCookie()).toEqual([]);
        return told.text
          .replaceAll(email, "EMAIL")
          .replace(/nonce="[^"]*"/g, "")
          .replace(/name="form_token" value="[^"]*"/g, "");
      }),
    );
    expect(pages[0]).toContain("That did not match.");
    expect(pages[0]).toBe(pages[1]);
  });

  it("V7.2.4: a planted session does not become the victim's; the old session of the same browser is dead", async () => {
    const { someone, browser, password } = openPages();
    const user = await someone();
    const tab = browser();
    await tab.signIn(user.email, password);
    const first = tab.jar.get(SESSION) ?? "";
    // A form that was opened before the first sign-in, sent now.
    const other = await someone();
    const token = formToken((await browser().go("/login")).text);
    expect(token).not.toBe("");
    tab.jar.delete(SESSION);
    const page = await tab.go("/login");
    tab.jar.set(SESSION, first);
    await tab.post("/login", { form_token: formToken(page.text), email: other.email, password });
    const second = tab.jar.get(SESSION) ?? "";
    expect(second).not.toBe(first);
    expect((await tab.go("/account")).text).toContain(other.email);
    const thief = browser();
    thief.jar.set(SESSION, first);
    expect((await thief.go("/account")).headers.get("location")).toBe("/login");
  });

  it("too many attempts are told as such, with Retry-After; the right password waits too", async () => {
    const { someone, browser, password } = openPages({ lockout: { steps: [{ failures: 2, lockSeconds: 900 }] } });
    const user = await someone();
    for (let failure = 0; failure < 2; failure++) await browser().signIn(user.email, "not the password");
    const told = await browser().signIn(user.email, password);
    expect(told.status).toBe(429);
    expect(Number(told.headers.get("retry-after"))).toBeGreaterThan(800);
    expect(told.text).toContain("Please wait 15 minutes.");
  });

  it("what was entered comes back escaped, in one line, and never the password", async () => {
    const { browser } = openPages();
    const told = await browser().signIn(`"><script>alert(1)</script>\u202e@x`, "not the password");
    expect(told.text).not.toContain("<script>alert");
    expect(told.text).not.toContain("\u202e");
    expect(told.text).not.toContain("not the password");
  });

  it("Busy passwords are 503 on the form; an outage is 503 on a page, and nobody is signed in", async () => {
    const { people } = openPages();
    const busy = { ...people.passwords, verify: () => Promise.reject(new Busy(3)) };
    const told = await openPages({ parts: { passwords: busy } })
      .browser()
      .signIn(address(), "some password");
    expect(told.status).toBe(503);
    expect(told.headers.get("retry-after")).toBe("3");
    expect(told.text).toContain("Please try again in a moment.");
    const guesses = { ...people.guesses, begin: () => Promise.reject(new Outage("guesses")) };
    const out = await openPages({ parts: { guesses } }).browser().signIn(address(), "some password");
    expect(out.status).toBe(503);
    expect(out.text).toContain("it may be done: look before you send it again.");
    expect(out.text).not.toContain("Nothing has changed");
    expect(out.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(out.headers.getSetCookie()).toEqual([]);
    expect(logs.events("outage").at(-1)).toMatchObject({ dependency: "guesses" });
  });

  it("a fault of ours tells a person nothing about the inside", async () => {
    const { people } = openPages();
    const users = { ...people.users, findByEmail: () => Promise.reject(new Error("SELECT secret FROM users")) };
    const parts = { users: users as unknown as typeof people.users };
    const told = await openPages({ parts }).browser().signIn(address(), "some password");
    expect(told.status).toBe(500);
    expect(told.text).not.toContain("SELECT");
    expect(told.text).toContain(told.headers.get("x-request-id"));
  });
});

describe("registration", () => {
  it("a new address and a known one get the same answer; the link confirms by POST alone, once", async () => {
    const { someone, browser, linkTo, users } = openPages();
    const known = await someone();
    const fresh = address();
    const answers = await Promise.all(
      [fresh, known.email].map((email) =>
        browser().submit("/register", "/register", { email, password: NEW_PASSWORD }),
      ),
    );
    for (const told of answers) {
      expect([told.status, told.headers.get("location")]).toEqual([303, "/register/sent"]);
    }
    expect((await browser().signIn(fresh, NEW_PASSWORD)).status).toBe(401);
    const token = await linkTo(fresh);
    const tab = browser();
    const path = `/verify-email?token=${token}`;
    for (let look = 0; look < 2; look++) expect((await tab.go(path)).text).toContain(fresh);
    expect((await users.findByEmail(fresh))?.emailVerified).toBe(false);
    const told = await tab.submit(path, "/verify-email", { token, password: NEW_PASSWORD });
    expect(told.headers.get("location")).toBe("/verify-email/done");
    expect((await users.findByEmail(fresh))?.emailVerified).toBe(true);
    expect((await browser().signIn(fresh, NEW_PASSWORD)).status).toBe(303);
    expect((await tab.go(path)).status).toBe(410);
  });

  it("says what is wrong beside the field, and keeps the address", async () => {
    const { browser } = openPages({ passwords: { minLength: 15 } });
    const email = address();
    const short = await browser().submit("/register", "/register", { email, password: "short" });
    expect(short.status).toBe(422);
    expect(short.text).toMatch(/id="password-fault">The password is too short: at least 15 characters are needed\./);
    expect(short.text).toContain(`value="${email}"`);
    const nobody = await browser().submit("/register", "/register", { email: "nobody", password: NEW_PASSWORD });
    expect(nobody.text).toContain('id="email-fault"');
  });

  it("is throttled by address", async () => {
    const { browser } = openPages({ lockout: { registrationsPerAddressPerHour: 1 } });
    const place = { address: "192.0.2.7" };
    const register = () =>
      browser(place).submit("/register", "/register", { email: address(), password: NEW_PASSWORD });
    expect((await register()).status).toBe(303);
    const told = await register();
    expect(told.status).toBe(429);
    expect(Number(told.headers.get("retry-after"))).toBeGreaterThan(0);
  });
});

describe("a forgotten password", () => {
  it("the link sets a new one, once, and ends what was open", async () => {
    const { someone, browser, password, linkTo } = openPages();
    const user = await someone();
    const open = browser();
    await open.signIn(user.email, password);
    const tab = browser();
    expect((await tab.submit("/forgot", "/forgot", { email: user.email })).headers.get("location")).toBe(
      "/forgot/sent",
    );
    const token = await linkTo(user.email);
    const path = `/reset?token=${token}`;
    expect((await tab.go(path)).text).toContain(user.email);
    const short = await tab.submit(path, "/reset", { token, password: "short" });
    expect(short.status).toBe(422);
    const told = await tab.submit(path, "/reset", { token, password: NEW_PASSWORD });
    expect([told.status, told.headers.get("location")]).toEqual([303, "/reset/done"]);
    expect((await open.go("/account")).headers.get("location")).toBe("/login");
    expect((await browser().signIn(user.email, password)).status).toBe(401);
    expect((await browser().signIn(user.email, NEW_PASSWORD)).status).toBe(303);
    expect((await tab.go(path)).status).toBe(410);
  });

  it("an outage once the new one is set is no error page: done, nobody known by it, and the log says what was out", async () => {
    const { people } = openPages();
    const { guesses } = people;
    const broken = {
      begin: guesses.begin.bind(guesses),
      giveBack: guesses.giveBack.bind(guesses),
      knows: guesses.knows.bind(guesses),
      failures: guesses.failures.bind(guesses),
      take: guesses.take.bind(guesses),
      succeeded: () => Promise.reject(new Outage("guesses")),
    };
    const { someone, browser, linkTo } = openPages({ parts: { guesses: broken } });
    const user = await someone();
    const tab = browser();
    await tab.submit("/forgot", "/forgot", { email: user.email });
    const token = await linkTo(user.email);
    const told = await tab.submit(`/reset?token=${token}`, "/reset", { token, password: NEW_PASSWORD });
    expect([told.status, told.headers.get("location")]).toEqual([303, "/reset/done"]);
    const given = told.headers.getSetCookie().filter((cookie) => !cookie.includes("Max-Age=0"));
    expect(given).toEqual([]);
    expect(logs.events("password_reset").at(-1)).toMatchObject({ user_id: user.id, unfinished: ["guesses"] });
    expect((await openPages().browser().signIn(user.email, NEW_PASSWORD)).status).toBe(303);
  });

  it("an address without an account gets the same answer", async () => {
    const { someone, browser } = openPages();
    const answers = await Promise.all(
      [(await someone()).email, address(), "no address"].map((email) =>
        browser().submit("/forgot", "/forgot", { email }),
      ),
    );
    for (const told of answers) expect([told.status, told.headers.get("location")]).toEqual([303, "/forgot/sent"]);
  });
});
