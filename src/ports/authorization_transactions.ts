import type { ChosenSession, TransactionState } from "../protocol/authorization_transaction.ts";
import type { TransactionId } from "../protocol/ids.ts";

/**
 * Authorization transactions, each in a place of its own, known by an id that is in a URL and the hash of a secret that is in
 * one browser's cookie. Absent, ended, answered and begun by another browser look alike: null. Throws `Outage`.
 */
export interface AuthorizationTransactions {
  begin(id: TransactionId, state: TransactionState): Promise<void>;
  read(id: TransactionId, browserHash: string, nowMs: number): Promise<TransactionState | null>;
  /** Records who signed in, or was chosen. What the transaction is then, or null. */
  choose(
    id: TransactionId,
    browserHash: string,
    chosen: ChosenSession,
    nowMs: number,
  ): Promise<TransactionState | null>;
  /** Answers the transaction: of all callers ever, one gets what it was. */
  finish(id: TransactionId, browserHash: string, nowMs: number): Promise<TransactionState | null>;
}

/** One transaction's object, over RPC. */
export interface AuthorizationTransactionObject {
  begin(state: TransactionState): Promise<void>;
  read(browserHash: string, nowMs: number): Promise<TransactionState | null>;
  choose(browserHash: string, chosen: ChosenSession, nowMs: number): Promise<TransactionState | null>;
  finish(browserHash: string, nowMs: number): Promise<TransactionState | null>;
}
