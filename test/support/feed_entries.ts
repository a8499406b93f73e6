import type { FeedEntry } from "../../src/protocol/edge_feed.ts";

/** An entry that ends a client's tokens; it lives for an hour from `nowMs` on. */
export function clientEntry(id: string, epoch = 1, nowMs = Date.now()): FeedEntry {
  return { kind: "client", id, epoch, untilMs: nowMs + 3_600_000 };
}
