import { evictDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { FeedView } from "../../src/protocol/edge_feed.ts";
import { newAccount } from "../support/account_world.ts";
import { grantStart, LIFETIMES, OTHER_CLIENT, presentation, terms } from "../support/grants.ts";

const [HERS_AT_ONE, HERS_AT_ANOTHER] = ["prs_one", "prs_another"] as const;

/** An account with two clients that know its user under different subjects. */
async function twoClients() {
  const account = await newAccount();
  const { accounts, user, nowMs } = account;
  const starts = () =>
    Promise.all([
      account.started({ terms: terms({ subject: HERS_AT_ONE }) }),
      account.started({ terms: terms({ subject: HERS_AT_ANOTHER, clientId: OTHER_CLIENT }) }),
    ]);
  /** The numbers that the two clients see in their tokens. */
  const seen = async () => {
    const outcomes = await Promise.all(
      (await starts()).map((start) => accounts.refresh(user, presentation(start, 0), nowMs)),
    );
    return outcomes.map((outcome) => (outcome.kind === "granted" ? outcome.grant.userEpoch : Number.NaN));
  };
  const endEverything = () => accounts.endEverything(user, "sign_out_everywhere", null, nowMs);
  return { account, seen, endEverything };
}

function leastEpochs(entries: Parameters<FeedView["apply"]>[0]["entries"]): (subject: string) => number {
  const view = new FeedView();
  view.apply({ position: { generation: "test", seq: entries.length }, entries, more: false });
  return (subject) => view.leastEpoch("user", subject);
}

describe("OpenID Connect Core 8.1: epochs under pairwise subjects", () => {
  it("two clients who compare their tokens see neither the same number nor the same step", async () => {
    const { seen, endEverything } = await twoClients();
    const rounds = [await seen()];
    for (let end = 0; end < 3; end++) {
      await endEverything();
      rounds.push(await seen());
    }
    for (const [one = 0, another = 0] of rounds) expect(one).not.toBe(another);
    const steps = rounds.slice(1).map((round, at) => round.map((number, who) => number - (rounds[at]?.[who] ?? 0)));
    for (const [one = 0, another = 0] of steps) expect(one).not.toBe(another);
    expect(steps.flat().every((step) => Number.isSafeInteger(step) && step > 0)).toBe(true);
  });

  it("neither number tells how often everything has ended", async () => {
    const [fresh, old] = [await twoClients(), await twoClients()];
    for (let end = 0; end < 5; end++) await old.endEverything();
    for (const epoch of [...(await fresh.seen()), ...(await old.seen())]) expect(epoch).toBeGreaterThan(1_000);
  });

  it("a number stays what it is for as long as nothing ends, also over an eviction", async () => {
    const { account, seen } = await twoClients();
    const before = await seen();
    await evictDurableObject(account.stub());
    await account.rewired();
    expect([await seen(), await seen()]).toEqual([before, before]);
  });

  it("what the feed is told ends every token from before, under each subject, and none from after", async () => {
    const { account, seen, endEverything } = await twoClients();
    for (let end = 0; end < 3; end++) {
      const before = await seen();
      await endEverything();
      const after = await seen();
      const least = leastEpochs(account.feed.told);
      for (const [at, subject] of [HERS_AT_ONE, HERS_AT_ANOTHER].entries()) {
        expect(least(subject)).toBeGreaterThan(before[at] ?? Number.NaN);
        expect(least(subject)).toBe(after[at]);
      }
    }
  });

  it("tokens that carry the account's own number, from before each subject had one, end as well", async () => {
    const { account, endEverything } = await twoClients();
    const { user } = account;
    const { epochOf } = account.accounts;
    await account.started({ terms: terms({ subject: HERS_AT_ONE }) });
    const carried = await epochOf(user, account.nowMs);
    await endEverything();
    expect(leastEpochs(account.feed.told)(HERS_AT_ONE)).toBeGreaterThan(carried);
  });

  it("the user's own id goes with the account's number: it is one name for all who are told it", async () => {
    const { account, endEverything } = await twoClients();
    const { user, feed } = account;
    await account.started({ terms: terms({ subject: user }) });
    await endEverything();
    expect(feed.told).toMatchObject([{ kind: "user", id: user, epoch: 2 }]);
  });

  it("a grant that begins while everything is about to end is minted under what ends", async () => {
    const { account } = await twoClients();
    const { accounts, user, nowMs, feed } = account;
    await account.started({ terms: terms({ subject: user }) });
    let open = () => {};
    feed.gate = new Promise((resolve) => {
      open = resolve;
    });
    const ending = accounts.endEverything(user, "admin", null, nowMs);
    await expect.poll(() => feed.calls).toBe(1);
    const start = grantStart({ terms: terms({ subject: user }) });
    const starting = accounts.startGrant(user, start, LIFETIMES, nowMs);
    // It has begun, and its answer waits for the feed.
    await expect.poll(() => accounts.listGrants(user, nowMs)).toHaveLength(1);
    const endingAgain = accounts.endEverything(user, "admin", null, nowMs);
    await expect.poll(() => accounts.listGrants(user, nowMs)).toHaveLength(0);
    open();
    expect(await starting).toMatchObject({ kind: "granted", grant: { userEpoch: 2 } });
    await Promise.all([ending, endingAgain]);
    expect(leastEpochs(feed.told)(user)).toBe(3);
  });
});
