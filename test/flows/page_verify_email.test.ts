import { beforeAll, describe, expect, it } from "vitest";
import { readLink } from "../../src/issuing/mail_person.ts";
import { Busy } from "../../src/kernel/busy.ts";
import { Outage } from "../../src/kernel/outage.ts";
import type { Guesses } from "../../src/ports/guesses.ts";
import { migrate } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { openPages, type PageBrowser, type PagesWishes } from "../support/pages_world.ts";

const logs = captureLogs();
beforeAll(migrate);

const CHOSEN = "velvet anchor under river";
const OTHER = "copper lantern over meadow";
const DONE = "/verify-email/done";
const COOKIE = "__Host-sallyport_registered";
const ASKED = /<input[^>]*type="password"/;

/** An address that was registered with `CHOSEN` in `registrant`, and the path that was mailed to it. */
async function registered(wishes: PagesWishes = {}) {
  const world = openPages(wishes);
  const email = `${crypto.randomUUID()}@example.com`;
  const registrant = world.browser();
  await registrant.submit("/register", "/register", { email, password: CHOSEN });
  const token = await world.linkTo(email);
  const path = `/verify-email?token=${token}`;
  const confirm = (tab: PageBrowser, fields: Readonly<Record<string, string>> = {}) =>
    tab.submit(path, "/verify-email", { token, ...fields });
  const isConfirmed = async () => (await world.users.findByEmail(email))?.emailVerified;
  return { ...world, email, registrant, token, path, confirm, isConfirmed };
}

describe("somebody registers an address that is not theirs, with a password of their own", () => {
  it("its owner, who follows the link, confirms nothing without that password: the stranger cannot sign in", async () => {
    const { browser, confirm, isConfirmed, path, email, users } = await registered();
    const owner = browser();
    const page = await owner.go(path);
    expect(page.text).toMatch(ASKED);
    expect(page.text).toContain('href="/forgot"');
    for (const [fields, fault] of [
      [{}, "Enter the password of the account."],
      [{ password: OTHER }, "This is not the password of the account."],
    ] as const) {
      const told = await confirm(owner, fields);
      expect([told.status, told.text.includes(`id="password-fault">${fault}`)]).toEqual([422, true]);
    }
    const { id } = (await users.findByEmail(email)) ?? {};
    expect(logs.events("email_verification_refused").map(({ reason, user_id }) => [reason, user_id])).toEqual([
      ["password_wanted", undefined],
      ["wrong_password", id],
    ]);
    expect(await isConfirmed()).toBe(false);
    expect((await browser().signIn(email, CHOSEN)).status).toBe(401);
  });

  it("and can have the account all the same: a new password by mail confirms the address, and the stranger's is dead", async () => {
    const { browser, confirm, linkTo, email, isConfirmed, registrant } = await registered();
    const owner = browser();
    await confirm(owner, { password: OTHER });
    await owner.submit("/forgot", "/forgot", { email });
    const token = await linkTo(email);
    await owner.submit(`/reset?token=${token}`, "/reset", { token, password: OTHER });
    expect(await isConfirmed()).toBe(true);
    expect((await registrant.signIn(email, CHOSEN)).status).toBe(401);
    expect((await owner.signIn(email, OTHER)).status).toBe(303);
  });

  it("a cookie of the stranger's other registration, of another link or made up proves nothing", async () => {
    const theirs = await registered();
    const other = await registered();
    const proof = other.registrant.jar.get(COOKIE) ?? "";
    expect(proof).toMatch(/^[\w-]{43}$/);
    for (const value of [proof, "A".repeat(43), theirs.token, "x"]) {
      const owner = theirs.browser();
      owner.jar.set(COOKIE, value);
      expect((await theirs.confirm(owner)).status, value).toBe(422);
    }
    expect(await theirs.isConfirmed()).toBe(false);
  });

  it("what is confirmed is the password that was proven, and no other one that came between", async () => {
    const { confirm, browser, users, people, email, token } = await registered();
    const user = await users.findByEmail(email);
    if (user === null) throw new Error("nobody");
    const racing = openPages({
      parts: {
        passwords: {
          hash: people.passwords.hash,
          verify: async (password, phc) => {
            const verdict = await people.passwords.verify(password, phc);
            const passwordHash = await people.passwords.hash(OTHER);
            await users.update(user, { ...user, passwordHash, version: user.version + 1 }, email, []);
            return verdict;
          },
        },
      },
    });
    const tab = racing.browser();
    const told = await tab.submit(`/verify-email?token=${token}`, "/verify-email", { token, password: CHOSEN });
    expect(told.status).toBe(422);
    expect((await users.findByEmail(email))?.emailVerified).toBe(false);
    expect((await confirm(browser(), { password: OTHER })).headers.get("location")).toBe(DONE);
  });
});

describe("whoever registered", () => {
  it("is not asked in the same browser, which forgets the registration then", async () => {
    const { registrant, path, confirm, isConfirmed } = await registered();
    expect((await registrant.go(path)).text).not.toMatch(ASKED);
    expect((await confirm(registrant)).headers.get("location")).toBe(DONE);
    expect([await isConfirmed(), registrant.jar.has(COOKIE)]).toEqual([true, false]);
  });

  it("confirms elsewhere with the password, and is known there: strangers who lock the name keep nobody out", async () => {
    const { browser, confirm, email } = await registered();
    const phone = browser();
    expect((await confirm(phone, { password: CHOSEN })).headers.get("location")).toBe(DONE);
    for (let guess = 0; guess < 10; guess++) await browser().signIn(email, OTHER);
    expect((await browser().signIn(email, CHOSEN)).status).toBe(429);
    expect((await phone.signIn(email, CHOSEN)).status).toBe(303);
  });

  it("whose browser was closed meanwhile, or whose link has died, is told what to do", async () => {
    const { registrant, confirm, path, token, users, email } = await registered();
    registrant.jar.delete(COOKIE);
    expect((await confirm(registrant)).status).toBe(422);
    expect((await confirm(registrant, { password: CHOSEN })).headers.get("location")).toBe(DONE);
    expect((await users.findByEmail(email))?.emailVerified).toBe(true);
    const dead = await registrant.go(path);
    expect([dead.status, dead.text.includes('href="/forgot"')]).toEqual([410, true]);
    expect((await confirm(registrant, { token, password: CHOSEN })).status).toBe(403);
  });

  it("a known address and one that gets no more mail set a cookie alike: it tells nothing", async () => {
    const { browser, someone } = openPages();
    const known = await someone();
    const fresh = `${crypto.randomUUID()}@example.com`;
    const cookies: (readonly string[])[] = [];
    for (const email of [known.email, fresh, fresh, fresh, fresh, fresh]) {
      const told = await browser().submit("/register", "/register", { email, password: CHOSEN });
      cookies.push(told.headers.getSetCookie().map((line) => line.replace(/=[\w-]{43};/, "=;")));
    }
    expect(logs.events("registration_received").map(({ outcome }) => outcome)).toContain("recipient_throttled");
    expect(new Set(cookies.map((lines) => lines.join("\n"))).size).toBe(1);
    expect(cookies[0]).toEqual([`${COOKIE}=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=900`]);
  });
});

describe("the password behind the link", () => {
  it("M12: is guessed no oftener than at sign-in, and the link outlives the wait", async () => {
    const { browser, confirm, people, token } = await registered({
      lockout: { steps: [{ failures: 3, lockSeconds: 900 }] },
    });
    const statuses: number[] = [];
    for (let guess = 0; guess < 4; guess++) statuses.push((await confirm(browser(), { password: OTHER })).status);
    expect(statuses).toEqual([422, 422, 422, 429]);
    const told = await confirm(browser(), { password: CHOSEN });
    expect([told.status, Number(told.headers.get("retry-after")) > 0]).toEqual([429, true]);
    expect(await readLink(token, "verify_email", people, Date.now())).not.toBeNull();
  });

  it("costs no hash without a link that works", async () => {
    const { browser, confirm, hashes, token, path } = await registered();
    const before = hashes.count;
    const tab = browser();
    await tab.go(path);
    expect((await confirm(tab, { token: "A".repeat(43), password: CHOSEN })).status).toBe(410);
    expect((await confirm(tab, { token: `${token}x`, password: CHOSEN })).status).toBe(410);
    expect(hashes.count).toBe(before);
  });

  it("Busy and an outage confirm nothing and count nothing; one of the guesses afterwards is not answered by an outage", async () => {
    const { people, token, isConfirmed, path } = await registered({
      lockout: { steps: [{ failures: 1, lockSeconds: 900 }] },
    });
    const fields = { token, password: CHOSEN };
    const { passwords, guesses } = people;
    const busy = { hash: passwords.hash, verify: () => Promise.reject(new Busy(3)) };
    const told = await openPages({ parts: { passwords: busy } })
      .browser()
      .submit(path, "/verify-email", fields);
    expect([told.status, told.headers.get("retry-after"), await isConfirmed()]).toEqual([503, "3", false]);
    const broken: Guesses = {
      begin: guesses.begin.bind(guesses),
      giveBack: guesses.giveBack.bind(guesses),
      knows: guesses.knows.bind(guesses),
      failures: guesses.failures.bind(guesses),
      take: guesses.take.bind(guesses),
      succeeded: () => Promise.reject(new Outage("guesses")),
    };
    const done = await openPages({ parts: { guesses: broken } })
      .browser()
      .submit(path, "/verify-email", fields);
    expect([done.headers.get("location"), await isConfirmed()]).toEqual([DONE, true]);
    expect(logs.events("email_verified").at(-1)).toMatchObject({ unfinished: ["guesses"] });
  });
});
