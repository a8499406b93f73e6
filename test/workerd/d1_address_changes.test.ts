import { beforeAll, describe, expect, it } from "vitest";
import { D1ActionLinks } from "../../src/adapters/d1/action_links.ts";
import { D1AddressChanges } from "../../src/adapters/d1/address_changes.ts";
import { D1Users } from "../../src/adapters/d1/users.ts";
import { Outage } from "../../src/kernel/outage.ts";
import type { AddressChange } from "../../src/ports/address_changes.ts";
import type { UserRecord } from "../../src/ports/users.ts";
import { backstage, migrate } from "../support/issuer_world.ts";
import { someUser } from "../support/users.ts";

const NOW = 1_700_000_000_000;
const { db } = backstage;
const users = new D1Users(db);
const links = new D1ActionLinks(db);

beforeAll(migrate);

async function stored(wishes: Partial<UserRecord> = {}): Promise<UserRecord> {
  const user = someUser({ emailVerified: true, passwordHash: "x", ...wishes });
  await users.insert(user, user.email);
  return user;
}

/** A change of `before` that a link allows. */
async function change(before: UserRecord, wishes: Partial<AddressChange> = {}): Promise<AddressChange> {
  const link = { hash: crypto.randomUUID(), purpose: "change_email" } as const;
  await links.insert({ ...link, user: before.id, email: "new@example.com", createdAtMs: NOW, expiresAtMs: NOW + 1 });
  const email = wishes.after?.email ?? `${crypto.randomUUID()}@example.com`;
  return {
    before,
    after: { ...before, email, emailVerified: true, updatedAtMs: NOW },
    normalisedEmail: email,
    link,
    event: {
      id: crypto.randomUUID(),
      userId: before.id,
      kind: "email_changed",
      reason: "confirmed",
      grantId: null,
      clientId: null,
      atMs: NOW,
    },
    mails: [{ to: before.email, kind: "email_changed", subject: "s", text: "t" }],
    undo: {
      hash: crypto.randomUUID(),
      purpose: "undo_email_change",
      user: before.id,
      email: before.email,
      createdAtMs: NOW,
      expiresAtMs: NOW + 1,
    },
    outdoesUnconfirmed: false,
    ...wishes,
  };
}

/** How many mails, events and links there are of a change. */
async function kept({ before, event, undo }: AddressChange) {
  const count = (sql: string, value: string) => db.prepare(sql).bind(value).first<number>("n");
  return Promise.all([
    count("SELECT count(*) AS n FROM mail_outbox WHERE recipient = ?", before.email),
    count("SELECT count(*) AS n FROM security_events WHERE id = ?", event.id),
    count("SELECT count(*) AS n FROM action_links WHERE hash = ?", undo?.hash ?? ""),
  ]);
}

describe("a change of address in D1", () => {
  const changes = new D1AddressChanges(db, null);

  it("is one with its record, its mail and its link", async () => {
    const before = await stored();
    const wanted = await change(before);
    expect(await changes.commit(wanted, NOW)).toBe("changed");
    expect(await users.find(before.id)).toEqual({ ...wanted.after, version: 2 });
    expect(await kept(wanted)).toEqual([1, 1, 1]);
    expect(await links.peek(wanted.link.hash, "change_email", NOW), "spent").toBeNull();
  });

  it.each([
    ["was used", async ({ link }: AddressChange) => links.spend(link.hash, link.purpose, NOW).then(() => NOW)],
    ["is too old", async () => NOW + 1],
  ])("by a link that %s is none, and tells nobody", async (_, kill) => {
    const before = await stored();
    const wanted = await change(before);
    expect(await changes.commit(wanted, await kill(wanted))).toBe("link_dead");
    expect([await users.find(before.id), await kept(wanted)]).toEqual([before, [0, 0, 0]]);
  });

  it("by a link of another user is none", async () => {
    const [before, other] = [await stored(), await stored()];
    const { link } = await change(other);
    const wanted = { ...(await change(before)), link };
    expect(await changes.commit(wanted, NOW)).toBe("link_dead");
    expect([await users.find(before.id), await kept(wanted)]).toEqual([before, [0, 0, 0]]);
  });

  it("of a user who changed meanwhile, or is gone, is none, and leaves nothing behind", async () => {
    const before = await stored();
    await users.update(before, { ...before, roles: ["x"] }, before.email, []);
    const wanted = await change(before);
    expect(await changes.commit(wanted, NOW)).toBe("conflict");
    expect(await kept(wanted)).toEqual([0, 0, 0]);
    expect(await users.find(before.id)).toMatchObject({ email: before.email, roles: ["x"] });
    expect(await links.peek(wanted.link.hash, "change_email", NOW), "good for another try").not.toBeNull();
    const nobodys = await change(someUser());
    expect([await changes.commit(nobodys, NOW), await kept(nobodys)]).toEqual(["link_dead", [0, 0, 0]]);
  });

  it("to an address that is taken is none, and leaves nothing behind", async () => {
    const [before, owner] = [await stored(), await stored({ emailVerified: false })];
    const wanted = await change(before, { after: { ...before, email: owner.email } });
    expect(await changes.commit(wanted, NOW)).toBe("email_taken");
    expect(await kept(wanted)).toEqual([0, 0, 0]);
    expect(await users.find(owner.id)).toEqual(owner);
  });

  it.each([
    ["registered and never confirmed", { emailVerified: false }, "changed"],
    ["confirmed", {}, "email_taken"],
    ["made by an operator", { emailVerified: false, passwordHash: null }, "email_taken"],
  ] as const)("that outdoes the unconfirmed: an account that was %s", async (_, wishes, outcome) => {
    const [before, owner] = [await stored(), await stored(wishes)];
    const wanted = await change(before, { after: { ...before, email: owner.email }, outdoesUnconfirmed: true });
    expect(await changes.commit(wanted, NOW)).toBe(outcome);
    expect((await users.find(owner.id)) === null).toBe(outcome === "changed");
  });

  it("tells who carries mail before it is written: where that cannot be told, nothing is changed", async () => {
    const before = await stored();
    const wanted = await change(before);
    const down = new D1AddressChanges(db, { expect: () => Promise.reject(new Outage("mail_courier")) });
    await expect(down.commit(wanted, NOW)).rejects.toBeInstanceOf(Outage);
    expect([await users.find(before.id), await kept(wanted)]).toEqual([before, [0, 0, 0]]);
    let told = 0;
    const up = new D1AddressChanges(db, { expect: async () => void told++ });
    expect([await up.commit(wanted, NOW), told]).toEqual(["changed", 1]);
  });
});

describe("links that an older version kept without their time", () => {
  it("come before every link that has one, in the order of their ends", async () => {
    const { id, email } = await stored();
    const week = 7 * 86_400_000;
    const purpose = "undo_email_change";
    const kept = async (name: string, expiresAtMs: number, createdAtMs: number | null) => {
      const hash = `${name}-${id}`;
      await links.insert({ hash, purpose, user: id, email, createdAtMs: NOW, expiresAtMs });
      await db.prepare("UPDATE action_links SET created_at = ? WHERE hash = ?").bind(createdAtMs, hash).run();
      return hash;
    };
    const first = await kept("first", NOW + week - 2, null);
    const second = await kept("second", NOW + week - 1, null);
    const third = await kept("third", NOW + 1_000, NOW);
    expect(await links.spend(third, purpose, NOW)).not.toBeNull();
    expect(await links.peek(first, purpose, NOW)).not.toBeNull();
    expect(await links.spend(first, purpose, NOW)).not.toBeNull();
    expect(await links.peek(second, purpose, NOW)).toBeNull();
  });
});
