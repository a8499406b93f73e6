import { beforeAll, describe, expect, it } from "vitest";
import { migrate } from "../support/issuer_world.ts";
import { captureLogs, secret as unloggable } from "../support/logs.ts";
import { formToken, openPages, type PagesWishes } from "../support/pages_world.ts";

beforeAll(migrate);
const logs = captureLogs();
const NEW_PASSWORD = unloggable("brisk lantern orbit quilt");
const SESSION = "__Host-sallyport_session";

/** Somebody who is signed in, and the way to another address. */
async function signedIn(wishes: PagesWishes = {}) {
  const world = openPages(wishes);
  const user = await world.someone();
  const tab = world.browser();
  await tab.signIn(user.email, world.password);
  const email = `${crypto.randomUUID()}@example.com`;
  const ask = (changes: Readonly<Record<string, string>> = {}) =>
    tab.submit("/account/email", "/account/email", {
      new_email: email,
      current_password: world.password,
      ...changes,
    });
  const confirmPath = async () => `/account/email/confirm?token=${unloggable(await world.linkTo(email))}`;
  return { ...world, user, tab, email, ask, confirmPath };
}

describe("V6.3.7: changing the email address on /account", () => {
  it("from the account's page to the new address, with scripts off", async () => {
    const { tab, user, email, ask, confirmPath, linkTo, browser, password } = await signedIn();
    expect((await tab.go("/account")).text).toContain('href="/account/email"');
    expect((await tab.go("/account/email")).text).toContain(user.email);
    const asked = await ask();
    expect([asked.status, asked.headers.get("location")]).toEqual([303, "/account/email/sent"]);
    expect((await tab.go("/account/email/sent")).text).toContain("Check your mail");
    expect((await tab.go("/account")).text).toContain(user.email);

    const path = await confirmPath();
    const page = await tab.go(path);
    expect([page.status, page.text.includes(email), page.text.includes(user.email)]).toEqual([200, true, true]);
    expect((await tab.go("/account")).text, "a look changes nothing").toContain(user.email);
    const done = await tab.submit(path, "/account/email/confirm", { token: await linkTo(email) });
    expect([done.status, done.headers.get("location")]).toEqual([303, "/account"]);
    const account = (await tab.go("/account")).text;
    expect(account).toContain("Your email address is changed.");
    expect([account.includes(email), account.includes(user.email)]).toEqual([true, false]);
    expect((await browser().signIn(email, password)).headers.get("location")).toBe("/account");
    expect((await browser().signIn(user.email, password)).status).toBe(401);
    expect((await tab.go(path)).status).toBe(410);
    expect(logs.events("email_changed").at(-1)).toMatchObject({ user_id: user.id, event_id: expect.any(String) });
  });

  it("a stranger who opens the link signs in first, and comes back to a page that asks", async () => {
    const { user, email, ask, confirmPath, browser, password } = await signedIn();
    await ask();
    const path = await confirmPath();
    const phone = browser();
    const page = await phone.go(path);
    expect([page.status, page.text.includes(email), page.text.includes(user.email)]).toEqual([200, true, false]);
    expect(page.text).not.toContain("<form");
    expect((await phone.signIn(user.email, password)).headers.get("location")).toBe(path);
    expect((await phone.go(path)).text).toContain("Use this email address?");
    await phone.submit("/account", "/account/sign-out", {});
    expect((await phone.signIn(user.email, password)).headers.get("location"), "once").toBe("/account");
  });

  it("whoever is signed in to another account lends it no address: the link stays good for its own", async () => {
    const { ask, confirmPath, linkTo, email, browser, someone, password, tab } = await signedIn();
    await ask();
    const path = await confirmPath();
    const victim = browser();
    await victim.signIn((await someone()).email, password);
    expect((await victim.go(path)).status).toBe(403);
    const token = await linkTo(email);
    const forced = await victim.submit("/account/email", "/account/email/confirm", { token });
    expect([forced.status, forced.text.includes(email)]).toEqual([403, false]);
    expect((await tab.go(path)).status).toBe(200);
  });

  it("what is wrong stands at its field", async () => {
    const { ask, user, tab } = await signedIn();
    const [none, same, wrong] = [
      await ask({ new_email: "nobody" }),
      await ask({ new_email: user.email }),
      await ask({ current_password: "some other words entirely" }),
    ];
    expect([none.status, same.status, wrong.status]).toEqual([422, 422, 422]);
    expect(none.text).toContain('id="new_email-fault"');
    expect(same.text).toContain("This is your email address already.");
    expect(wrong.text).toContain('id="current_password-fault"');
    expect((await tab.go("/account")).text).toContain(user.email);
  });

  it("too many mails to an address are told as a wait", async () => {
    const { ask } = await signedIn({ lockout: { mailBurstPerRecipient: 1 } });
    await ask();
    const told = await ask();
    expect([told.status, told.headers.has("retry-after")]).toEqual([429, true]);
  });

  it("an address that somebody took in between is told, and nothing changes", async () => {
    const { ask, tab, email, user, confirmPath, linkTo, someone } = await signedIn();
    await ask();
    const path = await confirmPath();
    const token = await linkTo(email);
    await someone({ email });
    const told = await tab.submit(path, "/account/email/confirm", { token });
    expect([told.status, told.text.includes("This address has another account")]).toEqual([409, true]);
    expect((await tab.go("/account")).text).toContain(user.email);
  });

  it.each(["/account/email", "/account/email/confirm"])(
    "V3.5.1: another site's form at %s changes nothing",
    async (path) => {
      const { ask, tab, email, user, linkTo, password } = await signedIn();
      await ask();
      const fields = {
        form_token: formToken((await tab.go("/account/email")).text),
        token: await linkTo(email),
        new_email: "thief@example.net",
        current_password: password,
      };
      const foreign = await tab.post(path, fields, { origin: "https://evil.example" });
      const { form_token: _, ...bare } = fields;
      const without = await tab.post(path, bare);
      expect([foreign.status, without.status]).toEqual([403, 403]);
      expect((await tab.go("/account")).text).toContain(user.email);
    },
  );

  it("is for who is signed in", async () => {
    const { browser } = openPages();
    expect((await browser().go("/account/email")).headers.get("location")).toBe("/login");
    expect((await browser().post("/account/email", { new_email: "a@example.com" })).status).toBe(403);
    const dead = await browser().go(`/account/email/confirm?token=${"A".repeat(43)}`);
    expect([dead.status, dead.headers.has("set-cookie")]).toEqual([410, false]);
  });
});

describe("taking it back", () => {
  it("by the link that went to the old address: a new password, and everybody is signed out", async () => {
    const { tab, user, email, ask, confirmPath, linkTo, browser } = await signedIn();
    await ask();
    await tab.submit(await confirmPath(), "/account/email/confirm", { token: await linkTo(email) });
    const token = unloggable(await linkTo(user.email));
    const owner = browser();
    const path = `/account/email/undo?token=${token}`;
    const page = await owner.go(path);
    expect([page.status, page.text.includes(user.email), page.text.includes(email)]).toEqual([200, true, false]);
    const weak = await owner.submit(path, "/account/email/undo", { token, password: "short" });
    expect([weak.status, weak.text.includes('id="password-fault"')]).toEqual([422, true]);
    const done = await owner.submit(path, "/account/email/undo", { token, password: NEW_PASSWORD });
    expect([done.status, done.headers.get("location")]).toEqual([303, "/reset/done"]);
    expect((await tab.go("/account")).headers.get("location"), "the thief's browser").toBe("/login");
    expect(tab.jar.has(SESSION)).toBe(true);
    expect((await owner.signIn(user.email, NEW_PASSWORD)).headers.get("location")).toBe("/account");
    expect((await owner.go(path)).status).toBe(410);
  });
});
