import type { ApiKeyEnvironment, ApiKeyKind, ApiKeyRecord } from "../protocol/api_key.ts";
import type { TermedKey } from "../protocol/api_key_terms.ts";
import type { FeedEntry } from "../protocol/edge_feed.ts";
import type { Holdings } from "../protocol/holdings.ts";
import type { ApiKeyId } from "../protocol/ids.ts";
import type { ListPosition } from "./clients.ts";

/** Where the gate finds a key's record by the SHA-256 of its string. Throws `Outage`. */
export interface ApiKeyRecords {
  /** The record, or null. */
  find(hash: string): Promise<ApiKeyRecord | null>;
}

/** The read-mostly copy near every user, written by the outbox alone. Throws `Outage`. */
export interface ApiKeyProjection {
  put(hash: string, record: ApiKeyRecord): Promise<void>;
  remove(hash: string): Promise<void>;
}

/** One string that opens a key. Times in Unix milliseconds. */
export interface ApiKeySecretRecord {
  readonly hash: string;
  readonly lastFour: string;
  readonly createdAtMs: number;
  /** When this string stops working although the key goes on; null for the current one. */
  readonly expiresAtMs: number | null;
}

/** Where one of a key's strings was found in public. */
export interface ApiKeyLeak {
  /** Of the string that was found. */
  readonly lastFour: string;
  /** When it was reported, in Unix milliseconds. */
  readonly foundAtMs: number;
  /** What reported it, and where it says that it found it: its own words. */
  readonly source: string;
  /** An http(s) URL; null where none was told. */
  readonly url: string | null;
}

/** A key as operators see it. Times in Unix milliseconds. */
export interface ApiKey extends TermedKey, Holdings {
  readonly id: ApiKeyId;
  readonly name: string;
  readonly environment: ApiKeyEnvironment;
  readonly kind: ApiKeyKind;
  readonly scopes: readonly string[];
  /** Who answers for it: the id of a user or a client, or any other name; null where nobody was named. */
  readonly owner: string | null;
  /** What operators note about it. The gate knows nothing of it. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly disabled: boolean;
  readonly expiresAtMs: number | null;
  readonly epoch: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  /** About when a gate last took it; null for never. No part of a change. */
  readonly lastUsedAtMs: number | null;
  /** The newest report of one of its strings; null for none. No part of a change. */
  readonly leak: ApiKeyLeak | null;
  /** The current string first; none where the last one leaked. */
  readonly secrets: readonly ApiKeySecretRecord[];
}

/** Which keys a list is to hold; absent members ask for nothing. */
export interface ApiKeyFilter {
  readonly owner?: string | undefined;
  readonly environment?: ApiKeyEnvironment | undefined;
  readonly kind?: ApiKeyKind | undefined;
  /** The last characters of one of its strings. */
  readonly lastFour?: string | undefined;
}

/**
 * What the admin API asks of the key store. Each change, the feed entries that announce it and the order to write the
 * gate's copy anew are one transaction. Throws `Outage`.
 */
export interface ApiKeyRegistry extends ApiKeyRecords {
  get(id: ApiKeyId): Promise<ApiKey | null>;
  list(limit: number, after: ListPosition | null, filter?: ApiKeyFilter): Promise<readonly ApiKey[]>;
  insert(key: ApiKey, entries: readonly FeedEntry[]): Promise<void>;
  /** Replaces a key, secrets included, whose stored epoch is still `before.epoch`. */
  update(before: ApiKey, after: ApiKey, entries: readonly FeedEntry[]): Promise<"changed" | "conflict">;
  /** Deletes a key whose stored epoch is still that of `key`. */
  delete(key: ApiKey, entries: readonly FeedEntry[]): Promise<"deleted" | "conflict">;
}
