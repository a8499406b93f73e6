import { beforeAll, describe, expect, it } from "vitest";
import { Outage } from "../../src/kernel/outage.ts";
import type { ActionLinks, LinkPurpose } from "../../src/ports/action_links.ts";
import type { UserDirectory } from "../../src/ports/users.ts";
import type { UserId } from "../../src/protocol/ids.ts";
import { someUser } from "../support/users.ts";

export interface LinksUnderTest {
  ready(): Promise<unknown>;
  readonly users: UserDirectory;
  make(): ActionLinks;
  broken(): ActionLinks;
}

const NOW = 1_700_000_000_000;
const END = NOW + 900_000;

/** What every keeper of mailed links promises. */
export function actionLinksContract({ ready, users, make, broken }: LinksUnderTest): void {
  describe("action links", () => {
    const links = make();
    beforeAll(ready);

    async function mailed(
      wishes: { user?: UserId; purpose?: LinkPurpose; createdAtMs?: number; expiresAtMs?: number } = {},
    ) {
      const user = someUser();
      if (wishes.user === undefined) await users.insert(user, user.email);
      const link = {
        hash: crypto.randomUUID(),
        purpose: "reset_password" as LinkPurpose,
        user: user.id,
        email: user.email,
        createdAtMs: NOW,
        expiresAtMs: END,
        ...wishes,
      };
      await links.insert(link);
      return link;
    }

    it("a link works once: a look changes nothing, a second use gets nothing", async () => {
      const { hash, user, email } = await mailed();
      expect(await links.peek(hash, "reset_password", NOW)).toEqual({ user, email });
      expect(await links.peek(hash, "reset_password", NOW)).toEqual({ user, email });
      expect(await links.spend(hash, "reset_password", NOW)).toEqual({ user, email });
      expect(await links.spend(hash, "reset_password", NOW)).toBeNull();
      expect(await links.peek(hash, "reset_password", NOW)).toBeNull();
    });

    it("of 20 uses at once one wins, 20 times", async () => {
      for (let round = 0; round < 20; round++) {
        const { hash } = await mailed();
        const spent = await Promise.all(Array.from({ length: 20 }, () => links.spend(hash, "reset_password", NOW)));
        expect(spent.filter((one) => one !== null)).toHaveLength(1);
      }
    });

    it("a link dies at its end, to the millisecond", async () => {
      const { hash } = await mailed();
      expect(await links.peek(hash, "reset_password", END)).toBeNull();
      expect(await links.spend(hash, "reset_password", END)).toBeNull();
      expect(await links.spend(hash, "reset_password", END - 1)).not.toBeNull();
    });

    it("a link for one purpose opens nothing else", async () => {
      const { hash } = await mailed({ purpose: "verify_email" });
      expect(await links.peek(hash, "reset_password", NOW)).toBeNull();
      expect(await links.spend(hash, "reset_password", NOW)).toBeNull();
      expect(await links.spend(hash, "verify_email", NOW)).not.toBeNull();
    });

    it("with a link die its siblings, and no one else's", async () => {
      const first = await mailed();
      const sibling = await mailed({ user: first.user });
      const otherPurpose = await mailed({ user: first.user, purpose: "verify_email" });
      const stranger = await mailed();
      expect(await links.spend(first.hash, "reset_password", NOW)).not.toBeNull();
      expect(await links.spend(sibling.hash, "reset_password", NOW)).toBeNull();
      expect(await links.spend(otherPurpose.hash, "verify_email", NOW)).not.toBeNull();
      expect(await links.spend(stranger.hash, "reset_password", NOW)).toEqual({
        user: stranger.user,
        email: stranger.email,
      });
    });

    it("a link that takes a change back leaves alone what was mailed before it, and ends what came after", async () => {
      const purpose = "undo_email_change";
      const strangers = await mailed({ purpose, createdAtMs: NOW + 2 });
      // The later, the shorter: what counts is the order of the changes, though their lifetime was a shorter setting by then.
      const chain = await mailed({ purpose, expiresAtMs: END + 2 });
      const later = await mailed({ user: chain.user, purpose, createdAtMs: NOW + 1, expiresAtMs: END + 1 });
      const latest = await mailed({ user: chain.user, purpose, createdAtMs: NOW + 2 });
      expect(await links.spend(later.hash, purpose, NOW)).not.toBeNull();
      expect(await links.peek(latest.hash, purpose, NOW)).toBeNull();
      expect(await links.spend(chain.hash, purpose, NOW)).not.toBeNull();
      expect(await links.peek(strangers.hash, purpose, NOW)).not.toBeNull();
    });

    it("links are forgotten by user and purpose", async () => {
      const gone = await mailed({ purpose: "change_email" });
      const kept = await mailed({ user: gone.user });
      const strangers = await mailed({ purpose: "change_email" });
      await links.forget(gone.user, "change_email");
      expect(await links.peek(gone.hash, "change_email", NOW)).toBeNull();
      expect(await links.peek(kept.hash, "reset_password", NOW)).not.toBeNull();
      expect(await links.peek(strangers.hash, "change_email", NOW)).not.toBeNull();
    });

    it("of two siblings at once one wins", async () => {
      const first = await mailed();
      const second = await mailed({ user: first.user });
      const spent = await Promise.all([first, second].map(({ hash }) => links.spend(hash, "reset_password", NOW)));
      expect(spent.filter((one) => one !== null)).toHaveLength(1);
    });

    it("a dead link takes no living sibling along", async () => {
      const dead = await mailed({ expiresAtMs: NOW - 1 });
      const alive = await mailed({ user: dead.user });
      expect(await links.spend(dead.hash, "reset_password", NOW)).toBeNull();
      expect(await links.spend(alive.hash, "reset_password", NOW)).not.toBeNull();
    });

    it("a link for nobody is kept by nobody, and a deleted user's links are gone", async () => {
      const nobody = await mailed({ user: someUser().id });
      expect(await links.peek(nobody.hash, "reset_password", NOW)).toBeNull();
      const user = someUser();
      await users.insert(user, user.email);
      const { hash } = await mailed({ user: user.id });
      expect(await links.peek(hash, "reset_password", NOW)).not.toBeNull();
      await users.delete(user, []);
      expect(await links.peek(hash, "reset_password", NOW)).toBeNull();
    });

    it.each(["", "' OR 1=1 --", "%", "\u0000"])("a hash is a hash and nothing more: %j", async (hash) => {
      const { hash: alive } = await mailed();
      expect(await links.spend(hash, "reset_password", NOW)).toBeNull();
      expect(await links.peek(alive, "reset_password", NOW)).not.toBeNull();
    });

    it("a database that cannot be reached is an outage, never a dead link", async () => {
      await expect(broken().peek("hash", "reset_password", NOW)).rejects.toBeInstanceOf(Outage);
      await expect(broken().spend("hash", "reset_password", NOW)).rejects.toBeInstanceOf(Outage);
    });
  });
}
