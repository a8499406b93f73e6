import { waitUntil } from "cloudflare:workers";
import { orOutage } from "../../kernel/outage.ts";
import { platformRandom, randomTokenId } from "../../kernel/random.ts";
import type { CreditRecords, CreditSpending, KeyCreditsObject, SpentCredits } from "../../ports/key_credits.ts";
import type { KeyCredits } from "../../protocol/api_key_terms.ts";
import type { ApiKeyId } from "../../protocol/ids.ts";

const SPEND_DEADLINE_MS = 250;
/** How long an undoing is waited for behind its request: as long as an object can do it. */
const LATE_MS = 10_000;
const OPERATOR_DEADLINE_MS = 5_000;

/**
 * Credits in Durable Objects, one for each key: `object` finds it by the key's id. Each call makes its own stub, for a stub belongs
 * to the request that made it. A spending whose answer came too late is undone behind its request.
 */
export class DurableObjectCredits implements CreditSpending, CreditRecords {
  readonly #object: (key: ApiKeyId) => KeyCreditsObject;
  readonly #deadlineMs: number;

  constructor(object: (key: ApiKeyId) => KeyCreditsObject, options: { readonly deadlineMs?: number } = {}) {
    this.#object = object;
    this.#deadlineMs = options.deadlineMs ?? SPEND_DEADLINE_MS;
  }

  async spend(key: ApiKeyId, credits: KeyCredits, cost: number): Promise<SpentCredits> {
    let object: KeyCreditsObject | null = null;
    const reservation = randomTokenId(platformRandom);
    const giveBack = () =>
      orOutage("credits", LATE_MS, async () => object?.giveBack(reservation)).catch(() => undefined);
    try {
      const verdict = await orOutage("credits", this.#deadlineMs, async () => {
        object = this.#object(key);
        const told = await object.spend(credits, cost, reservation);
        if (typeof told?.granted !== "boolean") throw new TypeError("no verdict");
        return told;
      });
      return { ...verdict, giveBack };
    } catch (error) {
      waitUntil(giveBack());
      throw error;
    }
  }

  stateOf(key: ApiKeyId, credits: KeyCredits) {
    return orOutage("credits", OPERATOR_DEADLINE_MS, async () => {
      const { left, nextRefillMs } = await this.#object(key).stateOf(credits);
      if (!Number.isFinite(left)) throw new TypeError("no state");
      return { left, nextRefillMs };
    });
  }

  forget(key: ApiKeyId): Promise<void> {
    return orOutage("credits", OPERATOR_DEADLINE_MS, () => this.#object(key).forget());
  }
}
