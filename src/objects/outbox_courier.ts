import { DurableObject } from "cloudflare:workers";
import { faultText } from "../kernel/fault_text.ts";
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
 * How long after the last announced change the outbox is looked into again and again. A change that was given up at its
 * deadline is not cancelled: it may still be made, long after its caller has gone.
 */
const WATCH_MS = 60_000;
const WATCH_UNTIL = "watch_until";

/**
 * The one carrier of the outbox. There is a single object, and it carries one batch at a time: two carriers at once
 * could write an API key's older state over its newer one in KV. The feed is told of all rows before any copy is written,
 * and of rows that come while copies are written: KV, slow or hanging, delays no revocation. What it writes is read from
 * the truth at that moment, and everything it does may be repeated.
 */
export abstract class OutboxCourierObject<Env> extends DurableObject<Env> implements OutboxCourierPort {
  #running: Promise<boolean> | null = null;
  #again = false;
  #telling: Promise<void> | null = null;
  /** Rows may lie there that the feed has not been asked to hear. */
  #untold = false;
  /** The last row that this run has told. Not kept between runs: telling twice is harmless, skipping is not. */
  #told = 0;
  #failures = 0;

  protected abstract wire(): CourierWiring;

  async expect(): Promise<void> {
    this.ctx.storage.kv.put(WATCH_UNTIL, Date.now() + WATCH_MS);
    await this.#wakeWithin(SOON_MS);
  }

  /** A caller that arrives during a run may have written after that run's look: it waits for the next one. */
  async deliver(): Promise<boolean> {
    if (this.#running !== null) {
      this.#again = true;
      // The run may be waiting for KV. A failure here is no loss: the run tells again before it ends, or its alarm does.
      this.#tell().catch(() => undefined);
      return this.#running;
    }
    this.#running = this.#run().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  override async alarm(): Promise<void> {
    const delivered = await this.deliver();
    const leftMs = (this.ctx.storage.kv.get<number>(WATCH_UNTIL) ?? 0) - Date.now();
    // Twice as late each time: what is made late is told at most as much later again.
    if (delivered && leftMs > 0) await this.#wakeWithin(Math.min(leftMs, Math.max(SOON_MS, WATCH_MS - leftMs)));
  }

  /** What is left behind is carried by an alarm, whoever asked for the run and whether an earlier alarm has gone by. */
  async #run(): Promise<boolean> {
    const delivered = await this.#untilEmpty();
    this.#failures = delivered ? 0 : this.#failures + 1;
    if (!delivered) await this.#wakeWithin(Math.min(SOON_MS * 2 ** Math.min(this.#failures - 1, 5), LONGEST_RETRY_MS));
    return delivered;
  }

  async #wakeWithin(delayMs: number): Promise<void> {
    const atMs = Date.now() + delayMs;
    const alarm = await this.ctx.storage.getAlarm();
    if (alarm === null || alarm > atMs) await this.ctx.storage.setAlarm(atMs);
  }

  async #untilEmpty(): Promise<boolean> {
    try {
      this.#told = 0;
      let left: number;
      do {
        this.#again = false;
        await this.#tell();
        left = await this.#copyBatch();
      } while (left > 0 || this.#again);
      return true;
    } catch (error) {
      console.error(JSON.stringify({ event: "outbox_delivery_failed", error: faultText(error) }));
      return false;
    }
  }

  /** Tells the feed of every row that this run has not told yet, one page at a time, whoever asks meanwhile. */
  #tell(): Promise<void> {
    this.#untold = true;
    this.#telling ??= this.#tellAll().finally(() => {
      this.#telling = null;
    });
    return this.#telling;
  }

  async #tellAll(): Promise<void> {
    const { outbox, feed } = this.wire();
    while (this.#untold) {
      this.#untold = false;
      let items: readonly OutboxItem[];
      do {
        items = await outbox.peek(BATCH, this.#told);
        if (items.length > 0) await feed.append(items.map((item) => item.entry));
        this.#told = items.at(-1)?.seq ?? this.#told;
      } while (items.length === BATCH);
    }
  }

  /**
   * Writes the copies of the oldest rows that the feed has been told of, and then forgets those rows: both are done. Until
   * then the feed alone denies, and a key that it announces is asked for at the issuer. How many rows lay there.
   */
  async #copyBatch(): Promise<number> {
    const { outbox } = this.wire();
    const items = await outbox.peek(BATCH);
    const told = items.filter(({ seq }) => seq <= this.#told);
    await this.#project(told);
    if (told.length > 0) await outbox.remove(told.map(({ seq }) => seq));
    return items.length;
  }

  async #project(items: readonly OutboxItem[]): Promise<void> {
    const { truth, copies } = this.wire();
    for (const hash of new Set(items.flatMap((item) => item.project))) {
      const record = await truth.find(hash);
      await (record === null ? copies.remove(hash) : copies.put(hash, record));
    }
  }
}
