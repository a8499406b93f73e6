import type { KeyCredits } from "../protocol/api_key_terms.ts";
import type { ApiKeyId } from "../protocol/ids.ts";

/** What a key's counter says. Times in Unix milliseconds. */
export interface CreditState {
  readonly left: number;
  /** When something comes back next; null for never. */
  readonly nextRefillMs: number | null;
}

/** The counter's answer to who wants to spend. */
export interface CreditVerdict extends CreditState {
  /** False where less is left than was asked for, and then nothing is spent. */
  readonly granted: boolean;
}

/** A verdict, and the way back. */
export interface SpentCredits extends CreditVerdict {
  /** Undoes what was spent, for a call that did not go on. What a crash keeps from coming back stays spent. Never rejects. */
  giveBack(): Promise<void>;
}

/** What the gate asks of the counters of keys' credits. Throws `Outage`. */
export interface CreditSpending {
  spend(key: ApiKeyId, credits: KeyCredits, cost: number): Promise<SpentCredits>;
}

/** What operators ask of them. Throws `Outage`. */
export interface CreditRecords {
  stateOf(key: ApiKeyId, credits: KeyCredits): Promise<CreditState>;
  /** Forgets the counter of a key that is gone. */
  forget(key: ApiKeyId): Promise<void>;
}

/** What the object that counts for one key answers over RPC. */
export interface KeyCreditsObject {
  /** `reservation`: an id unique to the request, by which it can be undone for a few seconds. */
  spend(credits: KeyCredits, cost: number, reservation: string): Promise<CreditVerdict>;
  /** Undoes `reservation`, once; nothing where there is none. */
  giveBack(reservation: string): Promise<void>;
  stateOf(credits: KeyCredits): Promise<CreditState>;
  forget(): Promise<void>;
}
