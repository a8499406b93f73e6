import { orOutage } from "../../kernel/outage.ts";
import type {
  AuthorizationTransactionObject,
  AuthorizationTransactions,
} from "../../ports/authorization_transactions.ts";
import type { TransactionId } from "../../protocol/ids.ts";

const DEADLINE_MS = 5_000;

/** Transactions over RPC: `stub` makes one call's own stub of the object that `id` names. */
export function remoteAuthorizationTransactions(
  stub: (id: TransactionId) => AuthorizationTransactionObject,
): AuthorizationTransactions {
  const call = <T>(id: TransactionId, work: (object: AuthorizationTransactionObject) => Promise<T>) =>
    orOutage("transactions", DEADLINE_MS, () => work(stub(id)));
  return {
    begin: (id, state) => call(id, (object) => object.begin(state)),
    read: (id, browserHash, nowMs) => call(id, (object) => object.read(browserHash, nowMs)),
    choose: (id, browserHash, chosen, nowMs) => call(id, (object) => object.choose(browserHash, chosen, nowMs)),
    finish: (id, browserHash, nowMs) => call(id, (object) => object.finish(browserHash, nowMs)),
  };
}
