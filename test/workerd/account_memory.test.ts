import { runInDurableObject } from "cloudflare:test";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { platformRandom } from "../../src/kernel/random.ts";
import { AccountStore } from "../../src/objects/account_store.ts";
import { revoke, startGrant } from "../../src/protocol/grant_state.ts";
import { type GrantId, newGrantId } from "../../src/protocol/ids.ts";
import { newAccount } from "../support/account_world.ts";
import { ACCESS_MS, grantStart, LIFETIMES, presentation, terms } from "../support/grants.ts";

/* What an account remembers of its grants is what is stored of them: whatever was done, in whatever order, and whatever of it failed. */

/** More than are remembered at once. */
const GRANTS = 110;
const NOW_MS = 1_000_000;
const DAY_MS = 24 * 60 * 60_000;

interface Step {
  readonly do: "add" | "revoke" | "spend" | "look" | "sweep";
  readonly at: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  do: fc.constantFrom("add", "revoke", "spend", "look", "sweep"),
  at: fc.nat(2 * GRANTS),
});

const change = fc.record({ steps: fc.array(step, { maxLength: 30 }), fails: fc.boolean() });

/** Does one step, to the grant that it names. */
function act(store: AccountStore, ids: GrantId[], { do: what, at }: Step): void {
  if (what === "sweep") store.sweep(NOW_MS + at * DAY_MS);
  if (what === "add") add(store, ids, at);
  const id = ids[at % ids.length];
  const state = id === undefined ? null : store.findGrant(id);
  if (id === undefined || state === null) return;
  if (what === "revoke") store.putGrant(id, revoke(state, NOW_MS));
  if (what === "spend")
    store.putSpending(id, { ...state, lastUsedAtMs: state.lastUsedAtMs + 1 }, `${"h".repeat(40)}${at}`);
}

function add(store: AccountStore, ids: GrantId[], at: number): void {
  const start = grantStart({ grantId: newGrantId(platformRandom), terms: terms({ refreshable: at % 3 > 0 }) });
  store.addGrant(start.grantId, startGrant(start, LIFETIMES, ACCESS_MS, NOW_MS + at * DAY_MS));
  ids.push(start.grantId);
}

it("of any steps, some of which fail together, it remembers what is stored", async () => {
  const account = await newAccount();
  let compared = 0;
  await runInDurableObject(account.stub(), (_, { storage }) => {
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const store = new AccountStore(storage);
        storage.sql.exec("DELETE FROM grants");
        const ids: GrantId[] = [];
        store.transaction(() => {
          for (let at = 0; at < GRANTS; at++) add(store, ids, at);
        });
        for (const { steps, fails } of changes) {
          const work = () => {
            for (const one of steps) act(store, ids, one);
            if (fails) throw new Error("broken by the test");
          };
          if (fails) expect(() => store.transaction(work)).toThrow("broken by the test");
          else store.transaction(work);
          const stored = new AccountStore(storage);
          for (const id of ids) expect(store.findGrant(id)).toEqual(stored.findGrant(id));
          compared += ids.length;
        }
      }),
      { numRuns: 40 },
    );
  });
  expect(compared, "positive control: there were grants").toBeGreaterThan(1_000);
});

it("a grant that was just written is not read again", async () => {
  const account = await newAccount();
  await runInDurableObject(account.stub(), (_, { storage }) => {
    const store = new AccountStore(storage);
    const start = grantStart({ grantId: newGrantId(platformRandom) });
    const state = startGrant(start, LIFETIMES, ACCESS_MS, NOW_MS);
    store.addGrant(start.grantId, state);
    storage.sql.exec("UPDATE grants SET state = 'broken by the test'");
    expect(store.findGrant(start.grantId)).toEqual(state);
  });
});

it("a grant that was revoked in a change which failed is not revoked", async () => {
  const account = await newAccount();
  await runInDurableObject(account.stub(), (_, { storage }) => {
    const store = new AccountStore(storage);
    const start = grantStart({ grantId: newGrantId(platformRandom) });
    const state = startGrant(start, LIFETIMES, ACCESS_MS, NOW_MS);
    store.transaction(() => store.addGrant(start.grantId, state));
    const change = () => {
      store.putGrant(start.grantId, revoke(state, NOW_MS));
      expect(store.findGrant(start.grantId)?.revokedAtMs, "positive control").toBe(NOW_MS);
      throw new Error("broken by the test");
    };
    expect(() => store.transaction(change)).toThrow("broken by the test");
    expect(store.findGrant(start.grantId)).toEqual(state);
  });
});

it("a sweep that fails half-way forgets nothing, and the next one forgets grants with their spent hashes", async () => {
  const account = await newAccount();
  await runInDurableObject(account.stub(), (_, { storage }) => {
    const store = new AccountStore(storage);
    const ids: GrantId[] = [];
    store.transaction(() => {
      add(store, ids, 0);
      add(store, ids, 0);
    });
    for (const id of ids) storage.sql.exec("INSERT INTO spent_hashes (grant_id, hash) VALUES (?, 'h')", id);
    storage.sql.exec(
      "CREATE TRIGGER broken BEFORE DELETE ON spent_hashes BEGIN SELECT RAISE(ABORT, 'broken by the test'); END",
    );
    expect(() => store.sweep(Number.MAX_SAFE_INTEGER)).toThrow("broken by the test");
    const stored = new AccountStore(storage);
    for (const id of ids) {
      expect(stored.findGrant(id)).not.toBeNull();
      expect(store.findGrant(id)).toEqual(stored.findGrant(id));
    }
    storage.sql.exec("DROP TRIGGER broken");
    store.sweep(Number.MAX_SAFE_INTEGER);
    for (const id of ids) expect(store.findGrant(id)).toBeNull();
    expect(storage.sql.exec("SELECT 1 FROM spent_hashes").toArray()).toHaveLength(0);
  });
});

it("a refresh whose write fails spent nothing; one behind which old hashes cannot be put away is spent, and can be retried", async () => {
  const account = await newAccount();
  const start = await account.started();
  const { accounts, user, nowMs } = account;
  // The account has a copy of what the user holds: nothing but the spend is written.
  const refresh = (at: number) => accounts.refresh(user, presentation(start, at, { holdings: null }), nowMs);
  const breaking = (trigger: string) =>
    runInDurableObject(account.stub(), (_, { storage: { sql } }) => sql.exec(trigger).toArray());
  await breaking("CREATE TRIGGER breaks BEFORE UPDATE ON grants BEGIN SELECT RAISE(ABORT, 'broken by the test'); END");
  await expect(refresh(0)).rejects.toThrow("account is unavailable");
  await breaking("DROP TRIGGER breaks");
  await breaking("CREATE TRIGGER breaks BEFORE INSERT ON spent_hashes BEGIN SELECT RAISE(ABORT, 'broken'); END");
  let last = 0;
  while ((await refresh(last).catch(() => null)) !== null) last += 1;
  expect(last, "positive control: many stand in the grant's own row first").toBeGreaterThan(15);
  expect(await refresh(last)).toMatchObject({ kind: "granted", retried: true });
  await breaking("DROP TRIGGER breaks");
  expect(await refresh(last + 1)).toMatchObject({ kind: "granted", retried: false });
  expect(await account.rows("spent_hashes"), "put away now").toBe(last + 2);
  await account.kill();
  expect(await refresh(3), "stolen, and known as such").toMatchObject({ reason: "refresh_reused", ended: "user" });
});
