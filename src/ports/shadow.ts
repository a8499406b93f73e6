import type { FeedEntry, ShadowPointer } from "../protocol/edge_feed.ts";

/** One change of what is tried beside what runs. Time in Unix milliseconds. */
export interface ShadowVersion extends ShadowPointer {
  /** The version before it; 0 where it is the first. */
  readonly parent: number;
  /** The client that did it. */
  readonly actor: string;
  readonly note: string;
  readonly createdAtMs: number;
}

/** Where it is true which configuration is tried. Throws `Outage`. */
export interface ShadowVersions {
  /** The newest version; null where nothing was ever tried. */
  current(): Promise<ShadowVersion | null>;
  /**
   * Adds `version`, with the text of its snapshot where it brings one, and `entries` for the feed, in one transaction. `conflict` where
   * another version came first.
   */
  add(version: ShadowVersion, text: string | null, entries: readonly FeedEntry[]): Promise<"changed" | "conflict">;
}

/** What the rules in shadow of the configuration that runs are called, where a snapshot is called by its hash. */
export const RULES_IN_SHADOW = "rules";

/** A call that came out otherwise: where to look in the log, and who asked, and nothing of what was asked. */
export interface ShadowExample {
  readonly requestId: string;
  readonly subject: "user" | "client" | "api_key" | "anonymous";
}

/** Calls that came out otherwise in the same way, counted together. Times in Unix milliseconds. */
export interface ShadowDifference {
  /** A snapshot's hash, or `rules`. */
  readonly tried: string;
  /** The live route's id; empty where there is none. */
  readonly route: string;
  /** The action that was decided on; empty where there is none. */
  readonly action: string;
  /** `allow`, or the reason of the refusal. */
  readonly live: string;
  readonly shadow: string;
  /** The rules that made the difference, by id; empty where none had a part in it. */
  readonly rule: string;
  readonly calls: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly examples: readonly ShadowExample[];
}

/** How much was compared, so that no difference means something. */
export interface ShadowRun {
  readonly tried: string;
  /** Calls that were decided twice. */
  readonly compared: number;
  /** Those that cannot be decided behind the answer: the body, or what nobody has in memory, would have to be read. */
  readonly undecided: number;
  /** Those that there was no time for. */
  readonly skipped: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Where it is counted. Throws `Outage`. */
export interface ShadowRecords {
  /** Adds to what is counted. Telling the same twice counts it twice. */
  note(runs: readonly ShadowRun[], differences: readonly ShadowDifference[]): Promise<void>;
}

/** Which differences are asked for; null asks for nothing. */
export interface ShadowFilter {
  readonly tried: string | null;
  readonly route: string | null;
  readonly rule: string | null;
  readonly live: string | null;
  readonly shadow: string | null;
}

/** What was counted. Throws `Outage`. */
export interface ShadowList {
  runs(): Promise<readonly ShadowRun[]>;
  /** Up to `limit` differences behind the one numbered `after`, in the order in which they were first met. */
  list(limit: number, after: number, filter: ShadowFilter): Promise<readonly (ShadowDifference & { id: number })[]>;
  /** Forgets what was counted of `tried`, of everything where it is null; how many differences went. */
  reset(tried: string | null): Promise<number>;
}
