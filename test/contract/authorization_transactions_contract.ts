import { describe, expect, it } from "vitest";
import { Outage } from "../../src/kernel/outage.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import type { AuthorizationTransactions } from "../../src/ports/authorization_transactions.ts";
import { type AdmittedRequest, beginTransaction } from "../../src/protocol/authorization_transaction.ts";
import { newClientId, newSessionId, newTransactionId, newUserId, type TransactionId } from "../../src/protocol/ids.ts";

export interface TransactionsUnderTest {
  make(): AuthorizationTransactions;
  broken(): AuthorizationTransactions;
  /** Ends whatever of `id` is not in storage. */
  restart(id: TransactionId): Promise<unknown>;
}

export const TRANSACTION_MS = 1_800_000;
const MINE = "m".repeat(43);
const OTHER = "o".repeat(43);
const REQUEST: AdmittedRequest = {
  clientId: newClientId(platformRandom),
  redirectUri: "https://app.example/cb",
  responseMode: "query",
  state: "a state",
  scopes: ["openid"],
  resource: null,
  codeChallenge: null,
  prompts: ["login"],
  maxAgeSeconds: 5,
  loginHint: null,
  uiLocales: null,
  nonce: "n",
  expectedSubject: null,
};

/** A transaction of one browser's that begins now. */
export function newTransaction() {
  const nowMs = Date.now();
  return { id: newTransactionId(platformRandom), state: beginTransaction(REQUEST, MINE, TRANSACTION_MS, nowMs), nowMs };
}

/** What every keeper of authorization transactions promises. */
export function authorizationTransactionsContract({ make, broken, restart }: TransactionsUnderTest): void {
  describe("authorization transactions", () => {
    const transactions = make();
    const chosen = { user: newUserId(platformRandom), session: newSessionId(platformRandom) };

    async function begun() {
      const transaction = newTransaction();
      await transactions.begin(transaction.id, transaction.state);
      return transaction;
    }

    /** What each method answers to `browser`: the same null for whatever is not to be gone on with. */
    async function answers(id: TransactionId, browser: string, nowMs: number) {
      return [
        await transactions.read(id, browser, nowMs),
        await transactions.choose(id, browser, chosen, nowMs),
        await transactions.finish(id, browser, nowMs),
      ];
    }

    it("keeps what it was given, through a restart, for the browser that began it", async () => {
      const { id, state, nowMs } = await begun();
      await restart(id);
      expect(await transactions.read(id, MINE, nowMs)).toEqual(state);
      expect(await transactions.read(id, OTHER, nowMs)).toBeNull();
    });

    it("another browser can neither read, choose nor finish", async () => {
      const { id, nowMs } = await begun();
      expect(await answers(id, OTHER, nowMs)).toEqual([null, null, null]);
      expect(await transactions.choose(id, MINE, chosen, nowMs), "control").toMatchObject({ chosen });
      await restart(id);
      expect(await transactions.read(id, MINE, nowMs)).toMatchObject({ chosen });
      expect(await transactions.finish(id, MINE, nowMs), "control").toMatchObject({ chosen });
    });

    it("20 finish at once: one gets it, and nothing goes on after", async () => {
      const { id, nowMs } = await begun();
      const outcomes = await Promise.all(Array.from({ length: 20 }, () => transactions.finish(id, MINE, nowMs)));
      expect(outcomes.filter((outcome) => outcome !== null)).toHaveLength(1);
      await restart(id);
      expect(await answers(id, MINE, nowMs)).toEqual([null, null, null]);
    });

    it("is over at the millisecond of its end", async () => {
      const { id, nowMs } = await begun();
      expect(await transactions.read(id, MINE, nowMs + TRANSACTION_MS - 1)).not.toBeNull();
      expect(await answers(id, MINE, nowMs + TRANSACTION_MS)).toEqual([null, null, null]);
    });

    it("one that never was looks like one that is over", async () => {
      expect(await answers(newTransactionId(platformRandom), MINE, Date.now())).toEqual([null, null, null]);
    });

    it("a second beginning under one id is refused, and changes nothing of the first", async () => {
      const { id, state, nowMs } = await begun();
      const second = beginTransaction({ ...REQUEST, state: "another" }, OTHER, TRANSACTION_MS, nowMs);
      await expect(transactions.begin(id, second)).rejects.toBeInstanceOf(Outage);
      expect(await transactions.read(id, MINE, nowMs)).toEqual(state);
    });

    it("what cannot be reached is an outage, never an absent transaction", async () => {
      const { id, state, nowMs } = newTransaction();
      const down = broken();
      await expect(down.begin(id, state)).rejects.toBeInstanceOf(Outage);
      await expect(down.read(id, MINE, nowMs)).rejects.toBeInstanceOf(Outage);
      await expect(down.choose(id, MINE, chosen, nowMs)).rejects.toBeInstanceOf(Outage);
      await expect(down.finish(id, MINE, nowMs)).rejects.toBeInstanceOf(Outage);
    });
  });
}
