import { RefusedKeys } from "../limits/refused_keys.ts";
import type { OpeningKind } from "../ports/guesses.ts";
import { AddressPace } from "./address_pace.ts";
import { type AddressCounting, type Throttled, takeByAddress } from "./guess_budgets.ts";

/** The part of a budget that each isolate gives by itself: a tenth. */
const LOCAL_SHARE = 10;

/**
 * How many objects one address may have made for it in a minute, before anybody is known. An isolate gives a tenth of that by
 * itself, so that people pay nothing; whatever is beyond is counted for all isolates together, and who was refused there is
 * remembered here. So an address gets its budget, and a tenth more for each isolate that it reaches.
 *
 * Where the count cannot be asked, what is beyond the tenth is an `Outage`: uncounted objects would be free ones.
 */
export class OpeningBudget {
  readonly #kind: OpeningKind;
  readonly #parts: AddressCounting;
  readonly #local: AddressPace | null;
  readonly #refused = new RefusedKeys();

  constructor(kind: OpeningKind, perMinute: number, parts: AddressCounting) {
    const local = Math.floor(perMinute / LOCAL_SHARE);
    this.#kind = kind;
    this.#parts = parts;
    this.#local = local === 0 ? null : new AddressPace(local);
  }

  /** Takes one of what `address` (a unit: /32, /64; or the id of whom it is counted by instead) may open; otherwise how long it has to wait. Throws `Outage`. */
  async take(address: string, nowMs: number): Promise<Throttled | null> {
    if (this.#local !== null && this.#local.take(address, nowMs) === 0) return null;
    const waitSeconds = this.#refused.waitSeconds(address, nowMs);
    if (waitSeconds > 0) return { kind: "throttled", retryAfterSeconds: waitSeconds };
    const wait = await takeByAddress(this.#kind, { address }, this.#parts, nowMs);
    if (wait === null) return null;
    this.#refused.refuse(address, wait.retryAfterSeconds, nowMs);
    return { kind: "throttled", ...wait };
  }
}
