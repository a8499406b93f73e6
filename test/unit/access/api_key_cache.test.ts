import { describe, expect, it } from "vitest";
import { ApiKeyCache } from "../../../src/access/api_key_cache.ts";
import type { ApiKeyRecord } from "../../../src/protocol/api_key.ts";
import type { FeedKind } from "../../../src/protocol/edge_feed.ts";
import { newKeyWith } from "../../support/keys.ts";

const T0 = 1_800_000_000_000;
const MINUTE_MS = 60_000;

type Answer = () => Promise<ApiKeyRecord | null>;

/** A cache between a KV and an issuer that answer as the test says. */
function cacheWith(near: Answer, issuer: Answer = () => Promise.reject(new Error("nobody was to ask the issuer"))) {
  const asked = { near: 0, issuer: 0 };
  const deferred: Promise<unknown>[] = [];
  const cache = new ApiKeyCache(
    {
      find: () => {
        asked.near += 1;
        return near();
      },
    },
    {
      find: () => {
        asked.issuer += 1;
        return issuer();
      },
    },
  );
  const find = (hash: string, nowMs: number, announced = 0) => {
    const view = { leastEpoch: (kind: FeedKind, id: string) => (kind === "api_key" && id === hash ? announced : 0) };
    return cache.find(hash, nowMs, view, (work) => void deferred.push(work));
  };
  return { asked, deferred, find };
}

describe("where a key's record comes from", () => {
  it("memory, then KV: one reading for 100 who ask at once, and none for five minutes", async () => {
    const { record, hash } = await newKeyWith();
    const { asked, find, deferred } = cacheWith(async () => record);
    const found = await Promise.all(Array.from({ length: 100 }, () => find(hash, T0)));
    expect(new Set(found).size, "one entry, so one identity a half-minute").toBe(1);
    await find(hash, T0 + 5 * MINUTE_MS);
    expect(asked).toEqual({ near: 1, issuer: 0 });
    expect((await find(hash, T0 + 5 * MINUTE_MS + 1))?.record).toBe(record);
    await Promise.all(deferred);
    expect(asked).toEqual({ near: 2, issuer: 0 });
  });

  it("a record that could not be refreshed for an hour is not used", async () => {
    const { record, hash } = await newKeyWith();
    let well = true;
    const { find } = cacheWith(async () => {
      if (!well) throw new Error("KV is down");
      return record;
    });
    await find(hash, T0);
    well = false;
    expect(await find(hash, T0 + 60 * MINUTE_MS)).not.toBeNull();
    await expect(find(hash, T0 + 60 * MINUTE_MS + 1)).rejects.toThrow("KV is down");
  });

  it("an absent key is remembered for 30 s, unless it is announced meanwhile", async () => {
    const { record, hash } = await newKeyWith();
    const { asked, find } = cacheWith(
      async () => null,
      async () => record,
    );
    expect(await find(hash, T0)).toBeNull();
    expect(await find(hash, T0 + 30_000)).toBeNull();
    expect(asked).toEqual({ near: 1, issuer: 0 });
    expect((await find(hash, T0 + 30_000, 1))?.record).toBe(record);
    expect(asked).toEqual({ near: 2, issuer: 1 });
  });

  it("a KV that is behind is believed only up to what was announced", async () => {
    const { record, hash } = await newKeyWith();
    const { asked, find } = cacheWith(
      async () => record,
      async () => ({ ...record, epoch: 3, scopes: ["changed"] }),
    );
    expect((await find(hash, T0, 1))?.record.epoch).toBe(1);
    expect((await find(hash, T0 + 1, 3))?.record.scopes).toEqual(["changed"]);
    expect(asked).toEqual({ near: 2, issuer: 1 });
  });

  it("a key that KV has lost by the time of its refreshing is gone", async () => {
    const { record, hash } = await newKeyWith();
    let deleted = false;
    const { find, deferred } = cacheWith(async () => (deleted ? null : record));
    await find(hash, T0);
    deleted = true;
    await find(hash, T0 + 6 * MINUTE_MS);
    await Promise.all(deferred);
    expect(await find(hash, T0 + 6 * MINUTE_MS + 1)).toBeNull();
  });
});

describe("a reading that others wait for", () => {
  it("goes on when the request that began it is gone, and is replaced when it never settles", async () => {
    const { record, hash } = await newKeyWith();
    let calls = 0;
    const { find, deferred } = cacheWith(() => {
      calls += 1;
      return calls === 1 ? new Promise(() => {}) : Promise.resolve(record);
    });
    void find(hash, T0);
    expect(deferred).toHaveLength(1);
    void find(hash, T0 + 9_999);
    expect(calls).toBe(1);
    expect((await find(hash, T0 + 10_000))?.record).toBe(record);
    expect(calls).toBe(2);
  });

  it("a failed reading fails all who wait for it, and the next one tries again", async () => {
    const { record, hash } = await newKeyWith();
    let calls = 0;
    const { find } = cacheWith(async () => {
      calls += 1;
      if (calls === 1) throw new Error("KV is down");
      return record;
    });
    const waiting = await Promise.allSettled([find(hash, T0), find(hash, T0)]);
    expect(waiting.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await find(hash, T0 + 1)).not.toBeNull();
  });

  it("who knows of a newer epoch does not take the answer of a reading that began before it", async () => {
    const { record, hash } = await newKeyWith();
    const slow = Promise.withResolvers<ApiKeyRecord | null>();
    let calls = 0;
    const { find } = cacheWith(
      () => {
        calls += 1;
        return calls === 1 ? slow.promise : Promise.resolve(record);
      },
      async () => ({ ...record, epoch: 2 }),
    );
    const before = find(hash, T0, 1);
    expect((await find(hash, T0, 2))?.record.epoch).toBe(2);
    slow.resolve(record);
    await before;
    expect((await find(hash, T0 + 1, 2))?.record.epoch).toBe(2);
  });
});

describe("a key that is gone while its announcement lasts", () => {
  it("is looked up at the issuer once, and again only when something new is announced", async () => {
    const { asked, find } = cacheWith(
      async () => null,
      async () => null,
    );
    for (const afterMs of [0, 1_000, 20_000]) expect(await find("gone", T0 + afterMs, 1)).toBeNull();
    expect(asked).toEqual({ near: 1, issuer: 1 });
    await find("gone", T0 + 21_000, 2);
    expect(asked).toEqual({ near: 2, issuer: 2 });
  });
});

describe("digests of key strings", () => {
  it("are kept for strings that were found, bounded, and prove nothing by themselves", async () => {
    const cache = new ApiKeyCache({ find: async () => null }, { find: async () => null });
    expect(cache.knownDigest("sk_live_x")).toBeUndefined();
    for (let count = 0; count < 9_000; count++) cache.keepDigest(`sk_live_${count}`, `digest ${count}`);
    expect(cache.knownDigest("sk_live_0")).toBeUndefined();
    expect(cache.knownDigest("sk_live_8999")).toBe("digest 8999");
    expect(await cache.find("digest 8999", T0, { leastEpoch: () => 0 }, () => undefined)).toBeNull();
  });
});
