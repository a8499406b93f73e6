import { beforeAll, describe, expect, it } from "vitest";
import { Outage } from "../../src/kernel/outage.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import type { Consents } from "../../src/ports/consents.ts";
import type { UserDirectory } from "../../src/ports/users.ts";
import { newClientId } from "../../src/protocol/ids.ts";
import { registerClient } from "../support/issuer_world.ts";
import { someUser } from "../support/users.ts";

export interface ConsentsUnderTest {
  ready(): Promise<unknown>;
  readonly users: UserDirectory;
  make(): Consents;
  broken(): Consents;
}

const NOW = 1_700_000_000_000;

/** What every memory of consents promises. */
export function consentsContract({ ready, users, make, broken }: ConsentsUnderTest): void {
  describe("consents", () => {
    const consents = make();
    beforeAll(ready);

    async function couple() {
      const user = someUser();
      await users.insert(user, user.email);
      return { giver: { user: user.id, epoch: 1 }, client: (await registerClient()).id };
    }

    it("remembers what was agreed, per user, client and API", async () => {
      const { giver, client } = await couple();
      const other = await couple();
      expect(await consents.find(giver, client, "")).toBeNull();
      await consents.add(giver, client, "", ["openid", "email"], NOW);
      expect(await consents.find(giver, client, "")).toEqual(["email", "openid"]);
      expect(await consents.find(giver, client, "https://api.example.com/")).toBeNull();
      expect(await consents.find(other.giver, client, "")).toBeNull();
      expect(await consents.find(giver, other.client, "")).toBeNull();
    });

    it("adds to what was agreed, and of 20 at once none is lost", async () => {
      const { giver, client } = await couple();
      const scopes = Array.from({ length: 20 }, (_, at) => `scope:${at}`);
      await Promise.all(scopes.map((scope) => consents.add(giver, client, "", ["openid", scope], NOW)));
      expect([...((await consents.find(giver, client, "")) ?? [])].sort()).toEqual(["openid", ...scopes].sort());
    });

    it("an agreement to nothing is one", async () => {
      const { giver, client } = await couple();
      await consents.add(giver, client, "", [], NOW);
      expect(await consents.find(giver, client, "")).toEqual([]);
    });

    it("withdrawing takes all APIs of that client and nothing of another", async () => {
      const { giver, client } = await couple();
      const { client: other } = await couple();
      await consents.add(giver, client, "", ["openid"], NOW);
      await consents.add(giver, client, "https://api.example.com/", ["read"], NOW);
      await consents.add(giver, other, "", ["openid"], NOW);
      await consents.withdraw(giver.user, client, NOW);
      expect(await consents.find(giver, client, "")).toBeNull();
      expect(await consents.find(giver, client, "https://api.example.com/")).toBeNull();
      expect(await consents.find(giver, other, "")).toEqual(["openid"]);
    });

    it("a decision on a request from before a withdrawal that comes after it is not kept; one on a later request is", async () => {
      const { giver, client } = await couple();
      const { client: other } = await couple();
      await consents.withdraw(giver.user, client, NOW + 10);
      await consents.withdraw(giver.user, client, NOW);
      await consents.add(giver, client, "", ["openid"], NOW + 20, NOW + 9);
      await consents.add(giver, other, "", ["openid"], NOW + 20, NOW + 9);
      expect([await consents.find(giver, client, ""), await consents.find(giver, other, "")]).toEqual([
        null,
        ["openid"],
      ]);
      await consents.add(giver, client, "", ["openid"], NOW + 30, NOW + 11);
      expect(await consents.find(giver, client, "")).toEqual(["openid"]);
    });

    it("a withdrawal for a user who is gone does nothing", async () => {
      const { client } = await couple();
      await expect(consents.withdraw(someUser().id, client, NOW)).resolves.toBeUndefined();
    });

    it("all that counts is listed, with when it was agreed to", async () => {
      const { giver, client } = await couple();
      const { client: other } = await couple();
      await consents.add(giver, client, "", ["openid"], NOW);
      await consents.add(giver, other, "https://api.example.com/", ["read"], NOW + 1);
      const listed = [...(await consents.list(giver))].sort((one, two) => one.givenAtMs - two.givenAtMs);
      expect(listed).toEqual([
        { clientId: client, resource: "", scopes: ["openid"], givenAtMs: NOW },
        { clientId: other, resource: "https://api.example.com/", scopes: ["read"], givenAtMs: NOW + 1 },
      ]);
    });

    it("what was agreed under an earlier epoch counts for nothing, whether or not it was cleared away", async () => {
      const { giver, client } = await couple();
      const later = { ...giver, epoch: 2 };
      await consents.add(giver, client, "", ["openid", "read", "write"], NOW);
      expect([await consents.find(later, client, ""), await consents.list(later)]).toEqual([null, []]);
      await consents.add(later, client, "", ["openid"], NOW);
      expect(await consents.find(later, client, ""), "begun anew, not added to").toEqual(["openid"]);
      expect(await consents.find(giver, client, "")).toBeNull();
    });

    it("a decision from before everything ended, which comes late, changes nothing", async () => {
      const { giver, client } = await couple();
      const later = { ...giver, epoch: 2 };
      await consents.add(later, client, "", ["openid"], NOW);
      await consents.add(giver, client, "", ["openid", "write"], NOW + 1);
      expect(await consents.find(later, client, "")).toEqual(["openid"]);
    });

    it("clearing away takes what counts no more, and nothing else", async () => {
      const { giver, client } = await couple();
      const { giver: stranger, client: other } = await couple();
      const later = { ...giver, epoch: 2 };
      await consents.add(giver, client, "", ["openid"], NOW);
      await consents.add(later, other, "", ["openid"], NOW);
      await consents.add(stranger, client, "", ["openid"], NOW);
      await consents.forgetBefore(later);
      expect(await consents.find(giver, client, "")).toBeNull();
      expect([await consents.find(later, other, ""), await consents.find(stranger, client, "")]).toEqual([
        ["openid"],
        ["openid"],
      ]);
    });

    it("nothing is kept of a user or a client that does not exist", async () => {
      const { giver, client } = await couple();
      const [nobody, nothing] = [{ user: someUser().id, epoch: 1 }, newClientId(platformRandom)];
      await consents.add(nobody, client, "", ["openid"], NOW);
      await consents.add(giver, nothing, "", ["openid"], NOW);
      expect([await consents.find(nobody, client, ""), await consents.find(giver, nothing, "")]).toEqual([null, null]);
    });

    it("a database that cannot be reached is an outage, never an absent consent", async () => {
      await expect(broken().find({ user: someUser().id, epoch: 1 }, "cli", "")).rejects.toBeInstanceOf(Outage);
    });
  });
}
