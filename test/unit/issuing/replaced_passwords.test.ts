import { beforeAll, describe, expect, it } from "vitest";
import { confirmEmailChange } from "../../../src/issuing/change_email.ts";
import { changePassword } from "../../../src/issuing/change_password.ts";
import { currentSession } from "../../../src/issuing/current_session.ts";
import { forgotPassword } from "../../../src/issuing/forgot_password.ts";
import { mailLink } from "../../../src/issuing/mail_person.ts";
import type { People } from "../../../src/issuing/people.ts";
import { resetPassword } from "../../../src/issuing/reset_password.ts";
import { signIn } from "../../../src/issuing/sign_in.ts";
import { undoEmailChange } from "../../../src/issuing/undo_email_change.ts";
import { Outage } from "../../../src/kernel/outage.ts";
import type { UserId } from "../../../src/protocol/ids.ts";
import { changeEmailText } from "../../../src/protocol/mail_texts.ts";
import { migrate } from "../../support/issuer_world.ts";
import { openPeople, visitor } from "../../support/people_world.ts";

beforeAll(migrate);

const NOW = Date.now();
const NEW_PASSWORD = "velvet anchor under river";

/** Somebody who is signed in, and has every link by which a password or an address is changed. */
async function owner() {
  const world = openPeople();
  const { people, password, linkTo, someone } = world;
  const user = await someone();
  const signed = await signIn({ email: user.email, password }, visitor(), null, people, NOW);
  if (!signed.ok) throw new Error("not signed in");
  const person = await currentSession(signed.value.session.token, people, NOW);
  if (person === null) throw new Error("no session");
  const thief = { email: user.email, password };
  /** Each change as the owner makes it, with the parts of `people` that are given. */
  const changes = {
    reset: async (parts: Partial<People> = {}) => {
      await forgotPassword(user.email, visitor(), people, NOW);
      const token = await linkTo(user.email);
      return () => resetPassword({ token, password: NEW_PASSWORD }, visitor(), { ...people, ...parts }, NOW);
    },
    change: async (parts: Partial<People> = {}) => {
      const entry = { current: password, next: NEW_PASSWORD };
      return () => changePassword(person, entry, visitor(), { ...people, ...parts }, NOW);
    },
    undo: async (parts: Partial<People> = {}) => {
      await (await changes.move())();
      const token = await linkTo(user.email);
      return () => undoEmailChange({ token, password: NEW_PASSWORD }, visitor(), { ...people, ...parts }, NOW);
    },
    move: async (parts: Partial<People> = {}) => {
      const email = `${crypto.randomUUID()}@example.com`;
      await mailLink({ user: user.id, email }, "change_email", changeEmailText, people, NOW);
      const token = await linkTo(email);
      return () => confirmEmailChange(token, person, visitor(), { ...people, ...parts }, NOW);
    },
  };
  return { ...world, user, thief, changes };
}

/** Accounts that are gone once a password was replaced. */
function goneAfterwards({ accounts }: People, fault: Error): Pick<People, "accounts"> {
  return { accounts: { ...accounts, finishChange: () => Promise.reject(fault) } };
}

describe("a password that was replaced", () => {
  it.each(["reset", "change", "undo"] as const)(
    "V6.3.7: the owner is told, though the process dies right after the change: %s",
    async (which) => {
      const { people, changes, user, users, mailsTo } = await owner();
      const parts = goneAfterwards(people, new Error("died"));
      await expect((await changes[which](parts))()).rejects.toThrow("died");
      expect((await users.find(user.id))?.passwordHash).not.toBe(user.passwordHash);
      expect((await mailsTo(user.email)).filter(({ kind }) => kind === "password_changed")).toHaveLength(1);
    },
  );

  it.each(["reset", "change"] as const)("nobody is told of one that was not made: %s", async (which) => {
    const { changes, user, users, mailsTo } = await owner();
    const down = () => Promise.reject(new Outage("d1"));
    const readOnly = { ...users, find: users.find.bind(users), update: down, updateByLink: down };
    const attempt = await changes[which]({ users: readOnly as unknown as People["users"] });
    await expect(attempt()).rejects.toBeInstanceOf(Outage);
    expect((await users.find(user.id))?.passwordHash).toBe(user.passwordHash);
    expect((await mailsTo(user.email)).filter(({ kind }) => kind === "password_changed")).toEqual([]);
    expect((await (await changes[which]())()).ok, "and can be made again").toBe(true);
  });

  it("the new one opens a session as soon as it is set, and as soon as a change came to nothing the old one does", async () => {
    const { people, changes, thief } = await owner();
    const spent = await changes.reset();
    expect((await spent()).ok).toBe(true);
    const fresh = { ...thief, password: NEW_PASSWORD };
    expect((await signIn(fresh, visitor(), null, people, NOW)).ok).toBe(true);
    expect(await spent()).toMatchObject({ ok: false, error: { kind: "link_dead" } });
    expect((await signIn(fresh, visitor(), null, people, NOW)).ok).toBe(true);
  });
});

describe("a change that was made is not answered by an outage", () => {
  it.each(["reset", "change", "undo", "move"] as const)(
    "of the guesses: no browser is known by it, and the log hears why: %s",
    async (which) => {
      const { people, changes } = await owner();
      const { guesses } = people;
      const broken: People["guesses"] = {
        begin: guesses.begin.bind(guesses),
        giveBack: guesses.giveBack.bind(guesses),
        knows: guesses.knows.bind(guesses),
        failures: guesses.failures.bind(guesses),
        take: guesses.take.bind(guesses),
        succeeded: () => Promise.reject(new Outage("guesses")),
      };
      const done = await (await changes[which]({ guesses: broken }))();
      expect(done).toMatchObject({ ok: true, value: { browser: null, unfinished: ["guesses"] } });
      const well = await (await (await owner()).changes[which]())();
      expect(well).toMatchObject({ ok: true, value: { browser: expect.any(String), unfinished: [] } });
    },
  );

  it.each(["reset", "change", "undo"] as const)("of the account, at the second end: %s", async (which) => {
    const { people, changes, thief } = await owner();
    const done = await (await changes[which](goneAfterwards(people, new Outage("account"))))();
    expect(done).toMatchObject({ ok: true, value: { unfinished: ["account"] } });
    if (which === "change") expect(done).toMatchObject({ value: { session: null } });
    expect((await signIn(thief, visitor(), null, people, NOW)).ok).toBe(false);
  });
});

describe("an operator ends everything of the person while they change their password", () => {
  /** Accounts in which an operator's end falls right before or right after the call of `method`. */
  function ending(
    { accounts }: People,
    user: UserId,
    method: "beginProvenChange" | "finishChange",
    when: "before" | "after",
  ) {
    const end = () => accounts.endEverything(user, "admin", null, NOW);
    const call = accounts[method].bind(accounts) as (...args: readonly unknown[]) => Promise<unknown>;
    const around = async (...args: readonly unknown[]) => {
      if (when === "before") await end();
      const answer = await call(...args);
      if (when === "after") await end();
      return answer;
    };
    return { accounts: { ...accounts, [method]: around } as People["accounts"] };
  }

  it("before the first end: nothing is changed, and the person is told that all is over", async () => {
    const { people, changes, user, users, thief, mailsTo } = await owner();
    const told = await (await changes.change(ending(people, user.id, "beginProvenChange", "before")))();
    expect(told).toEqual({ ok: false, error: { kind: "superseded" } });
    expect((await users.find(user.id))?.passwordHash).toBe(user.passwordHash);
    expect((await mailsTo(user.email)).filter(({ kind }) => kind === "password_changed")).toEqual([]);
    expect((await signIn(thief, visitor(), null, people, NOW)).ok, "the old one goes on").toBe(true);
  });

  it.each([
    ["right after the first end", "beginProvenChange", "after"],
    ["right before the second", "finishChange", "before"],
    ["right after the second", "finishChange", "after"],
  ] as const)("%s: the password is the new one, and nobody is signed in", async (_, method, when) => {
    const { people, changes, user, thief, sessions, mailsTo } = await owner();
    const told = await (await changes.change(ending(people, user.id, method, when)))();
    expect(told).toMatchObject({
      ok: true,
      value: { session: null, unopened: "proof_superseded", unfinished: [], browser: expect.any(String) },
    });
    expect([...sessions.values()].filter((one) => one.user === user.id)).toEqual([]);
    expect((await mailsTo(user.email)).filter(({ kind }) => kind === "password_changed")).toHaveLength(1);
    expect((await signIn(thief, visitor(), null, people, NOW)).ok).toBe(false);
    const fresh = { ...thief, password: NEW_PASSWORD };
    expect((await signIn(fresh, visitor(), null, people, NOW)).ok).toBe(true);
  });
});

it("a form to change the password that is sent twice at once changes it once, and leaves the person signed in", async () => {
  const { people, changes, user, thief, sessions, mailsTo } = await owner();
  const [one, two] = [await changes.change(), await changes.change()];
  const told = await Promise.all([one(), two()]);
  expect(told.filter(({ ok }) => ok)).toHaveLength(1);
  expect(told.find(({ ok }) => !ok)).toEqual({ ok: false, error: { kind: "superseded" } });
  expect([...sessions.values()].filter((session) => session.user === user.id)).toHaveLength(1);
  expect((await mailsTo(user.email)).filter(({ kind }) => kind === "password_changed")).toHaveLength(1);
  const fresh = { ...thief, password: NEW_PASSWORD };
  expect((await signIn(fresh, visitor(), null, people, NOW)).ok).toBe(true);
});

describe("M12: whoever signed in with a stolen password", () => {
  it.each(["reset", "undo"] as const)(
    "is a stranger after it was taken back, and the owner is known: %s",
    async (which) => {
      const { people, changes, thief, user } = await owner();
      const signed = await signIn(thief, visitor(), null, people, NOW);
      if (!signed.ok) throw new Error("not signed in");
      const stolen = visitor({ knownBrowser: signed.value.browser });
      const done = await (await changes[which]())();
      if (!done.ok || done.value.browser === null) throw new Error("not taken back");
      const own = visitor({ knownBrowser: done.value.browser });
      // Strangers lock the name: whoever is known goes on guessing.
      for (let guess = 0; guess < 10; guess++) await signIn(thief, visitor(), null, people, NOW);
      expect(await signIn(thief, stolen, null, people, NOW)).toMatchObject({ error: { kind: "throttled" } });
      const fresh = { email: user.email, password: NEW_PASSWORD };
      expect((await signIn(fresh, own, null, people, NOW)).ok).toBe(true);
    },
  );
});
