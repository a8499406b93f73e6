import type { FeedEntry } from "../protocol/edge_feed.ts";

/** The one carrier of what was written beside a change: to the gate's copies and to the edge feed. */
export interface OutboxCourier {
  /**
   * Makes sure that something will look into the outbox soon, whatever happens to the caller. Called before the change:
   * a crash right after it then loses nothing. Throws `Outage`, and then the change must not be made.
   */
  expect(): Promise<void>;
  /** Carries what lies there now. True when nothing is left; false when the rest will be carried by an alarm. */
  deliver(): Promise<boolean>;
}

/** One row of the outbox: an entry, and which copies of API keys to write anew. */
export interface OutboxItem {
  readonly seq: number;
  readonly entry: FeedEntry;
  /** Hashes of API keys whose records changed. */
  readonly project: readonly string[];
}

/** The rows, oldest first. Throws `Outage`. */
export interface Outbox {
  /** At most `limit` rows whose `seq` is higher than `afterSeq` (0 when absent). */
  peek(limit: number, afterSeq?: number): Promise<readonly OutboxItem[]>;
  remove(seqs: readonly number[]): Promise<void>;
}
