import { API_KEY_ANNOUNCEMENT_MS, API_KEY_ENTRY_MS, type FeedEntry } from "./edge_feed.ts";
import type { ApiKeyId } from "./ids.ts";

/**
 * Tells every gate that a key string exists in a new state, so that a copy which is missing or too old is worth one
 * question to the issuer. Kept until KV has shown the new copy everywhere.
 */
export function apiKeyAnnounced(hash: string, epoch: number, nowMs: number): FeedEntry {
  return { kind: "api_key", id: hash, epoch, untilMs: nowMs + API_KEY_ANNOUNCEMENT_MS };
}

/**
 * What a change of a key tells the gate: copies below `epoch` count no longer, and `usableHashes` (the strings that open
 * the key after the change) are announced. A key that was disabled or deleted has none: its old copies are then
 * denied where they lie, without a question that an attacker could turn into load on the issuer.
 */
export function apiKeyChanged(
  id: ApiKeyId,
  epoch: number,
  usableHashes: readonly string[],
  nowMs: number,
): readonly FeedEntry[] {
  const ended: FeedEntry = { kind: "api_key", id, epoch, untilMs: nowMs + API_KEY_ENTRY_MS };
  return [ended, ...usableHashes.map((hash) => apiKeyAnnounced(hash, epoch, nowMs))];
}
