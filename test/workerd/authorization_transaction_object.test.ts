import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { remoteAuthorizationTransactions } from "../../src/adapters/remote/authorization_transactions.ts";
import { need, readBindings } from "../../src/bindings.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import { newTransactionId, type TransactionId } from "../../src/protocol/ids.ts";
import {
  authorizationTransactionsContract,
  newTransaction,
  TRANSACTION_MS,
} from "../contract/authorization_transactions_contract.ts";

const namespace = need(readBindings(env), "TRANSACTIONS");
const stub = (id: TransactionId) => namespace.getByName(id);
const transactions = remoteAuthorizationTransactions(stub);
const stored = (id: TransactionId) => runInDurableObject(stub(id), (_, state) => [...state.storage.kv.list()]);

authorizationTransactionsContract({
  make: () => transactions,
  broken: () =>
    remoteAuthorizationTransactions(() => {
      throw new Error("broken by the test");
    }),
  restart: (id) => evictDurableObject(stub(id)),
});

describe("AuthorizationTransaction object", () => {
  it("deletes itself at its end", async () => {
    const { id, state, nowMs } = newTransaction();
    await transactions.begin(id, state);
    const alarm = await runInDurableObject(stub(id), (_, { storage }) => storage.getAlarm());
    expect(alarm).toBe(nowMs + TRANSACTION_MS);
    expect(await stored(id)).not.toEqual([]);
    expect(await runDurableObjectAlarm(stub(id))).toBe(true);
    expect(await stored(id)).toEqual([]);
  });

  it("a look at one that never was writes nothing", async () => {
    const id = newTransactionId(platformRandom);
    expect(await transactions.read(id, "any", Date.now())).toBeNull();
    expect(await transactions.finish(id, "any", Date.now())).toBeNull();
    expect(await stored(id)).toEqual([]);
  });
});
