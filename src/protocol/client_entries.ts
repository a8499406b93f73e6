import type { FeedEntry } from "./edge_feed.ts";
import type { ClientId } from "./ids.ts";

/** How long a client's change is told: longer than any isolate keeps a client in memory. */
const CHANGE_MS = 15 * 60_000;

/** The longest an access token may live (the configuration's own bound), in milliseconds. */
const LONGEST_TOKEN_MS = 24 * 60 * 60_000;

/** The feed's name for "this client changed" (kind `config`, epoch = the client's version). */
export function clientChangeId(id: ClientId): string {
  return `client:${id}`;
}

/** Tells isolates to read the client again. */
export function clientChanged(id: ClientId, version: number, nowMs: number): FeedEntry {
  return { kind: "config", id: clientChangeId(id), epoch: version, untilMs: nowMs + CHANGE_MS };
}

/** Ends every token that was minted for the client under an epoch below `epoch`. */
export function clientTokensEnded(id: ClientId, epoch: number, nowMs: number): FeedEntry {
  return { kind: "client", id, epoch, untilMs: nowMs + LONGEST_TOKEN_MS };
}
