import { beforeAll, describe, expect, it } from "vitest";
import { D1Users } from "../../src/adapters/d1/users.ts";
import { Outage } from "../../src/kernel/outage.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import { type assignRole, unassignRole } from "../../src/managing/assignments.ts";
import { changeUser, type UserPatch } from "../../src/managing/change_user.ts";
import type { Accounts } from "../../src/ports/accounts.ts";
import type { UserDirectory, UserRecord } from "../../src/ports/users.ts";
import { normaliseEmail } from "../../src/protocol/email_address.ts";
import { newUserId } from "../../src/protocol/ids.ts";
import { newAccount } from "../support/account_world.ts";
import { alarmInAMinute } from "../support/due_ends.ts";
import { holding } from "../support/grants.ts";
import { backstage, migrate } from "../support/issuer_world.ts";
import { someUser } from "../support/users.ts";

beforeAll(migrate);

const HELD = { roles: ["staff", "manager"], attributes: { department: "sales" } };
const LESS: Readonly<Record<string, UserPatch>> = {
  "a role": { roles: ["staff"] },
  "an attribute": { attributes: { department: "support" } },
};
const DIED = new Error("died");
const dies = () => Promise.reject(DIED);

/** A user in D1 with an account of their own, and what takes something away from them. */
async function someone(wishes: Partial<UserRecord> = {}) {
  const account = await newAccount();
  const { accounts, user, nowMs } = account;
  const users = new D1Users(backstage.db);
  const record = someUser({ id: user, ...HELD, ...wishes });
  await users.insert(record, normaliseEmail(record.email) ?? "");
  account.record.fence = (id) => users.fence(id).then(() => true);
  const parts = (broken: { accounts?: Partial<Accounts>; users?: Partial<UserDirectory> } = {}) => ({
    users: { find: users.find.bind(users), update: users.update.bind(users), ...broken.users } as UserDirectory,
    accounts: { ...accounts, ...broken.accounts },
    attributes: { department: "string" } as const,
  });
  return {
    ...account,
    users,
    parts,
    ask: (patch: UserPatch, broken?: Parameters<typeof parts>[0]) => changeUser(user, patch, parts(broken), nowMs),
    /** A grant given on what the directory said a moment ago: its tokens carry all of `HELD`. */
    minted: async () => account.started({ holdings: { ...holding(...HELD.roles), attributes: HELD.attributes } }),
    live: async () => (await accounts.listGrants(user, nowMs)).map(({ grantId }) => grantId),
  };
}

type Someone = Awaited<ReturnType<typeof someone>>;
type Broken = NonNullable<Parameters<Someone["parts"]>[0]>;

/** Where the process may die once something was ended, and whether the record is written then. */
const CRASHES: readonly [where: string, isWritten: boolean, broken: (someone: Someone) => Broken][] = [
  ["before the write", false, () => ({ users: { update: dies } })],
  [
    "after the write, before its answer",
    true,
    ({ users }) => ({ users: { update: (...update) => users.update(...update).then(dies) } }),
  ],
  ["before the second end", true, () => ({ accounts: { finishChange: dies } })],
];

describe.each(Object.entries(LESS))("whoever takes %s away and dies", (_, patch) => {
  it("before the first end has changed nothing", async () => {
    const person = await someone();
    const { grantId } = await person.minted();
    await expect(person.ask(patch, { accounts: { beginChange: dies } })).rejects.toBe(DIED);
    expect([await person.live(), await person.users.find(person.user)]).toMatchObject([[grantId], HELD]);
  });

  it.each(CRASHES)("%s: what was minted meanwhile ends by the account alone", async (_where, isWritten, broken) => {
    const person = await someone();
    await expect(person.ask(patch, broken(person))).rejects.toBe(DIED);
    expect((await person.users.find(person.user))?.version).toBe(isWritten ? 2 : 1);
    const { grantId } = await person.minted();
    await person.kill();
    expect(await person.live()).toEqual([grantId]);
    await alarmInAMinute(person.stub());
    expect(await person.live()).toEqual([]);
  });

  it.each(CRASHES)(
    "%s: asking again ends it at once, also where there is nothing to change",
    async (_where, _isWritten, broken) => {
      const person = await someone();
      await expect(person.ask(patch, broken(person))).rejects.toBe(DIED);
      await person.minted();
      expect(await person.ask(patch)).toMatchObject({ ok: true, value: { value: { version: 2, ...patch } } });
      expect(await person.live()).toEqual([]);
      // Another change could be under way: what is owed is owed until its minute is over.
      await person.minted();
      await alarmInAMinute(person.stub());
      expect(await person.live()).toEqual([]);
      expect(await person.ask(patch)).toMatchObject({ value: { progress: "unchanged" } });
    },
  );
});

describe("rights that are taken away", () => {
  it("an outage at the second end does not hide that the change is made: pending, and the account ends the rest", async () => {
    const person = await someone();
    const down = () => Promise.reject(new Outage("account"));
    const told = await person.ask({ roles: [] }, { accounts: { finishChange: down } });
    expect(told).toMatchObject({ ok: true, value: { value: { roles: [] }, progress: "pending" } });
    await person.minted();
    await alarmInAMinute(person.stub());
    expect(await person.live()).toEqual([]);
  });

  it("a change that is made leaves nothing owed: what is granted after it stays", async () => {
    const person = await someone();
    expect(await person.ask({ roles: [] })).toMatchObject({ value: { progress: "announced" } });
    const { grantId } = await person.minted();
    await alarmInAMinute(person.stub());
    expect(await person.ask({ roles: [] })).toMatchObject({ value: { progress: "unchanged" } });
    expect(await person.live()).toEqual([grantId]);
  });

  it("a conflict leaves nothing owed either", async () => {
    const person = await someone();
    const conflict = async () => "conflict" as const;
    expect(await person.ask({ roles: [] }, { users: { update: conflict } })).toMatchObject({
      error: { code: "conflict" },
    });
    const { grantId } = await person.minted();
    await alarmInAMinute(person.stub());
    expect(await person.live()).toEqual([grantId]);
  });

  it("an account that is out when somebody asks again is an outage, and no answer that all is well", async () => {
    const person = await someone();
    await expect(person.ask({ roles: [] }, { accounts: { finishChange: dies } })).rejects.toBe(DIED);
    const down = () => Promise.reject(new Outage("account"));
    await expect(person.ask({ roles: [] }, { accounts: { endOwed: down } })).rejects.toBeInstanceOf(Outage);
  });

  it("two operators who take different things away at once: neither end is lost with the other", async () => {
    const person = await someone();
    await expect(person.ask({ roles: ["staff"] }, { accounts: { finishChange: dies } })).rejects.toBe(DIED);
    expect(await person.ask({ attributes: {} })).toMatchObject({ ok: true });
    await person.minted();
    await alarmInAMinute(person.stub());
    expect(await person.live()).toEqual([]);
  });

  it("a role that is unassigned: the same, and asking again for what is gone ends what is owed", async () => {
    const person = await someone({ roles: [], assignments: [{ role: "staff", tenant: "acme", untilMs: null }] });
    const unassign = (broken: Broken = {}) => {
      const management = { people: person.parts(broken) } as unknown as Parameters<typeof assignRole>[1];
      return unassignRole(
        { subject: person.user, role: "staff", tenant: "acme", untilMs: null },
        management,
        Date.now(),
      );
    };
    await expect(unassign({ accounts: { finishChange: dies } })).rejects.toBe(DIED);
    await person.minted();
    expect(await unassign()).toEqual({ ok: false, error: { code: "not_found" } });
    expect(await person.live()).toEqual([]);
    await person.minted();
    await alarmInAMinute(person.stub());
    expect(await person.live()).toEqual([]);
  });
});

describe("a write that is still on its way when its caller dies", () => {
  /** Takes a role away, and dies with the write on its way: `land` lets it arrive. */
  async function dyingWithWrite() {
    const person = await someone();
    let land: () => Promise<string> = async () => "was not written";
    const update: UserDirectory["update"] = (...write) => {
      land = () => person.users.update(...write);
      return dies();
    };
    await expect(person.ask({ roles: ["staff"] }, { users: { update } })).rejects.toBe(DIED);
    return { ...person, land: () => land(), roles: async () => (await person.users.find(person.user))?.roles };
  }

  it("attack: it comes after the account made the second end, and what was minted since keeps the role: it changes nothing", async () => {
    const { stub, minted, live, land, roles, kill } = await dyingWithWrite();
    await kill();
    await alarmInAMinute(stub());
    const { grantId } = await minted();
    expect(await land()).toBe("conflict");
    expect([await roles(), await live()]).toEqual([HELD.roles, [grantId]]);
  });

  it("one that comes before that end is what it ends for", async () => {
    const { stub, minted, live, land, roles } = await dyingWithWrite();
    await minted();
    expect(await land()).toBe("changed");
    await alarmInAMinute(stub());
    expect([await roles(), await live()]).toEqual([["staff"], []]);
  });

  it("while the directory is out all ends as well, and again until that holds", async () => {
    const { stub, minted, live, land, record, ask } = await dyingWithWrite();
    const fence = record.fence;
    record.fence = async () => false;
    await minted();
    await alarmInAMinute(stub());
    expect(await live()).toEqual([]);
    await minted();
    expect(await land()).toBe("changed");
    record.fence = fence;
    await alarmInAMinute(stub());
    expect(await live()).toEqual([]);
    const { grantId } = await minted();
    await alarmInAMinute(stub());
    expect(await live(), "once").toEqual([grantId]);
    expect(await ask({ roles: [] }), "and what is changed afterwards is").toMatchObject({ ok: true });
  });

  it("a record that is gone needs no fence", async () => {
    const { users } = await dyingWithWrite();
    await expect(users.fence(newUserId(platformRandom))).resolves.toBeUndefined();
  });
});
