import { beforeAll, describe, expect, it } from "vitest";
import { Outage } from "../../src/kernel/outage.ts";
import type { PairwiseSubjects } from "../../src/ports/users.ts";
import { parseClientId, parseUserId } from "../../src/protocol/ids.ts";
import { someUser } from "../support/users.ts";

export interface SubjectsUnderTest {
  ready(): Promise<unknown>;
  make(): PairwiseSubjects;
  broken(): PairwiseSubjects;
}

/** What every keeper of pairwise subjects promises (OpenID Connect Core 8.1). */
export function pairwiseSubjectsContract({ ready, make, broken }: SubjectsUnderTest): void {
  describe("pairwise subjects", () => {
    const subjects = make();
    beforeAll(ready);

    it("OIDC Core 8.1: one subject per user and sector, and no two alike", async () => {
      const [ada, bob] = [someUser().id, someUser().id];
      const one = await subjects.subjectOf(ada, "one.example");
      expect(await subjects.subjectOf(ada, "one.example")).toBe(one);
      const all = [one, await subjects.subjectOf(ada, "two.example"), await subjects.subjectOf(bob, "one.example")];
      expect(new Set(all).size).toBe(3);
      for (const subject of all) {
        expect([parseUserId(subject), parseClientId(subject)]).toEqual([null, null]);
        expect(subject).not.toContain(ada.slice(4));
        expect(subject.length).toBeLessThanOrEqual(255);
      }
    });

    it("of 20 first uses at once all get the same subject", async () => {
      const user = someUser().id;
      const got = await Promise.all(Array.from({ length: 20 }, () => subjects.subjectOf(user, "one.example")));
      expect(new Set(got).size).toBe(1);
      expect(await subjects.subjectsOf(user)).toEqual([got[0]]);
    });

    it("leads back to the user, and nothing else does", async () => {
      const user = someUser().id;
      const subject = await subjects.subjectOf(user, "one.example");
      expect(await subjects.userOf(subject)).toBe(user);
      expect(await subjects.userOf(`${subject}x`)).toBeNull();
      expect(await subjects.userOf(user)).toBeNull();
    });

    it("knows all subjects of a user, and of no other", async () => {
      const [ada, bob] = [someUser().id, someUser().id];
      const own = await Promise.all(["a", "b", "c"].map((sector) => subjects.subjectOf(ada, sector)));
      await subjects.subjectOf(bob, "a");
      expect([...(await subjects.subjectsOf(ada))].sort()).toEqual([...own].sort());
      expect(await subjects.subjectsOf(someUser().id)).toEqual([]);
    });

    it("a database that cannot be reached is an outage", async () => {
      await expect(broken().subjectOf(someUser().id, "a")).rejects.toBeInstanceOf(Outage);
      await expect(broken().userOf("prs_x")).rejects.toBeInstanceOf(Outage);
    });
  });
}
