import type { ApiKeyEnvironment, ApiKeyKind, ApiKeyRecord } from "../protocol/api_key.ts";
import type { FeedEntry } from "../protocol/edge_feed.ts";
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

/** A key as its owner sees it. Times in Unix milliseconds. */
export interface ApiKey {
  readonly id: ApiKeyId;
  readonly name: string;
  readonly environment: ApiKeyEnvironment;
  readonly kind: ApiKeyKind;
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  readonly disabled: boolean;
  readonly expiresAtMs: number | null;
  readonly epoch: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  /** The current string first. */
  readonly secrets: readonly ApiKeySecretRecord[];
}

/**
 * What the admin API asks of the key store. Each change, the feed entries that announce it and the order to write the
 * gate's copy anew are one transaction. Throws `Outage`.
 */
export interface ApiKeyRegistry extends ApiKeyRecords {
  get(id: ApiKeyId): Promise<ApiKey | null>;
  list(limit: number, after: ListPosition | null): Promise<readonly ApiKey[]>;
  insert(key: ApiKey, entries: readonly FeedEntry[]): Promise<void>;
  /** Replaces a key, secrets included, whose stored epoch is still `before.epoch`. */
  update(before: ApiKey, after: ApiKey, entries: readonly FeedEntry[]): Promise<"changed" | "conflict">;
  /** Deletes a key whose stored epoch is still that of `key`. */
  delete(key: ApiKey, entries: readonly FeedEntry[]): Promise<"deleted" | "conflict">;
}
