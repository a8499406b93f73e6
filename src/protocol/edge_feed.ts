/**
 * The edge feed as plain data: what stopped being true, in order. Owns entries, pages and an isolate's view of them.
 * Refuses clock-based ordering: an entry names the least epoch (a counter) that still counts.
 */
export const FEED_KINDS = [
  "token",
  "grant",
  "session",
  "user",
  "client",
  "api_key",
  "kid",
  "role",
  "relation",
  "config",
] as const;
export type FeedKind = (typeof FEED_KINDS)[number];

/** "Whatever `kind` `id` issued under an epoch below `epoch` is dead." Kept until `untilMs` (Unix milliseconds). */
export interface FeedEntry {
  readonly kind: FeedKind;
  readonly id: string;
  readonly epoch: number;
  /** When no credential that the entry names can be accepted any more, so that it may be forgotten. */
  readonly untilMs: number;
}

/** How far a reader has come. `generation` names the feed's storage: another one means starting over. */
export interface FeedPosition {
  readonly generation: string;
  readonly seq: number;
}

export const FEED_START: FeedPosition = { generation: "", seq: 0 };

/** Entries behind a position, oldest first. `more`: another pull is needed to be up to date. */
export interface FeedPage {
  readonly position: FeedPosition;
  readonly entries: readonly FeedEntry[];
  readonly more: boolean;
}

/** How long an API key's entry is kept: until KV's tombstone has long been seen everywhere. */
export const API_KEY_ENTRY_MS = 24 * 60 * 60 * 1000;
/** How long a new API key is announced: well past the time that KV may go on answering "absent". */
export const API_KEY_ANNOUNCEMENT_MS = 5 * 60 * 1000;

/** Where two entries name the same thing: the higher epoch and the later end, so that order and repetition don't matter. */
export function mergeEntries(a: FeedEntry, b: FeedEntry): FeedEntry {
  return { ...a, epoch: Math.max(a.epoch, b.epoch), untilMs: Math.max(a.untilMs, b.untilMs) };
}

/** One isolate's picture of the feed. */
export class FeedView {
  #entries = new Map<string, FeedEntry>();
  #position = FEED_START;

  /** How far this view has come. */
  get position(): FeedPosition {
    return this.#position;
  }

  /** Entries held now. */
  get size(): number {
    return this.#entries.size;
  }

  /** Adds a page. A page of another generation replaces everything: the feed it described no longer exists. */
  apply(page: FeedPage): void {
    if (page.position.generation !== this.#position.generation) this.#entries = new Map();
    this.#position = page.position;
    for (const entry of page.entries) {
      const key = `${entry.kind}:${entry.id}`;
      const held = this.#entries.get(key);
      this.#entries.set(key, held === undefined ? entry : mergeEntries(held, entry));
    }
  }

  /** Forgets entries whose end has passed. */
  prune(nowMs: number): void {
    for (const [key, entry] of this.#entries) if (entry.untilMs <= nowMs) this.#entries.delete(key);
  }

  /** The least epoch of `kind` `id` that still counts; 0 when nothing was said of it. */
  leastEpoch(kind: FeedKind, id: string): number {
    return this.#entries.size === 0 ? 0 : (this.#entries.get(`${kind}:${id}`)?.epoch ?? 0);
  }
}
