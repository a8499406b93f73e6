import { DurableObject } from "cloudflare:workers";
import type { AuthorizationTransactionObject } from "../ports/authorization_transactions.ts";
import { type ChosenSession, isOpenTo, type TransactionState } from "../protocol/authorization_transaction.ts";

const STATE = "transaction";

/**
 * The Durable Object of one authorization transaction. Each call reads, decides and writes without a pause, which is what
 * makes `finish` give its answer once. It deletes itself when its time is over; asking for one that never was writes nothing.
 */
export class AuthorizationTransaction extends DurableObject implements AuthorizationTransactionObject {
  async begin(state: TransactionState): Promise<void> {
    if (this.#state() !== undefined) throw new Error("the transaction has begun already");
    this.#save(state);
    await this.ctx.storage.setAlarm(state.endsAtMs);
  }

  async read(browserHash: string, nowMs: number): Promise<TransactionState | null> {
    return this.#open(browserHash, nowMs);
  }

  async choose(browserHash: string, chosen: ChosenSession, nowMs: number): Promise<TransactionState | null> {
    const state = this.#open(browserHash, nowMs);
    return state === null ? null : this.#save({ ...state, chosen });
  }

  async finish(browserHash: string, nowMs: number): Promise<TransactionState | null> {
    const state = this.#open(browserHash, nowMs);
    if (state !== null) this.#save({ ...state, stage: "finished" });
    return state;
  }

  override async alarm(): Promise<void> {
    await this.ctx.storage.deleteAll();
  }

  #open(browserHash: string, nowMs: number): TransactionState | null {
    const state = this.#state();
    return state !== undefined && isOpenTo(state, browserHash, nowMs) ? state : null;
  }

  #state(): TransactionState | undefined {
    return this.ctx.storage.kv.get<TransactionState>(STATE);
  }

  #save(state: TransactionState): TransactionState {
    this.ctx.storage.kv.put(STATE, state);
    return state;
  }
}
