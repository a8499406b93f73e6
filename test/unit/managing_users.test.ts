import { beforeAll, describe, expect, it } from "vitest";
import { resetPassword } from "../../src/issuing/reset_password.ts";
import { signIn } from "../../src/issuing/sign_in.ts";
import { Outage } from "../../src/kernel/outage.ts";
import { changeUser, deleteUser, endUserSessions } from "../../src/managing/change_user.ts";
import { createUser, startPasswordReset } from "../../src/managing/create_user.ts";
import type { UserManagement } from "../../src/managing/user_management.ts";
import { newUserId } from "../../src/protocol/ids.ts";
import { migrate } from "../support/issuer_world.ts";
import { openPeople, visitor } from "../support/people_world.ts";

const NOW = Date.now();
const down = () => Promise.reject(new Outage("test"));

beforeAll(migrate);

function open() {
  const world = openPeople();
  const { users, accounts, links, mail, random, issuerUrl, brandName } = world.people;
  const sender = { issuerUrl, brandName, linkSeconds: 900 };
  const management: UserManagement = { users, accounts, links, mail, random, attributes: {}, sender };
  const enter = (email: string) => signIn({ email, password: world.password }, visitor(), null, world.people, NOW);
  return { ...world, management, enter };
}

describe("V6.4.6: an operator makes accounts and starts resets, and sets no password", () => {
  it("a new account has no password until its owner follows the mailed link", async () => {
    const { people, management, password, linkTo, mailsTo, enter } = open();
    const email = `Ada.${crypto.randomUUID()}@Example.com`;
    const created = await createUser({ email, profile: { name: "Ada" }, roles: ["staff"] }, management, NOW);
    expect(created).toMatchObject({
      ok: true,
      value: { email, passwordHash: null, roles: ["staff"], disabled: false },
    });
    expect(await enter(email)).toMatchObject({ ok: false });
    expect((await mailsTo(email)).map(({ kind }) => kind)).toEqual(["invitation"]);
    const token = await linkTo(email);
    expect(JSON.stringify(created)).not.toContain(token);
    expect(await resetPassword({ token, password }, visitor(), people, NOW)).toMatchObject({ ok: true });
    expect(await enter(email)).toMatchObject({ ok: true, value: { user: { emailVerified: true } } });
  });

  it("an address that has an account, or is none, is a fault of the field", async () => {
    const { management, someone } = open();
    const { email } = await someone();
    for (const [tried, reason] of [
      [email.toUpperCase(), "has an account already"],
      ["ada", "is not an email address"],
    ] as const) {
      const created = await createUser({ email: tried, profile: {}, roles: [] }, management, NOW);
      expect(created).toEqual({
        ok: false,
        error: { code: "validation_failed", errors: [{ field: "email", reason }] },
      });
    }
  });

  it("a reset is mailed to the owner, and the old password works until it is used", async () => {
    const { management, someone, mailsTo, enter } = open();
    const user = await someone();
    expect(await startPasswordReset(user.id, management, NOW)).toMatchObject({ ok: true });
    expect((await mailsTo(user.email)).map(({ kind }) => kind)).toEqual(["reset_password"]);
    expect(await enter(user.email)).toMatchObject({ ok: true });
  });
});

describe("V7.4.2: what an operator closes is closed", () => {
  it("disabling ends what is open and lets nobody in; enabling does", async () => {
    const { management, someone, sessions, enter, ended } = open();
    const user = await someone();
    expect(await enter(user.email)).toMatchObject({ ok: true });
    expect(await changeUser(user.id, { disabled: true }, management, NOW)).toMatchObject({
      ok: true,
      value: { value: { disabled: true, version: 2 }, progress: "announced" },
    });
    expect([sessions.size, await enter(user.email)]).toMatchObject([0, { ok: false }]);
    expect(ended).toMatchObject([{ call: "setBlocked", reason: "disabled" }]);
    expect(await changeUser(user.id, { disabled: false }, management, NOW)).toMatchObject({ ok: true });
    expect(await enter(user.email)).toMatchObject({ ok: true });
  });

  it("a disabling that stops half-way has closed already, and can be repeated", async () => {
    const { management, someone, sessions, enter, users } = open();
    const user = await someone();
    await enter(user.email);
    const broken = {
      ...management,
      users: Object.assign(Object.create(users), { find: users.find.bind(users), update: down }),
    };
    await expect(changeUser(user.id, { disabled: true }, broken, NOW)).rejects.toBeInstanceOf(Outage);
    expect([sessions.size, await enter(user.email)]).toMatchObject([0, { ok: false }]);
    expect(await changeUser(user.id, { disabled: true }, management, NOW)).toMatchObject({ ok: true });
    expect(await users.find(user.id)).toMatchObject({ disabled: true });
  });

  it("an enabling that stops half-way is still closed, and a repetition opens", async () => {
    const { management, someone, enter } = open();
    const user = await someone();
    await changeUser(user.id, { disabled: true }, management, NOW);
    const broken = { ...management, accounts: { ...management.accounts, setBlocked: down } };
    await expect(changeUser(user.id, { disabled: false }, broken, NOW)).rejects.toBeInstanceOf(Outage);
    expect(await enter(user.email)).toMatchObject({ ok: false });
    expect(await changeUser(user.id, { disabled: false }, management, NOW)).toMatchObject({ ok: true });
    expect(await enter(user.email)).toMatchObject({ ok: true });
  });

  it("taking a role away ends what carries it; giving one, or another name, ends nothing", async () => {
    const { management, someone, enter, sessions, ended } = open();
    const user = await someone({ roles: ["staff"] });
    await enter(user.email);
    const given = { roles: ["staff", "auditor"], profile: { name: "Ada" } };
    expect(await changeUser(user.id, given, management, NOW)).toMatchObject({ ok: true });
    expect([sessions.size, ended.length]).toEqual([1, 0]);
    expect(await changeUser(user.id, { roles: ["auditor"] }, management, NOW)).toMatchObject({ ok: true });
    expect([sessions.size, ended.map(({ reason }) => reason)]).toEqual([0, ["admin", "admin"]]);
  });

  it("a patch that changes nothing says so", async () => {
    const { management, someone } = open();
    const user = await someone({ profile: { name: "Ada", locale: "en" } });
    const same = { profile: { locale: "en", name: "Ada" }, roles: [] };
    expect(await changeUser(user.id, same, management, NOW)).toEqual({
      ok: true,
      value: { value: user, progress: "unchanged" },
    });
  });

  it("a deleted user is out, for good, and the address is free", async () => {
    const { management, someone, sessions, enter, users } = open();
    const user = await someone();
    await enter(user.email);
    expect(await deleteUser(user.id, management, NOW)).toMatchObject({ ok: true });
    expect([sessions.size, await users.find(user.id), await enter(user.email)]).toMatchObject([0, null, { ok: false }]);
    expect(await createUser({ email: user.email, profile: {}, roles: [] }, management, NOW)).toMatchObject({
      ok: true,
    });
  });

  it("ending sessions ends them all, and the user may sign in again", async () => {
    const { management, someone, sessions, enter } = open();
    const user = await someone();
    await enter(user.email);
    await enter(user.email);
    expect(sessions.size).toBe(2);
    expect(await endUserSessions(user.id, management, NOW)).toMatchObject({
      ok: true,
      value: { progress: "announced" },
    });
    expect(sessions.size).toBe(0);
    expect(await enter(user.email)).toMatchObject({ ok: true });
  });

  it("of nobody there is nothing to change", async () => {
    const { management, people } = open();
    const id = newUserId(people.random);
    const missing = { ok: false, error: { code: "not_found" } };
    expect(await changeUser(id, { disabled: true }, management, NOW)).toEqual(missing);
    expect(await deleteUser(id, management, NOW)).toEqual(missing);
    expect(await endUserSessions(id, management, NOW)).toEqual(missing);
    expect(await startPasswordReset(id, management, NOW)).toEqual(missing);
  });
});
