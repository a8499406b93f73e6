import { beforeAll, describe, expect, it } from "vitest";
import { Outage } from "../../src/kernel/outage.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import type { UserDirectory, UserRecord } from "../../src/ports/users.ts";
import { newUserId } from "../../src/protocol/ids.ts";
import { mailsTo, rowsLeft } from "../support/courier_world.ts";
import { clientEntry } from "../support/feed_entries.ts";
import { backstage } from "../support/issuer_world.ts";
import { someUser } from "../support/users.ts";

export interface DirectoryUnderTest {
  ready(): Promise<unknown>;
  make(): UserDirectory;
  broken(): UserDirectory;
}

/** What every user directory promises. */
export function userDirectoryContract({ ready, make, broken }: DirectoryUnderTest): void {
  describe("user directory", () => {
    const users = make();
    beforeAll(ready);

    async function stored(wishes: Partial<UserRecord> = {}): Promise<UserRecord> {
      const user = someUser(wishes);
      expect(await users.insert(user, user.email)).toBe("inserted");
      return user;
    }

    it("keeps what it was given, and finds nothing else", async () => {
      const user = await stored({
        emailVerified: true,
        passwordHash: "$argon2id$v=19$m=8,t=1,p=1$x$y",
        profile: { name: "Robert'); DROP TABLE users;--", phoneNumberVerified: false, address: "1 Quay\nHarbour" },
        roles: ["a", 'quote " and \\u0000'],
        disabled: true,
      });
      expect(await users.find(user.id)).toEqual(user);
      expect(await users.findByEmail(user.email)).toEqual(user);
      expect(await users.find(newUserId(platformRandom))).toBeNull();
    });

    it.each(["", "' OR 1=1 --", "%", "_@example.com", '{"$ne":null}', "a\u0000b", "*"])(
      "a name is a name and nothing more: %j finds nobody",
      async (name) => {
        await stored();
        expect(await users.findByEmail(name)).toBeNull();
      },
    );

    it("of 20 registrations of one address at once one wins", async () => {
      const { email } = someUser();
      const outcomes = await Promise.all(Array.from({ length: 20 }, () => users.insert(someUser({ email }), email)));
      expect(outcomes.filter((outcome) => outcome === "inserted")).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === "email_taken")).toHaveLength(19);
    });

    it("a name that is taken changes nothing of its owner", async () => {
      const owner = await stored();
      expect(await users.insert(someUser({ email: "other" }), owner.email)).toBe("email_taken");
      expect(await users.findByEmail(owner.email)).toEqual(owner);
    });

    it("of writers who read the same version one wins, and nothing of a loser's batch stays", async () => {
      const before = await stored();
      await backstage.db.exec("DELETE FROM outbox");
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, at) =>
          users.update(before, { ...before, roles: [`r${at}`], version: 2 }, before.email, [clientEntry(`r${at}`)]),
        ),
      );
      expect(outcomes.filter((outcome) => outcome === "changed")).toHaveLength(1);
      expect([(await users.find(before.id))?.version, await rowsLeft()]).toEqual([2, 1]);
    });

    it("an address can be changed to a free one and to no other's", async () => {
      const [one, two] = [await stored(), await stored()];
      const taken = { ...one, email: two.email, version: 2 };
      await backstage.db.exec("DELETE FROM outbox");
      expect(await users.update(one, taken, two.email, [clientEntry("taken")])).toBe("email_taken");
      expect([await users.find(one.id), await rowsLeft()]).toEqual([one, 0]);
      const { email } = someUser();
      expect(await users.update(one, { ...one, email, version: 2 }, email, [])).toBe("changed");
      expect([await users.findByEmail(one.email), (await users.findByEmail(email))?.id]).toEqual([null, one.id]);
    });

    it("its mails go with a change: one where it was made, none where it was not", async () => {
      const [before, other, nobody] = [await stored(), await stored(), someUser()];
      const change = (from: UserRecord, name = from.email) => {
        const mails = [{ to: from.email, kind: "password_changed", subject: "s", text: "t" }] as const;
        return users.update(from, { ...from, version: from.version + 1 }, name, [], mails);
      };
      expect(await change({ ...before, version: 7 })).toBe("conflict");
      expect(await change(before, other.email)).toBe("email_taken");
      expect(await change(nobody)).toBe("conflict");
      expect([await mailsTo(before.email), await mailsTo(nobody.email)]).toEqual([0, 0]);
      expect([await change(before), await mailsTo(before.email)]).toEqual(["changed", 1]);
    });

    it("what was deleted is gone, tells the feed once, and can be neither changed nor deleted", async () => {
      const user = await stored();
      await backstage.db.exec("DELETE FROM outbox");
      expect(await users.delete({ ...user, version: 7 }, [clientEntry("stale")])).toBe("conflict");
      expect(await users.find(user.id)).toEqual(user);
      expect(await users.delete(user, [clientEntry("gone")])).toBe("deleted");
      expect([await users.find(user.id), await users.findByEmail(user.email), await rowsLeft()]).toEqual([
        null,
        null,
        1,
      ]);
      expect(await users.delete(user, [])).toBe("conflict");
      expect(await users.update(user, { ...user, version: 2 }, user.email, [])).toBe("conflict");
    });

    it("lists by age, page by page, nobody twice and nobody left out", async () => {
      const createdAtMs = 5_000_000_000_000;
      const made = await Promise.all([3, 1, 1, 2, 1].map((offset) => stored({ createdAtMs: createdAtMs + offset })));
      const seen: string[] = [];
      for (let after = { createdAtMs, id: "" }; ; ) {
        const page = await users.list(2, after);
        for (const { id } of page) seen.push(id);
        const last = page.at(-1);
        if (last === undefined) break;
        after = { createdAtMs: last.createdAtMs, id: last.id };
      }
      const expected = [...made].sort((a, b) => a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1));
      expect(seen).toEqual(expected.map(({ id }) => id));
    });

    it("a database that cannot be reached is an outage, never an absent user", async () => {
      const down = broken();
      const user = someUser();
      await expect(down.find(user.id)).rejects.toBeInstanceOf(Outage);
      await expect(down.findByEmail(user.email)).rejects.toBeInstanceOf(Outage);
      await expect(down.insert(user, user.email)).rejects.toBeInstanceOf(Outage);
      await expect(down.update(user, user, user.email, [])).rejects.toBeInstanceOf(Outage);
    });
  });
}
