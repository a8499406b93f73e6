import { runInDurableObject } from "cloudflare:test";
import * as fc from "fast-check";
import { expect, it, vi } from "vitest";
import { platformRandom } from "../../src/kernel/random.ts";
import { AccountChanges } from "../../src/objects/account_changes.ts";
import { AccountStore } from "../../src/objects/account_store.ts";
import { revoke, startGrant } from "../../src/protocol/grant_state.ts";
import { type ClientId, newClientId, newGrantId } from "../../src/protocol/ids.ts";
import { newAccount } from "../support/account_world.ts";
import { ACCESS_MS, grantStart, LIFETIMES, terms } from "../support/grants.ts";

const NOW_MS = 1_000_000;
const CLIENTS = Array.from({ length: 5 }, () => newClientId(platformRandom));

/** A grant of `client` that just began, as a change takes it in. */
function begin(store: AccountStore, client: ClientId): void {
  const start = grantStart({ grantId: newGrantId(platformRandom), terms: terms({ clientId: client }) });
  const state = startGrant(start, LIFETIMES, ACCESS_MS, NOW_MS);
  store.addGrant(start.grantId, state);
  new AccountChanges(store, "usr_0000000000000000000000" as never, NOW_MS).takeIn(start.grantId, state);
}

const change = fc.record({
  begun: fc.array(fc.constantFrom(...CLIENTS), { maxLength: 6 }),
  ended: fc.nat(3),
  counts: fc.boolean(),
  fails: fc.boolean(),
});

it("of whatever begins, ends and fails, there are never more grants than were counted", async () => {
  const account = await newAccount();
  let compared = 0;
  await runInDurableObject(account.stub(), (_, { storage }) => {
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), (changes) => {
        const store = new AccountStore(storage);
        storage.sql.exec("DELETE FROM grants");
        for (const { begun, ended, counts, fails } of changes) {
          const work = () => {
            for (const client of begun) begin(store, client);
            for (const { id, state } of store.unrevokedGrants().slice(0, ended))
              store.putGrant(id, revoke(state, NOW_MS));
            if (counts) store.counts.holders(true);
            if (fails) throw new Error("broken by the test");
          };
          if (fails) expect(() => store.transaction(work)).toThrow("broken by the test");
          else store.transaction(work);
          const truth = new AccountStore(storage).counts.holders(true);
          const all = truth.reduce((sum, { grants }) => sum + grants, 0);
          for (const client of CLIENTS) {
            const own = truth.find((holder) => holder.client === client)?.grants ?? 0;
            const most = store.counts.countIn(true, client);
            expect(most.own).toBeGreaterThan(own);
            expect(most.all).toBeGreaterThan(all);
            if (Number.isFinite(most.all)) compared += 1;
          }
        }
      }),
      { numRuns: 100 },
    );
  });
  expect(compared, "positive control: some were counted").toBeGreaterThan(500);
});

it("a user with many grants of many clients is counted once, and again only where a bound may be reached", async () => {
  const account = await newAccount();
  await runInDurableObject(account.stub(), (_, { storage }) => {
    const store = new AccountStore(storage);
    const reads = vi.spyOn(store.counts, "holders");
    for (let at = 0; at < 450; at++) begin(store, CLIENTS[at % CLIENTS.length] as ClientId);
    expect(reads).toHaveBeenCalledTimes(1);
    for (let at = 0; at < 11; at++) begin(store, CLIENTS[0] as ClientId);
    expect(reads, "one client has reached its own bound").toHaveBeenCalledTimes(2);
  });
});
