import { beforeAll, describe, expect, it } from "vitest";
import { Outage } from "../../src/kernel/outage.ts";
import type { ActionLinks } from "../../src/ports/action_links.ts";
import type { AllowingLink, UserDirectory } from "../../src/ports/users.ts";
import type { UserId } from "../../src/protocol/ids.ts";
import { mailsTo } from "../support/courier_world.ts";
import { someUser } from "../support/users.ts";

export interface ChangesUnderTest {
  ready(): Promise<unknown>;
  make(): UserDirectory;
  broken(): UserDirectory;
  /** Where the directory finds the links. */
  readonly links: ActionLinks;
}

const NOW = 1_700_000_000_000;
const END = NOW + 900_000;

interface Mailed extends AllowingLink {
  readonly user: UserId;
  readonly email: string;
}

/** What every user directory promises of the changes that a mailed link allows. */
export function changesByLinkContract({ ready, make, broken, links }: ChangesUnderTest): void {
  describe("changes by a mailed link", () => {
    const users = make();
    beforeAll(ready);

    async function mailed(wishes: { user?: UserId; purpose?: AllowingLink["purpose"]; expiresAtMs?: number } = {}) {
      const user = someUser();
      if (wishes.user === undefined) await users.insert(user, user.email);
      const { id, email } = user;
      const link = {
        hash: crypto.randomUUID(),
        purpose: "reset_password" as const,
        user: id,
        email,
        createdAtMs: NOW,
        expiresAtMs: END,
      };
      await links.insert({ ...link, ...wishes });
      return { ...link, ...wishes };
    }

    async function use(link: Pick<Mailed, "hash" | "purpose" | "user">, nowMs = NOW) {
      const before = await users.find(link.user);
      if (before === null) throw new Error("the test's user is not there");
      const after = { ...before, emailVerified: true, version: before.version + 1 };
      return users.updateByLink(before, after, before.email, link, nowMs);
    }

    it("a link changes its user once, and is gone with that", async () => {
      const link = await mailed();
      expect(await use(link)).toBe("changed");
      expect(await users.find(link.user)).toMatchObject({ emailVerified: true, version: 2 });
      expect(await links.peek(link.hash, link.purpose, NOW)).toBeNull();
      expect(await use(link)).toBe("link_dead");
      expect(await users.find(link.user)).toMatchObject({ version: 2 });
    });

    it("of 20 uses at once one changes anything, 20 times", async () => {
      for (let round = 0; round < 20; round++) {
        const link = await mailed();
        const used = await Promise.all(Array.from({ length: 20 }, () => use(link)));
        expect(used.filter((outcome) => outcome === "changed")).toHaveLength(1);
        expect(await users.find(link.user)).toMatchObject({ version: 2 });
      }
    });

    it("of two links of one user at once one wins", async () => {
      const first = await mailed();
      const second = await mailed({ user: first.user });
      const used = await Promise.all([use(first), use(second)]);
      expect(used.filter((outcome) => outcome === "changed")).toHaveLength(1);
    });

    it("it dies at its end, to the millisecond", async () => {
      const link = await mailed();
      expect(await use(link, END)).toBe("link_dead");
      expect(await use(link, END - 1)).toBe("changed");
    });

    it("it allows nothing of another purpose, and nothing of another user", async () => {
      const [link, other] = [await mailed({ purpose: "verify_email" }), await mailed({ purpose: "verify_email" })];
      expect(await use({ ...link, purpose: "reset_password" })).toBe("link_dead");
      expect(await use({ ...link, user: other.user })).toBe("link_dead");
      expect(await users.find(other.user)).toMatchObject({ emailVerified: false, version: 1 });
      expect([await use(link), await use(other)]).toEqual(["changed", "changed"]);
    });

    it("with it die its siblings, and no one else's; a dead one takes none along", async () => {
      const first = await mailed();
      const dead = await mailed({ user: first.user, expiresAtMs: NOW - 1 });
      const sibling = await mailed({ user: first.user });
      const otherPurpose = await mailed({ user: first.user, purpose: "verify_email" });
      const stranger = await mailed();
      expect(await use(dead)).toBe("link_dead");
      expect(await use(first)).toBe("changed");
      expect(await use(sibling)).toBe("link_dead");
      expect([await use(otherPurpose), await use(stranger)]).toEqual(["changed", "changed"]);
    });

    it("a change that cannot be made leaves the link as it was: both are done, or neither", async () => {
      const [link, other] = [await mailed(), await mailed()];
      const before = await users.find(link.user);
      if (before === null) throw new Error("the test's user is not there");
      const stale = { ...before, version: 7 };
      expect(await users.updateByLink(stale, { ...stale, version: 8 }, before.email, link, NOW)).toBe("conflict");
      const taken = { ...before, email: other.email, version: 2 };
      expect(await users.updateByLink(before, taken, other.email, link, NOW)).toBe("email_taken");
      expect(await users.find(link.user)).toEqual(before);
      expect(await use(link)).toBe("changed");
    });

    it("its mails go with it: one where it was made, none where it was not", async () => {
      const [link, other] = [await mailed(), await mailed()];
      const before = await users.find(link.user);
      if (before === null) throw new Error("the test's user is not there");
      const after = { ...before, version: before.version + 1 };
      const mails = [{ to: before.email, kind: "password_changed", subject: "s", text: "t" }] as const;
      const made = (by: Mailed, from = before, name = before.email) =>
        users.updateByLink(from, after, name, by, NOW, mails);
      expect(await made({ ...link, hash: "none" })).toBe("link_dead");
      expect(await made(link, { ...before, version: 7 })).toBe("conflict");
      expect(await made(link, before, other.email)).toBe("email_taken");
      expect(await mailsTo(before.email)).toBe(0);
      expect([await made(link), await mailsTo(before.email)]).toEqual(["changed", 1]);
      expect([await made(link), await mailsTo(before.email)]).toEqual(["link_dead", 1]);
    });

    it("what cannot be reached is an outage, never a dead link", async () => {
      const user = someUser();
      const link = { hash: "hash", purpose: "reset_password" } as const;
      await expect(broken().updateByLink(user, user, user.email, link, NOW)).rejects.toBeInstanceOf(Outage);
    });
  });
}
