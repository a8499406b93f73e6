import type { ConfigPointer, FeedEntry } from "../protocol/edge_feed.ts";

/** One publish or rollback: which configuration ran from then on. Time in Unix milliseconds. */
export interface ConfigVersion extends ConfigPointer {
  /** The version before it; 0 where it is the first. */
  readonly parent: number;
  /** The version that this one went back to; null for a publish. 0 is what was deployed. */
  readonly restores: number | null;
  /** The hash of the deployed configuration that it was published over. */
  readonly bundle: string;
  /** The client that did it. */
  readonly actor: string;
  readonly note: string;
  readonly createdAtMs: number;
}

/** Where the published configurations are true. Throws `Outage`. */
export interface ConfigVersions {
  /** The newest version; null where none was ever published. */
  current(): Promise<ConfigVersion | null>;
  find(version: number): Promise<ConfigVersion | null>;
  /** The newest version that runs the snapshot called `hash`. */
  findByHash(hash: string): Promise<ConfigVersion | null>;
  /** Up to `limit` versions, the newest first, below `beforeVersion` where that is given. */
  list(limit: number, beforeVersion: number | null): Promise<readonly ConfigVersion[]>;
  /** The text of the snapshot called `hash`; null where it is unknown, or forgotten. */
  snapshot(hash: string): Promise<string | null>;
  /**
   * Adds `version`, with the text of its snapshot where it brings one, and `entries` for the feed, in one transaction.
   * `conflict` where another version came first: of two with one parent one is added.
   */
  add(version: ConfigVersion, text: string | null, entries: readonly FeedEntry[]): Promise<"changed" | "conflict">;
}

/** Copies of snapshots near isolates, by hash. What they say is only believed when it has that hash. Throws `Outage`. */
export interface ConfigCopies {
  find(hash: string): Promise<string | null>;
  put(hash: string, text: string): Promise<void>;
}
