import { beforeAll, describe, expect, it } from "vitest";
import { Outage } from "../../src/kernel/outage.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import type { Consents, UserDirectory } from "../../src/ports/users.ts";
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
      return { user: user.id, client: (await registerClient()).id };
    }

    it("remembers what was agreed, per user, client and API", async () => {
      const { user, client } = await couple();
      const other = await couple();
      expect(await consents.find(user, client, "")).toBeNull();
      await consents.add(user, client, "", ["openid", "email"], NOW);
      expect(await consents.find(user, client, "")).toEqual(["email", "openid"]);
      expect(await consents.find(user, client, "https://api.example.com/")).toBeNull();
      expect(await consents.find(other.user, client, "")).toBeNull();
      expect(await consents.find(user, other.client, "")).toBeNull();
    });

    it("adds to what was agreed, and of 20 at once none is lost", async () => {
      const { user, client } = await couple();
      const scopes = Array.from({ length: 20 }, (_, at) => `scope:${at}`);
      await Promise.all(scopes.map((scope) => consents.add(user, client, "", ["openid", scope], NOW)));
      expect([...((await consents.find(user, client, "")) ?? [])].sort()).toEqual(["openid", ...scopes].sort());
    });

    it("an agreement to nothing is one", async () => {
      const { user, client } = await couple();
      await consents.add(user, client, "", [], NOW);
      expect(await consents.find(user, client, "")).toEqual([]);
    });

    it("withdrawing takes all APIs of that client and nothing of another", async () => {
      const { user, client } = await couple();
      const { client: other } = await couple();
      await consents.add(user, client, "", ["openid"], NOW);
      await consents.add(user, client, "https://api.example.com/", ["read"], NOW);
      await consents.add(user, other, "", ["openid"], NOW);
      await consents.withdraw(user, client);
      expect(await consents.find(user, client, "")).toBeNull();
      expect(await consents.find(user, client, "https://api.example.com/")).toBeNull();
      expect(await consents.find(user, other, "")).toEqual(["openid"]);
    });

    it("nothing is kept of a user or a client that does not exist", async () => {
      const { user, client } = await couple();
      const [nobody, nothing] = [someUser().id, newClientId(platformRandom)];
      await consents.add(nobody, client, "", ["openid"], NOW);
      await consents.add(user, nothing, "", ["openid"], NOW);
      expect([await consents.find(nobody, client, ""), await consents.find(user, nothing, "")]).toEqual([null, null]);
    });

    it("a database that cannot be reached is an outage, never an absent consent", async () => {
      await expect(broken().find(someUser().id, "cli", "")).rejects.toBeInstanceOf(Outage);
    });
  });
}
