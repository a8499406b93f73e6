import { beforeAll, describe, expect, it } from "vitest";
import { D1ActionLinks } from "../../src/adapters/d1/action_links.ts";
import { D1Users } from "../../src/adapters/d1/users.ts";
import { Outage } from "../../src/kernel/outage.ts";
import { mailsTo } from "../support/courier_world.ts";
import { backstage, migrate } from "../support/issuer_world.ts";
import { someUser } from "../support/users.ts";

const NOW = 1_700_000_000_000;
const { db } = backstage;

beforeAll(migrate);

describe("mails that go with a change of a user", () => {
  it.each(["update", "updateByLink"] as const)(
    "%s tells who carries mail before they are written: where that cannot be told, nothing is changed",
    async (method) => {
      let told = 0;
      const before = someUser();
      const after = { ...before, passwordHash: "new", version: 2 };
      const link = { hash: crypto.randomUUID(), purpose: "reset_password" } as const;
      await new D1Users(db).insert(before, before.email);
      await new D1ActionLinks(db).insert({
        ...link,
        user: before.id,
        email: before.email,
        createdAtMs: NOW,
        expiresAtMs: NOW + 1,
      });
      const mails = [{ to: before.email, kind: "password_changed", subject: "s", text: "t" }] as const;
      const change = (users: D1Users) =>
        method === "update"
          ? users.update(before, after, before.email, [], mails)
          : users.updateByLink(before, after, before.email, link, NOW, mails);
      const down = new D1Users(db, { expect: () => Promise.reject(new Outage("mail_courier")) });
      await expect(change(down)).rejects.toBeInstanceOf(Outage);
      expect([await down.find(before.id), await mailsTo(before.email)]).toEqual([before, 0]);
      const up = new D1Users(db, { expect: async () => void told++ });
      expect([await change(up), told, await mailsTo(before.email)]).toEqual(["changed", 1, 1]);
    },
  );

  it("a change without any wakes nobody", async () => {
    const before = someUser();
    const down = new D1Users(db, { expect: () => Promise.reject(new Outage("mail_courier")) });
    await down.insert(before, before.email);
    expect(await down.update(before, { ...before, version: 2 }, before.email, [])).toBe("changed");
  });
});
