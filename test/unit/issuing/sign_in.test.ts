// Long because each rule has its attack and its positive control beside it.
import { beforeAll, describe, expect, it } from "vitest";
import { Argon2Passwords } from "../../../src/adapters/argon2_passwords.ts";
import { changePassword } from "../../../src/issuing/change_password.ts";
import { currentSession, signOut } from "../../../src/issuing/current_session.ts";
import { forgotPassword } from "../../../src/issuing/forgot_password.ts";
import { resetPassword } from "../../../src/issuing/reset_password.ts";
import { signIn } from "../../../src/issuing/sign_in.ts";
import { Busy } from "../../../src/kernel/busy.ts";
import { Outage } from "../../../src/kernel/outage.ts";
import { platformRandom } from "../../../src/kernel/random.ts";
import { migrate } from "../../support/issuer_world.ts";
import { openPeople, visitor } from "../../support/people_world.ts";

const NOW = Date.now();
const WRONG = "some other words entirely";

beforeAll(migrate);

describe("sign-in", () => {
  it("opens a session under an opaque token that leads back to the user", async () => {
    const { people, someone, password } = openPeople();
    const user = await someone();
    const signed = await signIn({ email: user.email, password }, visitor(), null, people, NOW);
    if (!signed.ok) throw new Error("not signed in");
    expect(signed.value.session.token).toMatch(/^sps_[\w-]+\.[\w-]{43}$/);
    expect(await currentSession(signed.value.session.token, people, NOW)).toMatchObject({
      user: { id: user.id },
      session: { id: signed.value.session.id, amr: ["pwd"], label: "Firefox on Linux" },
    });
  });

  it.each([
    ["another case", (email: string) => email.toUpperCase()],
    ["white space round it", (email: string) => ` ${email} `],
    ["full-width letters", (email: string) => email.replace("@", "＠")],
  ])("a name is one however it is written: %s", async (_, write) => {
    const { people, someone, password } = openPeople();
    const user = await someone();
    expect(await signIn({ email: write(user.email), password }, visitor(), null, people, NOW)).toMatchObject({
      ok: true,
    });
  });

  it("a password is one however its accents are composed", async () => {
    const { people, someone } = openPeople();
    const phrase = "crème brûlée à onze heures";
    const user = await someone({ passwordHash: await people.passwords.hash(phrase.normalize("NFC")) });
    const credentials = { email: user.email, password: phrase.normalize("NFD") };
    expect(await signIn(credentials, visitor(), null, people, NOW)).toMatchObject({ ok: true });
  });

  it("an unknown, a disabled and a passwordless account, a wrong name and a wrong password look alike, and cost one hash each", async () => {
    const { people, someone, password, hashes } = openPeople();
    const [known, disabled, invited] = [
      await someone(),
      await someone({ disabled: true }),
      await someone({ passwordHash: null }),
    ];
    const cases = [
      [known.email, WRONG, "wrong_password"],
      [known.email, "", "wrong_password"],
      [known.email, "\ud800", "wrong_password"],
      [known.email, "x".repeat(5_000), "wrong_password"],
      ["nobody@example.com", password, "unknown_user"],
      ["' OR 1=1 --", password, "unknown_user"],
      [`${known.email}\u0000`, password, "unknown_user"],
      ["", password, "unknown_user"],
      [disabled.email, password, "user_disabled"],
      [disabled.email, WRONG, "wrong_password"],
      [invited.email, password, "wrong_password"],
    ] as const;
    for (const [email, tried, loggedReason] of cases) {
      const before = hashes.count;
      const answer = await signIn({ email, password: tried }, visitor(), null, people, NOW);
      expect(answer).toMatchObject({ ok: false, error: { kind: "wrong", loggedReason } });
      expect(hashes.count - before).toBe(1);
    }
    expect(await signIn({ email: known.email, password }, visitor(), null, people, NOW)).toMatchObject({ ok: true });
  });

  it("M12: 200 guesses from 200 addresses in every spelling: ten are looked at, for names that exist and names that do not", async () => {
    const { people, someone, hashes } = openPeople();
    const known = (await someone()).email;
    for (const name of [known, `nobody-${crypto.randomUUID()}@example.com`]) {
      const spellings = [name, name.toUpperCase(), ` ${name}`, name.replace("@", "＠")];
      const before = hashes.count;
      const kinds: string[] = [];
      for (let guess = 0; guess < 40; guess++) {
        const email = spellings[guess % spellings.length] ?? name;
        const answer = await signIn({ email, password: WRONG }, visitor(), null, people, NOW);
        kinds.push(answer.ok ? "ok" : answer.error.kind);
      }
      expect(kinds).toEqual([...Array(10).fill("wrong"), ...Array(30).fill("throttled")]);
      expect(hashes.count - before).toBe(10);
    }
  });

  it("the owner signs in from a browser that did before, while strangers are locked out", async () => {
    const { people, someone, password } = openPeople();
    const { email } = await someone();
    const first = await signIn({ email, password }, visitor(), null, people, NOW);
    if (!first.ok) throw new Error("not signed in");
    for (let guess = 0; guess < 15; guess++) await signIn({ email, password: WRONG }, visitor(), null, people, NOW);
    const stranger = await signIn({ email, password }, visitor(), null, people, NOW);
    expect(stranger).toEqual({ ok: false, error: { kind: "throttled", retryAfterSeconds: 900 } });
    const owner = visitor({ knownBrowser: first.value.browser });
    const again = await signIn({ email, password }, owner, null, people, NOW);
    expect(again).toMatchObject({ ok: true });
    if (again.ok) expect(again.value.browser).not.toBe(first.value.browser);
  });

  it("each sign-in has a new session, and the one it replaces is dead", async () => {
    const { people, someone, password } = openPeople();
    const { email } = await someone();
    const first = await signIn({ email, password }, visitor(), null, people, NOW);
    if (!first.ok) throw new Error("not signed in");
    const second = await signIn({ email, password }, visitor(), first.value.session.id, people, NOW);
    if (!second.ok) throw new Error("not signed in");
    expect(second.value.session.id).not.toBe(first.value.session.id);
    expect(await currentSession(first.value.session.token, people, NOW)).toBeNull();
    expect(await currentSession(second.value.session.token, people, NOW)).not.toBeNull();
  });

  it("a hash of yesterday's parameters is made anew, and trouble with that keeps nobody out", async () => {
    const strong = new Argon2Passwords({ memoryKiB: 512, passes: 1, random: platformRandom });
    const { people, users, someone, password } = openPeople({ parts: { passwords: strong } });
    const user = await someone();
    const credentials = { email: user.email, password };
    const busy = { hash: () => Promise.reject(new Busy(1)), verify: strong.verify.bind(strong) };
    const hurried = { ...people, passwords: busy };
    expect(await signIn(credentials, visitor(), null, hurried, NOW)).toMatchObject({ ok: true });
    expect((await users.find(user.id))?.passwordHash).toBe(user.passwordHash);
    expect(await signIn(credentials, visitor(), null, people, NOW)).toMatchObject({ ok: true });
    expect((await users.find(user.id))?.passwordHash).toContain("m=512");
    expect(await signIn(credentials, visitor(), null, people, NOW)).toMatchObject({ ok: true });
  });

  it("nobody signs in while guesses cannot be counted, and no hash is computed", async () => {
    const fail = () => Promise.reject(new Outage("guesses"));
    const { people, someone, password, hashes } = openPeople({
      parts: { guesses: { begin: fail, giveBack: fail, succeeded: fail, knows: fail, take: fail, failures: fail } },
    });
    const { email } = await someone();
    await expect(signIn({ email, password }, visitor(), null, people, NOW)).rejects.toBeInstanceOf(Outage);
    expect(hashes.count).toBe(0);
  });
});

describe("what was never decided is no failure", () => {
  const twice = { steps: [{ failures: 2, lockSeconds: 900 }], attemptsPerAddressPerMinute: 2 };

  it.each([
    ["passwords wait behind others", "Busy", { verify: () => Promise.reject(new Busy(1)) }],
    ["passwords are out", "Outage", { verify: () => Promise.reject(new Outage("passwords")) }],
    ["passwords are wrong", null, {}],
  ] as const)("sign-in while %s", async (_, thrown, changes) => {
    const { people, someone, password } = openPeople({ lockout: twice });
    const { email } = await someone();
    const { passwords } = people;
    const meanwhile = {
      ...people,
      passwords: { hash: passwords.hash.bind(passwords), verify: passwords.verify.bind(passwords), ...changes },
    };
    const here = visitor();
    for (let at = 0; at < 5; at++) {
      const answer = signIn({ email, password: WRONG }, here, null, meanwhile, NOW);
      if (thrown === null) await answer;
      else await expect(answer).rejects.toMatchObject({ name: thrown });
    }
    const later = await signIn({ email, password }, here, null, people, NOW);
    expect(later).toMatchObject(thrown === null ? { ok: false, error: { kind: "throttled" } } : { ok: true });
  });

  it("an account that cannot be asked, at sign-in and at a change of the password", async () => {
    const { people, someone, password } = openPeople({ lockout: twice });
    const { email } = await someone();
    const here = visitor();
    const accounts = { ...people.accounts, openSession: () => Promise.reject(new Outage("account")) };
    for (let at = 0; at < 5; at++) {
      const answer = signIn({ email, password }, here, null, { ...people, accounts }, NOW);
      await expect(answer).rejects.toBeInstanceOf(Outage);
    }
    const signed = await signIn({ email, password }, here, null, people, NOW);
    if (!signed.ok) throw new Error("not signed in");
    const current = await currentSession(signed.value.session.token, people, NOW);
    if (current === null) throw new Error("no session");
    const change = { current: password, next: "velvet anchor under river" };
    const { passwords } = people;
    const busy = { verify: passwords.verify.bind(passwords), hash: () => Promise.reject(new Busy(1)) };
    for (let at = 0; at < 5; at++) {
      const answer = changePassword(current, change, here, { ...people, passwords: busy }, NOW);
      await expect(answer).rejects.toBeInstanceOf(Busy);
    }
    expect(await changePassword(current, change, here, people, NOW)).toMatchObject({ ok: true });
  });
});

describe("a password that is replaced while the old one is being checked", () => {
  const NEW_PASSWORD = "velvet anchor under river";

  /** Signs in with the old password, and resets it from another browser when the sign-in has come to `moment`. */
  async function race(moment: "never" | "the hash" | "the epoch" | "the session") {
    const world = openPeople();
    const { people, password, linkTo } = world;
    const user = await world.someone();
    await forgotPassword(user.email, visitor(), people, NOW);
    const token = await linkTo(user.email);
    const reset = async (at: typeof moment) => {
      if (at !== moment) return;
      expect(await resetPassword({ token, password: NEW_PASSWORD }, visitor(), people, NOW)).toMatchObject({
        ok: true,
      });
    };
    const { passwords, accounts } = people;
    const raced: typeof people = {
      ...people,
      passwords: {
        hash: (text) => passwords.hash(text),
        verify: async (text, phc) => {
          const verdict = await passwords.verify(text, phc);
          await reset("the hash");
          return verdict;
        },
      },
      accounts: {
        ...accounts,
        epochOf: async (...asked) => {
          const epoch = await accounts.epochOf(...asked);
          await reset("the epoch");
          return epoch;
        },
        openSession: async (...asked) => {
          await reset("the session");
          return accounts.openSession(...asked);
        },
      },
    };
    return {
      ...world,
      user,
      raced,
      signed: await signIn({ email: user.email, password }, visitor(), null, raced, NOW),
    };
  }

  it.each(["the hash", "the epoch", "the session"] as const)(
    "opens nothing for who knew the old one, and looks like a wrong password: at %s",
    async (moment) => {
      const { signed, sessions, user, people } = await race(moment);
      expect(signed).toEqual({
        ok: false,
        error: { kind: "wrong", loggedReason: "proof_superseded", loggedUser: user.id },
      });
      expect([...sessions.values()].filter((session) => session.user === user.id)).toEqual([]);
      const credentials = { email: user.email, password: NEW_PASSWORD };
      expect(await signIn(credentials, visitor(), null, people, NOW)).toMatchObject({ ok: true });
    },
  );

  it("and does open a session where nobody replaced it", async () => {
    const { signed, sessions } = await race("never");
    expect([signed.ok, sessions.size]).toEqual([true, 1]);
  });

  it.each([
    ["the hash", "superseded"],
    ["nothing", null],
  ] as const)("is not replaced again by who knew the old one: reset at %s", async (moment, refusedFor) => {
    const { people, someone, password, linkTo } = openPeople();
    const { email } = await someone();
    const signed = await signIn({ email, password }, visitor(), null, people, NOW);
    if (!signed.ok) throw new Error("not signed in");
    const current = await currentSession(signed.value.session.token, people, NOW);
    if (current === null) throw new Error("no session");
    await forgotPassword(email, visitor(), people, NOW);
    const token = await linkTo(email);
    const { passwords } = people;
    const hash = async (text: string) => {
      if (moment === "the hash") {
        await resetPassword({ token, password: NEW_PASSWORD }, visitor(), people, NOW);
      }
      return passwords.hash(text);
    };
    const raced = { ...people, passwords: { hash, verify: passwords.verify.bind(passwords) } };
    const next = "brisk lantern orbit quilt";
    const changed = await changePassword(current, { current: password, next }, visitor(), raced, NOW);
    const works = async (text: string) => (await signIn({ email, password: text }, visitor(), null, people, NOW)).ok;
    if (refusedFor === null) expect(changed.ok).toBe(true);
    else expect(changed).toMatchObject({ ok: false, error: { kind: refusedFor } });
    expect([await works(next), await works(NEW_PASSWORD)]).toEqual([refusedFor === null, refusedFor !== null]);
  });
});

describe("the session behind a cookie", () => {
  async function signedIn() {
    const world = openPeople();
    const user = await world.someone();
    const signed = await signIn({ email: user.email, password: world.password }, visitor(), null, world.people, NOW);
    if (!signed.ok) throw new Error("not signed in");
    return { ...world, user, token: signed.value.session.token };
  }

  it("ends with signing out, and signing out twice is no fault", async () => {
    const { people, token } = await signedIn();
    expect(await signOut(token, people, NOW)).toMatchObject({ sessions: 1 });
    expect(await currentSession(token, people, NOW)).toBeNull();
    expect(await signOut(token, people, NOW)).toBeNull();
  });

  it("is nobody's once the user is disabled or deleted", async () => {
    const { people, users, user, token } = await signedIn();
    const disabled = { ...user, disabled: true, version: 2 };
    expect(await currentSession(token, people, NOW)).not.toBeNull();
    await users.update(user, disabled, user.email, []);
    expect(await currentSession(token, people, NOW)).toBeNull();
    await users.delete(disabled, []);
    expect(await currentSession(token, people, NOW)).toBeNull();
  });

  it.each([
    ["nothing", () => ""],
    ["another prefix", (token: string) => token.replace("sps_", "spr_")],
    ["another secret", (token: string) => `${token.slice(0, -43)}${"A".repeat(43)}`],
    ["a broken locator", (token: string) => token.replace(/_..../, "_AAAA")],
    ["something behind it", (token: string) => `${token}.`],
  ])("is not found under %s", async (_, change) => {
    const { people, token } = await signedIn();
    expect(await currentSession(token, people, NOW)).not.toBeNull();
    expect(await currentSession(change(token), people, NOW)).toBeNull();
    expect(await signOut(change(token), people, NOW)).toBeNull();
  });
});
