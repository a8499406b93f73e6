import { LocalPace } from "../limits/local_pace.ts";
import { RefusedKeys } from "../limits/refused_keys.ts";
import type { GrantSecrets } from "../ports/grant_secrets.ts";
import type { Guesses, OpeningKind } from "../ports/guesses.ts";
import { addressKey, type Throttled } from "./guess_budgets.ts";

/** The part of a budget that each isolate gives by itself: a tenth. */
const LOCAL_SHARE = 10;

/** What an opening is counted with. */
export interface OpeningParts {
  readonly guesses: Pick<Guesses, "take">;
  readonly secrets: Pick<GrantSecrets, "digest">;
}

/**
 * How many objects one address may have made for it in a minute, before anybody is known. An isolate gives a tenth of that by
 * itself, so that people pay nothing; whatever is beyond is counted for all isolates together, and who was refused there is
 * remembered here. So an address gets its budget, and a tenth more for each isolate that it reaches.
 *
 * Where the count cannot be asked, what is beyond the tenth is an `Outage`: uncounted objects would be free ones.
 */
export class OpeningBudget {
  readonly #kind: OpeningKind;
  readonly #parts: OpeningParts;
  readonly #local: LocalPace | null;
  readonly #refused = new RefusedKeys();

  constructor(kind: OpeningKind, perMinute: number, parts: OpeningParts) {
    const local = Math.floor(perMinute / LOCAL_SHARE);
    this.#kind = kind;
    this.#parts = parts;
    this.#local = local === 0 ? null : new LocalPace(local);
  }

  /** Takes one of what `address` (a unit: /32, /64) may open; otherwise how long it has to wait. Throws `Outage`. */
  async take(address: string, nowMs: number): Promise<Throttled | null> {
    if (this.#local !== null && this.#local.take(address, nowMs) === 0) return null;
    const waitSeconds = this.#refused.waitSeconds(address, nowMs);
    if (waitSeconds > 0) return { kind: "throttled", retryAfterSeconds: waitSeconds };
    const { guesses, secrets } = this.#parts;
    const wait = await guesses.take(this.#kind, await addressKey({ address }, { secrets }), nowMs);
    if (wait === null) return null;
    this.#refused.refuse(address, wait.retryAfterSeconds, nowMs);
    return { kind: "throttled", ...wait };
  }
}
