import { DurableObject } from "cloudflare:workers";
import type { ApiKeyProjection, ApiKeyRecords } from "../ports/api_keys.ts";
import type { EdgeFeedWriter } from "../ports/edge_feed.ts";
import type { Outbox, OutboxCourier as OutboxCourierPort, OutboxItem } from "../ports/outbox.ts";

/** What the courier carries between; the composition gives it. */
export interface CourierWiring {
  readonly outbox: Outbox;
  /** Where API keys are true. */
  readonly truth: ApiKeyRecords;
  /** The copies that the gate reads. */
  readonly copies: ApiKeyProjection;
  readonly feed: EdgeFeedWriter;
}

const BATCH = 100;
const SOON_MS = 2_000;
const LONGEST_RETRY_MS = 60_000;

/**
 * The one carrier of the outbox. There is a single object, and it carries one batch at a time: two carriers at once
 * could write an API key's older state over its newer one in KV. What it writes is read from the truth at that moment, and
 * everything it does may be repeated.
 */
export abstract class OutboxCourierObject<Env> extends DurableObject<Env> implements OutboxCourierPort {
  #running: Promise<boolean> | null = null;
  #again = false;
  #failures = 0;

  protected abstract wire(): CourierWiring;

  async expect(): Promise<void> {
    const alarm = await this.ctx.storage.getAlarm();
    if (alarm === null || alarm > Date.now() + SOON_MS) await this.ctx.storage.setAlarm(Date.now() + SOON_MS);
  }

  /** A caller that arrives during a run may have written after that run's look: it waits for the next one. */
  async deliver(): Promise<boolean> {
    if (this.#running !== null) {
      this.#again = true;
      return this.#running;
    }
    this.#running = this.#untilEmpty().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  override async alarm(): Promise<void> {
    if (await this.deliver()) {
      this.#failures = 0;
      return;
    }
    this.#failures += 1;
    const delayMs = Math.min(SOON_MS * 2 ** Math.min(this.#failures, 6), LONGEST_RETRY_MS);
    await this.ctx.storage.setAlarm(Date.now() + delayMs);
  }

  async #untilEmpty(): Promise<boolean> {
    const { outbox, feed } = this.wire();
    try {
      do {
        this.#again = false;
        for (let items = await outbox.peek(BATCH); items.length > 0; items = await outbox.peek(BATCH)) {
          await this.#project(items);
          await feed.append(items.map((item) => item.entry));
          await outbox.remove(items.map((item) => item.seq));
        }
      } while (this.#again);
      return true;
    } catch (error) {
      console.error(JSON.stringify({ event: "outbox_delivery_failed", error: String(error) }));
      return false;
    }
  }

  async #project(items: readonly OutboxItem[]): Promise<void> {
    const { truth, copies } = this.wire();
    for (const hash of new Set(items.flatMap((item) => item.project))) {
      const record = await truth.find(hash);
      await (record === null ? copies.remove(hash) : copies.put(hash, record));
    }
  }
}
