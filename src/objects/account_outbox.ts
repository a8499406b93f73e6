import { faultText } from "../kernel/fault_text.ts";
import { orOutage } from "../kernel/outage.ts";
import type { AccountEvents } from "../ports/account_events.ts";
import type { EdgeFeedWriter } from "../ports/edge_feed.ts";
import type { AccountStore } from "./account_store.ts";

const BATCH = 100;
const EVENTS_DEADLINE_MS = 5_000;

/** Where an account's outbox goes. */
export interface OutboxTargets {
  readonly feed: EdgeFeedWriter;
  readonly events: AccountEvents;
}

/** What one run did: `told` when the feed holds every entry, `isEmpty` when the events are gone too. */
interface RunOutcome {
  readonly told: boolean;
  readonly isEmpty: boolean;
}

/**
 * Delivers an account's outbox. Only one run at a time: a mail would go out twice. Neither the feed nor the events wait
 * for the other's outage. Repeating is harmless: entries merge, events carry an id.
 */
export class AccountOutbox {
  readonly #store: AccountStore;
  readonly #targets: () => OutboxTargets;
  #running: Promise<RunOutcome> | null = null;
  #next: Promise<RunOutcome> | null = null;

  constructor(store: AccountStore, targets: () => OutboxTargets) {
    this.#store = store;
    this.#targets = targets;
  }

  /** Never throws. A caller that comes during a run may have rows that it did not read: the next run serves all of those. */
  deliver(): Promise<RunOutcome> {
    if (!this.#store.hasWaiting()) return Promise.resolve({ told: true, isEmpty: true });
    if (this.#running === null) {
      this.#running = this.#run().finally(() => {
        this.#running = null;
      });
      return this.#running;
    }
    this.#next ??= this.#running.then(() => {
      this.#next = null;
      return this.deliver();
    });
    return this.#next;
  }

  async #run(): Promise<RunOutcome> {
    const [told, notified] = await Promise.all([
      this.#drain("feed_outbox", () => this.#tellFeed()),
      this.#drain("event_outbox", () => this.#notify()),
    ]);
    return { told, isEmpty: told && notified };
  }

  /** Carries batches until none is left. False where that failed: what was not acknowledged stays. */
  async #drain(outbox: "feed_outbox" | "event_outbox", carry: () => Promise<number | null>): Promise<boolean> {
    try {
      for (let last = await carry(); last !== null; last = await carry()) this.#store.removeDelivered(outbox, last);
      return true;
    } catch (error) {
      console.error(JSON.stringify({ event: "account_delivery_failed", outbox, error: faultText(error) }));
      return false;
    }
  }

  async #tellFeed(): Promise<number | null> {
    const waiting = this.#store.waitingEntries(BATCH);
    if (waiting.length > 0) await this.#targets().feed.append(waiting.map(({ entry }) => entry));
    return waiting.at(-1)?.seq ?? null;
  }

  async #notify(): Promise<number | null> {
    const waiting = this.#store.waitingEvents(BATCH);
    const events = waiting.map(({ event }) => event);
    if (events.length > 0) {
      await orOutage("account_events", EVENTS_DEADLINE_MS, () => this.#targets().events.notify(events));
    }
    return waiting.at(-1)?.seq ?? null;
  }
}
