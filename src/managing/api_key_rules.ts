import type { ApiKey } from "../ports/api_keys.ts";
import { apiKeyChanged } from "../protocol/api_key_entries.ts";
import type { FeedEntry } from "../protocol/edge_feed.ts";
import type { TargetCatalog } from "../protocol/token_target.ts";
import { apiScopes, unknownScopes } from "./client_rules.ts";
import { liveStrings } from "./live_strings.ts";
import type { FieldFault } from "./management.ts";

/** What an operator may not give a key. An end that has passed is a mistake: a key is ended by disabling or deleting it. */
export function apiKeyFaults(
  given: { readonly scopes?: readonly string[] | undefined; readonly expiresAtMs?: number | null | undefined },
  catalog: TargetCatalog,
  nowMs: number,
  held: readonly string[] = [],
): readonly FieldFault[] {
  const faults = [...unknownScopes(given.scopes ?? [], new Set([...apiScopes(catalog), ...held]))];
  if (typeof given.expiresAtMs === "number" && given.expiresAtMs <= nowMs) {
    faults.push({ field: "expires_at", reason: "is not in the future" });
  }
  return faults;
}

/** Hashes of the strings that open `key` at `nowMs`. */
export function usableHashes(key: ApiKey, nowMs: number): readonly string[] {
  const usable = !key.disabled && (key.expiresAtMs === null || key.expiresAtMs > nowMs);
  return usable ? liveStrings(key.secrets, nowMs).map(({ hash }) => hash) : [];
}

/** What the feed is told of a key that has become `after`. */
export function apiKeyEntries(after: ApiKey, nowMs: number): readonly FeedEntry[] {
  return apiKeyChanged(after.id, after.epoch, usableHashes(after, nowMs), nowMs);
}
