import { beforeAll, describe, expect, it } from "vitest";
import { D1MailOutbox } from "../../src/adapters/d1/mail_outbox.ts";
import { D1Registrations } from "../../src/adapters/d1/registrations.ts";
import { D1Users } from "../../src/adapters/d1/users.ts";
import { Outage } from "../../src/kernel/outage.ts";
import type { Registration } from "../../src/ports/registrations.ts";
import { databaseThat } from "../support/broken_database.ts";
import { backstage, migrate } from "../support/issuer_world.ts";
import { someUser } from "../support/users.ts";

const NOW = 1_700_000_000_000;
const { db } = backstage;
const users = new D1Users(db);
const registrations = new D1Registrations(db, null);

beforeAll(migrate);

function registration(email: string = crypto.randomUUID()): Registration {
  return {
    user: someUser({ email: `${email}@Example.com`, emailVerified: false, passwordHash: "new" }),
    normalisedEmail: `${email}@example.com`,
    link: { hash: crypto.randomUUID(), expiresAtMs: NOW + 1 },
    welcome: { purpose: "verify_email", kind: "verify_email", subject: "welcome", text: "to whoever registered" },
    taken: { purpose: "reset_password", kind: "address_in_use", subject: "taken", text: "to the owner" },
  };
}

/** The links and mails of a registration. */
async function kept({ link, user }: Registration, to = user.email) {
  const links = await db
    .prepare("SELECT user_id, email, purpose, created_at, expires_at FROM action_links WHERE hash = ?")
    .bind(link.hash)
    .all();
  const mails = (await new D1MailOutbox(db).pending(10_000)).filter((mail) => mail.to === to);
  return { links: links.results, mails: mails.map(({ kind, subject, text }) => [kind, subject, text]) };
}

describe("a registration in D1", () => {
  it("of an address without an account makes the user, a link of theirs and one mail", async () => {
    const one = registration();
    expect(await registrations.commit(one, NOW)).toBe("registered");
    expect(await users.findByEmail(one.normalisedEmail)).toEqual(one.user);
    const { id: user_id, email } = one.user;
    expect(await kept(one)).toEqual({
      links: [{ user_id, email, purpose: "verify_email", created_at: NOW, expires_at: NOW + 1 }],
      mails: [["verify_email", "welcome", "to whoever registered"]],
    });
  });

  it("of one that has an account leaves it as it is, and mails its owner, as the owner wrote the address", async () => {
    const name = crypto.randomUUID();
    const owner = someUser({ email: `Own.${name}@EXAMPLE.com`, emailVerified: true, passwordHash: "old" });
    const one = registration(`own.${name}`);
    await users.insert(owner, one.normalisedEmail);
    expect(await registrations.commit(one, NOW)).toBe("address_in_use");
    expect(await users.findByEmail(one.normalisedEmail)).toEqual(owner);
    expect(await users.find(one.user.id)).toBeNull();
    const link = { user_id: owner.id, email: owner.email, purpose: "reset_password" };
    expect(await kept(one, owner.email)).toEqual({
      links: [{ ...link, created_at: NOW, expires_at: NOW + 1 }],
      mails: [["address_in_use", "taken", "to the owner"]],
    });
    expect((await kept(one)).mails).toEqual([]);
  });

  it("of eight at once of one address makes one user; the others mail that one", async () => {
    const name = crypto.randomUUID();
    const eight = Array.from({ length: 8 }, () => registration(name));
    const outcomes = await Promise.all(eight.map((one) => registrations.commit(one, NOW)));
    expect(outcomes.filter((outcome) => outcome === "registered")).toHaveLength(1);
    const winner = eight[outcomes.indexOf("registered")]?.user;
    expect(await users.findByEmail(`${name}@example.com`)).toEqual(winner);
    const holders = await Promise.all(eight.map(async (one) => (await kept(one)).links.map((link) => link.user_id)));
    expect(holders).toEqual(Array(8).fill([winner?.id]));
  });

  it("is nothing at all where the transaction fails, or where nobody would carry the mail on", async () => {
    const broken = new D1Registrations(
      databaseThat(() => true),
      null,
    );
    const unheard = new D1Registrations(db, { expect: () => Promise.reject(new Outage("mail_courier")) });
    for (const each of [broken, unheard]) {
      const one = registration();
      await expect(each.commit(one, NOW)).rejects.toBeInstanceOf(Outage);
      expect(await users.findByEmail(one.normalisedEmail)).toBeNull();
      expect(await kept(one)).toEqual({ links: [], mails: [] });
    }
  });

  it("sweeps links that died more than a week before this one will", async () => {
    const [old, one] = [registration(), registration()];
    await registrations.commit({ ...old, link: { ...old.link, expiresAtMs: NOW - 7 * 86_400_000 } }, NOW);
    await registrations.commit({ ...one, link: { ...one.link, expiresAtMs: NOW } }, NOW);
    expect((await kept(old)).links).toEqual([]);
    expect((await kept(one)).links).toHaveLength(1);
  });
});
