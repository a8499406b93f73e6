import { faultText } from "../kernel/fault_text.ts";
import { orOutage } from "../kernel/outage.ts";
import type { AuditTrail } from "../ports/audit.ts";
import type { Defer } from "../ports/edge_feed.ts";
import type { AuditEvent } from "../protocol/audit_event.ts";

/** For one try: the queue's acknowledgement takes some tens of milliseconds. */
const DEADLINE_MS = 1_000;
/** What a caller may be kept waiting for: two tries. */
const INSISTING_PAUSES_MS: readonly number[] = [0];
/** Behind the answer there is time: four tries, a little over five seconds at most. */
const DEFERRED_PAUSES_MS: readonly number[] = [50, 250, 1_000];
/** Events of one isolate that are on their way at once. */
const MAX_ON_THE_WAY = 500;
/** The platform cuts off what a request left behind after thirty seconds, and nobody is told. */
const STUCK_MS = 30_000;

/** What of a queue is used. */
export interface QueueProducer {
  send(message: unknown, options: { readonly contentType: "json" }): Promise<unknown>;
}

/** What the trail is built from. */
export interface AuditQueueParts {
  readonly queue: QueueProducer;
  /** Hears of what the queue did not take. */
  readonly lost: (event: AuditEvent, why: string) => void;
  readonly pause: (ms: number) => Promise<void>;
  readonly clock: () => number;
}

/**
 * The trail's way through a queue. Each event is sent by the request that it is about, within that request's own time: nothing waits
 * in the isolate's memory for a later one. What the queue does not take goes to `lost`.
 */
export class AuditQueue implements AuditTrail {
  readonly #parts: AuditQueueParts;
  /** When each was begun. */
  readonly #onTheWay = new Map<string, number>();

  constructor(parts: AuditQueueParts) {
    this.#parts = parts;
  }

  note(event: AuditEvent, defer: Defer): void {
    if (this.#hasRoom()) {
      this.#onTheWay.set(event.id, this.#parts.clock());
      defer(this.#deliver(event));
    } else this.#parts.lost(event, "too many events on their way");
  }

  async insist(event: AuditEvent): Promise<boolean> {
    return (await this.#send(event, INSISTING_PAUSES_MS)) === null;
  }

  #hasRoom(): boolean {
    if (this.#onTheWay.size < MAX_ON_THE_WAY) return true;
    const cutOffMs = this.#parts.clock() - STUCK_MS;
    for (const [id, begunMs] of this.#onTheWay) if (begunMs < cutOffMs) this.#onTheWay.delete(id);
    return this.#onTheWay.size < MAX_ON_THE_WAY;
  }

  async #deliver(event: AuditEvent): Promise<void> {
    try {
      const why = await this.#send(event, DEFERRED_PAUSES_MS);
      if (why !== null) this.#parts.lost(event, why);
    } finally {
      this.#onTheWay.delete(event.id);
    }
  }

  /** Sends `event`, once more after each of `pausesMs`. Null once it was taken, else what the last try failed with. */
  async #send(event: AuditEvent, pausesMs: readonly number[]): Promise<string | null> {
    const { queue, pause } = this.#parts;
    for (let tries = 0; ; tries++) {
      try {
        await orOutage("audit_queue", DEADLINE_MS, async () => queue.send(event, { contentType: "json" }));
        return null;
      } catch (error) {
        const pauseMs = pausesMs[tries];
        if (pauseMs === undefined) return faultText(error);
        if (pauseMs > 0) await pause(pauseMs);
      }
    }
  }
}
