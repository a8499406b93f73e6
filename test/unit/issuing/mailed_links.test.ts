// Long because each rule has its attack and its positive control beside it.
import { beforeAll, describe, expect, it } from "vitest";
import { changePassword } from "../../../src/issuing/change_password.ts";
import { currentSession } from "../../../src/issuing/current_session.ts";
import { forgotPassword } from "../../../src/issuing/forgot_password.ts";
import { readLink } from "../../../src/issuing/mail_person.ts";
import { registerUser } from "../../../src/issuing/register_user.ts";
import { resetPassword } from "../../../src/issuing/reset_password.ts";
import { signIn } from "../../../src/issuing/sign_in.ts";
import { verifyEmail } from "../../../src/issuing/verify_email.ts";
import { Outage } from "../../../src/kernel/outage.ts";
import { bindings, migrate } from "../../support/issuer_world.ts";
import { openPeople, visitor } from "../../support/people_world.ts";

const NOW = Date.now();
const NEW_PASSWORD = "velvet anchor under river";

beforeAll(migrate);

function newAddress(): string {
  return `New.${crypto.randomUUID()}@Example.com`;
}

describe("registration", () => {
  it("makes an account that can sign in once the mailed link confirmed its address, which it does once", async () => {
    const { people, users, password, mailsTo, linkTo } = openPeople();
    const email = newAddress();
    const registered = await registerUser({ email, password, name: "Ada" }, visitor(), people, NOW);
    expect(registered).toMatchObject({ ok: true, value: { email, loggedOutcome: "user_registered" } });
    const user = await users.findByEmail(email.toLowerCase());
    expect(user).toMatchObject({ email, emailVerified: false, profile: { name: "Ada" }, disabled: false, roles: [] });
    const early = await signIn({ email, password }, visitor(), null, people, NOW);
    expect(early).toMatchObject({ ok: false, error: { kind: "wrong", loggedReason: "email_unconfirmed" } });
    expect((await mailsTo(email)).map(({ kind }) => kind)).toEqual(["verify_email"]);
    const token = await linkTo(email);
    expect(await readLink(token, "verify_email", people, NOW)).toEqual({ user: user?.id, email });
    expect(await verifyEmail({ token, proof: null, password }, visitor(), people, NOW)).toMatchObject({ ok: true });
    expect(await users.findByEmail(email.toLowerCase())).toMatchObject({ emailVerified: true });
    expect(await signIn({ email, password }, visitor(), null, people, NOW)).toMatchObject({ ok: true });
    expect(await verifyEmail({ token, proof: null, password }, visitor(), people, NOW)).toMatchObject({
      ok: false,
      error: { kind: "link_dead" },
    });
    expect(await readLink(token, "verify_email", people, NOW)).toBeNull();
  });

  it("an address that has an account answers alike, costs alike, changes nothing, and only its owner is told", async () => {
    const world = openPeople();
    const owner = await world.someone();
    const before = world.hashes.count;
    const spelled = owner.email.toUpperCase();
    const taken = await registerUser({ email: spelled, password: NEW_PASSWORD }, visitor(), world.people, NOW);
    const costTaken = world.hashes.count - before;
    const free = await registerUser({ email: newAddress(), password: NEW_PASSWORD }, visitor(), world.people, NOW);
    expect([taken.ok, free.ok, costTaken, world.hashes.count - before]).toEqual([true, true, 1, 2]);
    expect(await world.users.find(owner.id)).toEqual(owner);
    expect((await world.mailsTo(owner.email)).map(({ kind }) => kind)).toEqual(["address_in_use"]);
    const credentials = { email: owner.email, password: NEW_PASSWORD };
    expect(await signIn(credentials, visitor(), null, world.people, NOW)).toMatchObject({ ok: false });
  });

  it("V6.3.8: registering an address and signing in does not tell whether it had an account before", async () => {
    const world = openPeople();
    const { people, password } = world;
    const [taken, free] = [(await world.someone()).email, newAddress()];
    const seen: unknown[] = [];
    for (const email of [taken, free]) {
      expect(await registerUser({ email, password: NEW_PASSWORD }, visitor(), people, NOW)).toMatchObject({ ok: true });
      const before = world.hashes.count;
      // Nothing of an account is asked either: what it would take could be measured.
      const accounts = { ...people.accounts, epochOf: () => Promise.reject(new Outage("account")) };
      const credentials = { email, password: NEW_PASSWORD };
      const answer = await signIn(credentials, visitor(), null, { ...people, accounts }, NOW);
      seen.push([answer.ok || answer.error.kind, world.hashes.count - before]);
    }
    expect(seen).toEqual([
      ["wrong", 1],
      ["wrong", 1],
    ]);
    expect(await signIn({ email: taken, password }, visitor(), null, people, NOW)).toMatchObject({ ok: true });
  });

  it("who lost the link confirms the address by setting a new password", async () => {
    const { people, password, linkTo } = openPeople();
    const email = newAddress();
    await registerUser({ email, password }, visitor(), people, NOW);
    await forgotPassword(email, visitor(), people, NOW);
    const reset = { token: await linkTo(email), password: NEW_PASSWORD };
    expect(await resetPassword(reset, visitor(), people, NOW)).toMatchObject({ ok: true });
    const credentials = { email, password: NEW_PASSWORD };
    expect(await signIn(credentials, visitor(), null, people, NOW)).toMatchObject({ ok: true });
  });

  it.each([
    ["no address", { email: "ada" }, { kind: "email_invalid" }],
    ["a header in it", { email: "ada@example.com\r\nBcc: all@example.com" }, { kind: "email_invalid" }],
    ["a short password", { password: "short" }, { kind: "password_refused", fault: { code: "password_too_short" } }],
    [
      "a common one",
      { password: "passwordpassword" },
      { kind: "password_refused", fault: { code: "password_common" } },
    ],
    [
      "one of the address",
      { email: "ada.lovelace@example.com", password: "ada.lovelace1234" },
      { kind: "password_refused", fault: { code: "password_in_context" } },
    ],
    [
      "one of the brand",
      { password: "harbour-harbour-1" },
      { kind: "password_refused", fault: { code: "password_in_context" } },
    ],
  ])("%s is refused with the reason", async (_, changes, error) => {
    const { people, password } = openPeople();
    const registration = { email: newAddress(), password, ...changes };
    expect(await registerUser(registration, visitor(), people, NOW)).toMatchObject({ ok: false, error });
  });

  it("API6: an address registers so many, a recipient gets so many mails, whoever asks", async () => {
    const { people, password, mailsTo, hashes } = openPeople({
      lockout: { registrationsPerAddressPerHour: 3, mailBurstPerRecipient: 2 },
    });
    const here = visitor();
    const kinds: string[] = [];
    for (let at = 0; at < 5; at++) {
      const answer = await registerUser({ email: newAddress(), password }, here, people, NOW);
      kinds.push(answer.ok ? "ok" : answer.error.kind);
    }
    expect(kinds).toEqual(["ok", "ok", "ok", "throttled", "throttled"]);
    expect(hashes.count).toBe(3);
    const email = newAddress();
    for (let at = 0; at < 5; at++) await registerUser({ email, password }, visitor(), people, NOW);
    expect(await mailsTo(email)).toHaveLength(2);
    for (let at = 0; at < 5; at++) await forgotPassword(email, visitor(), people, NOW);
    expect(await mailsTo(email), "reset links are counted by themselves").toHaveLength(2 + 2);
  });

  it("what an address may register is taken before a password is weighed: refused ones count too", async () => {
    const { people, password } = openPeople({ lockout: { registrationsPerAddressPerHour: 3 } });
    const here = visitor();
    const reasons: string[] = [];
    for (const tried of ["aaaaaaaaaaaaaaaaaaaaaaaa", password, "passwordpassword", "passwordpassword", password]) {
      const answer = await registerUser({ email: newAddress(), password: tried }, here, people, NOW);
      reasons.push(answer.ok ? "ok" : answer.error.kind);
    }
    expect(reasons).toEqual(["password_refused", "ok", "password_refused", "throttled", "throttled"]);
  });

  it("of eight registrations of one address at once one makes the account", async () => {
    const { people, password, mailsTo } = openPeople({ lockout: { mailBurstPerRecipient: 10 } });
    const email = newAddress();
    const tries = Array.from({ length: 8 }, () => registerUser({ email, password }, visitor(), people, NOW));
    const outcomes = (await Promise.all(tries)).map((answer) => (answer.ok ? answer.value.loggedOutcome : "refused"));
    expect(outcomes.filter((outcome) => outcome === "user_registered")).toHaveLength(1);
    expect((await mailsTo(email)).filter(({ kind }) => kind === "verify_email")).toHaveLength(1);
  });
});

describe("V6.4.3: a forgotten password", () => {
  async function forgotten() {
    const world = openPeople();
    const user = await world.someone();
    expect(await forgotPassword(user.email, visitor(), world.people, NOW)).toMatchObject({ ok: true });
    return { ...world, user, token: await world.linkTo(user.email) };
  }

  it("is answered alike for every address, and each gets one mail", async () => {
    const world = openPeople();
    const [user, nobody] = [await world.someone(), newAddress()];
    const answers = await Promise.all(
      [user.email, nobody, "no address"].map((email) => forgotPassword(email, visitor(), world.people, NOW)),
    );
    expect(answers.map(({ ok }) => ok)).toEqual([true, true, true]);
    expect((await world.mailsTo(user.email)).map(({ kind }) => kind)).toEqual(["reset_password"]);
    expect((await world.mailsTo(nobody)).map(({ kind }) => kind)).toEqual(["no_account"]);
  });

  it("the link leads to the configured issuer, and only its hash is kept", async () => {
    const { user, token, mailsTo } = await forgotten();
    const [mail] = await mailsTo(user.email);
    expect(mail?.text).toContain(`https://login.example.com/reset?token=${token}`);
    const kept = await bindings.DB.prepare("SELECT * FROM action_links WHERE user_id = ?").bind(user.id).all();
    expect(kept.results).toHaveLength(1);
    expect(JSON.stringify(kept.results)).not.toContain(token);
  });

  it("sets a new password once, confirms the address, ends everything, tells the owner, and keeps old sessions out", async () => {
    const { people, users, user, token, password, ended, mailsTo } = await forgotten();
    const old = await signIn({ email: user.email, password }, visitor(), null, people, NOW);
    if (!old.ok) throw new Error("not signed in");
    const reset = await resetPassword({ token, password: NEW_PASSWORD }, visitor(), people, NOW);
    expect(reset).toMatchObject({ ok: true, value: { user: user.id } });
    expect(await currentSession(old.value.session.token, people, NOW)).toBeNull();
    expect(await users.find(user.id)).toMatchObject({ emailVerified: true });
    expect(await signIn({ email: user.email, password }, visitor(), null, people, NOW)).toMatchObject({ ok: false });
    const fresh = { email: user.email, password: NEW_PASSWORD };
    expect(await signIn(fresh, visitor(), null, people, NOW)).toMatchObject({ ok: true });
    expect(ended.map(({ reason }) => reason)).toEqual(["password_reset", "password_reset"]);
    expect(ended[0]?.passwordHash).toBe(user.passwordHash);
    expect(ended[1]?.passwordHash).not.toBe(user.passwordHash);
    const notice = (await mailsTo(user.email)).at(-1);
    expect(notice).toMatchObject({ kind: "password_changed" });
    expect(notice?.text).not.toMatch(/token=|velvet|argon2/);
    const again = await resetPassword({ token, password: "gravel lantern mitten six" }, visitor(), people, NOW);
    expect(again).toEqual({ ok: false, error: { kind: "link_dead" } });
  });

  it("of five resets with one link at once one wins, and its password is the one that is set", async () => {
    const { people, user, token } = await forgotten();
    const passwords = Array.from({ length: 5 }, (_, at) => `velvet anchor under river ${at}`);
    const resets = await Promise.all(
      passwords.map((password) => resetPassword({ token, password }, visitor(), people, NOW)),
    );
    expect(resets.filter(({ ok }) => ok)).toHaveLength(1);
    const winner = passwords[resets.findIndex(({ ok }) => ok)] ?? "";
    expect(await signIn({ email: user.email, password: winner }, visitor(), null, people, NOW)).toMatchObject({
      ok: true,
    });
  });

  it("a password that cannot be set leaves the link alive", async () => {
    const { people, token } = await forgotten();
    const refused = await resetPassword({ token, password: "passwordpassword" }, visitor(), people, NOW);
    expect(refused).toMatchObject({ ok: false, error: { kind: "password_refused" } });
    expect(await readLink(token, "reset_password", people, NOW)).not.toBeNull();
  });

  it("a reset that cannot end what is open changes nothing, and leaves the link alive", async () => {
    const { people, users, user, token } = await forgotten();
    const accounts = { ...people.accounts, beginChange: () => Promise.reject(new Outage("account")) };
    const reset = resetPassword({ token, password: NEW_PASSWORD }, visitor(), { ...people, accounts }, NOW);
    await expect(reset).rejects.toBeInstanceOf(Outage);
    expect((await users.find(user.id))?.passwordHash).toBe(user.passwordHash);
    expect(await readLink(token, "reset_password", people, NOW)).not.toBeNull();
  });

  it("a link dies after fifteen minutes, is no link for another purpose, and a made-up one is none", async () => {
    const { people, token } = await forgotten();
    const late = NOW + 900_000;
    const dead = { ok: false, error: { kind: "link_dead" } };
    expect(await resetPassword({ token, password: NEW_PASSWORD }, visitor(), people, late)).toEqual(dead);
    expect(await verifyEmail({ token, proof: null, password: NEW_PASSWORD }, visitor(), people, NOW)).toEqual(dead);
    expect(await resetPassword({ token: "", password: NEW_PASSWORD }, visitor(), people, NOW)).toEqual(dead);
    expect(await readLink(token, "reset_password", people, late - 1)).not.toBeNull();
  });

  it("is the owner's way back in while strangers have the name locked", async () => {
    const { people, user, token } = await forgotten();
    for (let guess = 0; guess < 15; guess++) {
      await signIn({ email: user.email, password: "some other words entirely" }, visitor(), null, people, NOW);
    }
    const reset = await resetPassword({ token, password: NEW_PASSWORD }, visitor(), people, NOW);
    if (!reset.ok) throw new Error("not reset");
    const fresh = { email: user.email, password: NEW_PASSWORD };
    const owner = visitor({ knownBrowser: reset.value.browser });
    expect(await signIn(fresh, owner, null, people, NOW)).toMatchObject({ ok: true });
  });

  it("a link that went to an address which the account has left sets nothing; one to its own does", async () => {
    const { people, users, user, token, linkTo } = await forgotten();
    const email = newAddress();
    await users.update(user, { ...user, email, emailVerified: false, version: 2 }, email.toLowerCase(), []);
    const reset = await resetPassword({ token, password: NEW_PASSWORD }, visitor(), people, NOW);
    expect(reset).toEqual({ ok: false, error: { kind: "link_dead" } });
    expect(await users.find(user.id)).toMatchObject({ email, emailVerified: false, passwordHash: user.passwordHash });
    await forgotPassword(email, visitor(), people, NOW);
    const own = { token: await linkTo(email), password: NEW_PASSWORD };
    expect(await resetPassword(own, visitor(), people, NOW)).toMatchObject({ ok: true });
    expect(await users.find(user.id)).toMatchObject({ email, emailVerified: true });
  });
});

describe("V6.2.3: changing the password", () => {
  async function signedIn() {
    const world = openPeople();
    const user = await world.someone();
    const open = async () => {
      const credentials = { email: user.email, password: world.password };
      const signed = await signIn(credentials, visitor(), null, world.people, NOW);
      if (!signed.ok) throw new Error("not signed in");
      const current = await currentSession(signed.value.session.token, world.people, NOW);
      if (current === null) throw new Error("no session");
      return { token: signed.value.session.token, current };
    };
    return { ...world, user, here: await open(), elsewhere: await open() };
  }

  it("asks for the old one, gives this session a new id, ends all others, and tells the owner", async () => {
    const { people, here, elsewhere, user, password, mailsTo, ended } = await signedIn();
    const changed = await changePassword(
      here.current,
      { current: password, next: NEW_PASSWORD },
      visitor(),
      people,
      NOW,
    );
    if (!changed.ok) throw new Error("not changed");
    expect(changed.value.session?.id).not.toBe(here.current.session.id);
    expect(await currentSession(changed.value.session?.token ?? "", people, NOW)).not.toBeNull();
    expect(await currentSession(here.token, people, NOW)).toBeNull();
    expect(await currentSession(elsewhere.token, people, NOW)).toBeNull();
    expect(ended.map(({ reason }) => reason)).toEqual(["password_changed", "password_changed"]);
    expect((await mailsTo(user.email)).at(-1)).toMatchObject({ kind: "password_changed" });
    const fresh = { email: user.email, password: NEW_PASSWORD };
    expect(await signIn(fresh, visitor(), null, people, NOW)).toMatchObject({ ok: true });
  });

  it("a wrong old one changes nothing, and is counted like a sign-in", async () => {
    const { people, users, here, user, elsewhere } = await signedIn();
    const guess = { current: "some other words entirely", next: NEW_PASSWORD };
    const kinds: string[] = [];
    for (let at = 0; at < 12; at++) {
      const answer = await changePassword(here.current, guess, visitor(), people, NOW);
      kinds.push(answer.ok ? "ok" : answer.error.kind);
    }
    expect(kinds).toEqual([...Array(10).fill("wrong"), "throttled", "throttled"]);
    expect((await users.find(user.id))?.passwordHash).toBe(user.passwordHash);
    expect(await currentSession(elsewhere.token, people, NOW)).not.toBeNull();
  });

  it("a new one that cannot be set changes nothing, with the reason", async () => {
    const { people, here, password, elsewhere } = await signedIn();
    const next = { current: password, next: "passwordpassword" };
    expect(await changePassword(here.current, next, visitor(), people, NOW)).toMatchObject({
      ok: false,
      error: { kind: "password_refused", fault: { code: "password_common" } },
    });
    expect(await currentSession(elsewhere.token, people, NOW)).not.toBeNull();
  });
});
