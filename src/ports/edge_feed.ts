import type {
  ConfigPointer,
  FeedEntry,
  FeedKind,
  FeedPage,
  FeedPosition,
  RolesPointer,
  ShadowPointer,
} from "../protocol/edge_feed.ts";

/** Where revocations are announced. */
export interface EdgeFeedWriter {
  /** Resolves once the feed holds `entries` durably; repeating is harmless. Throws `Outage`. */
  append(entries: readonly FeedEntry[]): Promise<void>;
}

/** Where isolates catch up. */
export interface EdgeFeedReader {
  /** What came after `position`. Throws `Outage`. */
  pull(position: FeedPosition): Promise<FeedPage>;
}

/** What a check asks of the feed's picture: synchronous, from memory. */
export interface RevocationView {
  /** The least epoch of `kind` `id` that still counts; 0 when nothing was said of it. */
  leastEpoch(kind: FeedKind, id: string): number;
}

/** The feed as one isolate holds it. */
export interface Revocations {
  /**
   * A view no older than the bound: at once where memory has one, and else after a pull; null when that failed in time. `toleratedAgeMs`
   * is how much older a view this caller accepts in an outage (a route's `onStale: allow`); 0 fails closed.
   */
  view(nowMs: number, defer: Defer, toleratedAgeMs: number): RevocationView | null | Promise<RevocationView | null>;
  /** Makes the next `view` pull: called after a write from this isolate, so that a writer sees its own change. */
  expire(): void;
}

/** The feed as what follows the configuration sees it, besides: synchronously, for it stands before every request. */
export interface FeedFollower extends Revocations {
  /** Whether the picture is so new that nobody has to look again at `nowMs`. */
  isFresh(nowMs: number): boolean;
  /** Which configuration runs, as far as is known here. */
  readonly pointer: ConfigPointer;
  /** Which role book counts, as far as is known here. */
  readonly roles: RolesPointer;
  /** Which configuration is tried beside the one that runs, as far as is known here. */
  readonly shadow: ShadowPointer;
}

/** Goes on with `work` behind the response (`ctx.waitUntil`). */
export type Defer = (work: Promise<unknown>) => void;
