import { describe, expect, it } from "vitest";
import { SessionCache } from "../../../src/access/session_cache.ts";
import type { RevocationView } from "../../../src/ports/edge_feed.ts";
import type { SessionStanding } from "../../../src/ports/issuer_reader.ts";
import type { SessionId, UserId } from "../../../src/protocol/ids.ts";

const NOW = 1_800_000_000_000;
const PROOF = { sealed: "locator", secretHash: "digest" };
const RIGHTS = { issuer: "https://issuer.example", scopes: ["orders:read"] };
const STANDING: SessionStanding = {
  sessionId: "ses_one" as SessionId,
  userId: "usr_one" as UserId,
  userEpoch: 1,
  roles: [],
  authTimeMs: NOW - 60_000,
  amr: ["pwd"],
  acr: null,
  endsAtMs: NOW + 3_600_000,
};
const nobody = () => undefined;

/** A picture of the feed in which `ended` has moved on to epoch 2. */
const seen = (ended: "session" | "user" | null): RevocationView => ({
  leastEpoch: (kind) => (kind === ended ? 2 : 0),
});

describe("an exchange that is on its way while the session ends", () => {
  it.each(["session", "user"] as const)("opens nothing for whoever knows of the end already: %s", async (ended) => {
    const answer = Promise.withResolvers<SessionStanding | null>();
    const cache = new SessionCache(() => answer.promise, RIGHTS);
    const before = cache.find(PROOF, NOW, seen(null), nobody);
    const joined = cache.find(PROOF, NOW + 10, seen(ended), nobody);
    answer.resolve(STANDING);
    expect(await joined).toBeNull();
    expect((await before)?.principal.id, "positive control").toBe("usr_one");
    // What it left in memory opens nothing either.
    expect(await cache.find(PROOF, NOW + 20, seen(ended), nobody)).toBeNull();
  });

  it("is one exchange for all who wait, and what it learnt is not asked for again", async () => {
    let asked = 0;
    const cache = new SessionCache(async () => {
      asked += 1;
      return STANDING;
    }, RIGHTS);
    const found = await Promise.all([1, 2, 3].map(() => cache.find(PROOF, NOW, seen(null), nobody)));
    found.push(await cache.find(PROOF, NOW + 1, seen(null), nobody));
    expect([asked, new Set(found.map((one) => one?.credentialId))]).toEqual([1, new Set(["ses_one"])]);
  });

  it("a clock that steps back asks anew: nobody knows how old an answer from the future is", async () => {
    let asked = 0;
    const cache = new SessionCache(async () => {
      asked += 1;
      return STANDING;
    }, RIGHTS);
    await cache.find(PROOF, NOW, seen(null), nobody);
    await cache.find(PROOF, NOW - 1, seen(null), nobody);
    expect(asked).toBe(2);
  });
});
