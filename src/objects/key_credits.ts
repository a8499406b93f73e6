import { DurableObject } from "cloudflare:workers";
import type { CreditState, CreditVerdict, KeyCreditsObject } from "../ports/key_credits.ts";
import type { KeyCredits as Credits } from "../protocol/api_key_terms.ts";
import { balanceAt, type CreditBalance, giveBack, nextRefillMs, spend } from "../protocol/credit_balance.ts";

/** What was spent longer ago, or before the newest so many, stays spent. */
const RESERVATION_MS = 10_000;
const MAX_RESERVATIONS = 1_024;

const RECORD = "balance";

interface Reservation {
  readonly cost: number;
  readonly series: number;
  readonly atMs: number;
}

/**
 * The credits of one API key, whose id is the object's name. Each spending is written before it is answered, and one at a time:
 * credits are paid for, so that nothing is ever granted twice and a crash charges nobody for what was not granted. A
 * write each time is the price; limits, which are not paid for, are written ahead instead. Reservations are kept in memory
 * alone: an eviction between a spending and its undoing leaves it spent.
 */
export class KeyCredits extends DurableObject implements KeyCreditsObject {
  #held: CreditBalance | null | undefined;
  readonly #reservations = new Map<string, Reservation>();

  async spend(credits: Credits, cost: number, reservation: string): Promise<CreditVerdict> {
    if (!Number.isSafeInteger(cost) || cost < 1) throw new RangeError("cost must be a positive integer");
    const nowMs = Date.now();
    const balance = balanceAt(this.#load(), credits, nowMs);
    const after = spend(balance, cost);
    if (after === null) return { granted: false, ...told(balance) };
    this.#keep(after);
    this.#reserve(reservation, { cost, series: after.series, atMs: nowMs });
    return { granted: true, ...told(after) };
  }

  async giveBack(reservation: string): Promise<void> {
    const spent = this.#reservations.get(reservation);
    const held = this.#load();
    if (spent === undefined || held === null || !this.#reservations.delete(reservation)) return;
    if (Date.now() - spent.atMs <= RESERVATION_MS) this.#keep(giveBack(held, spent.cost, spent.series));
  }

  async stateOf(credits: Credits): Promise<CreditState> {
    return told(balanceAt(this.#load(), credits, Date.now()));
  }

  async forget(): Promise<void> {
    this.#held = null;
    this.#reservations.clear();
    await this.ctx.storage.deleteAll();
  }

  #load(): CreditBalance | null {
    if (this.#held === undefined) this.#held = this.ctx.storage.kv.get<CreditBalance>(RECORD) ?? null;
    return this.#held;
  }

  /** The runtime holds answers back until this is durable. */
  #keep(balance: CreditBalance): void {
    this.ctx.storage.kv.put(RECORD, balance);
    this.#held = balance;
  }

  #reserve(id: string, reservation: Reservation): void {
    this.#reservations.set(id, reservation);
    for (const [oldest, { atMs }] of this.#reservations) {
      if (this.#reservations.size <= MAX_RESERVATIONS && reservation.atMs - atMs <= RESERVATION_MS) return;
      this.#reservations.delete(oldest);
    }
  }
}

function told(balance: CreditBalance): CreditState {
  return { left: balance.left, nextRefillMs: nextRefillMs(balance) };
}
