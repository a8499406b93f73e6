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
  /** What roles may do has changed. There is one such entry at most, as of `pointer`. */
  "role",
  "relation",
  /** What isolates hold copies of has changed: a client, the ring of keys. */
  "config",
  /** Which configuration runs. There is one such entry at most. */
  "pointer",
  /** Which configuration is tried beside the one that runs. There is one such entry at most. */
  "shadow",
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

/** More entries than a feed puts into one page. */
const MAX_PAGE_ENTRIES = 10_000;

/**
 * Whether `value` is a page: the feed may be another Worker's, and older or newer than this code. Entries of a kind that is not
 * known here are no fault: what they end, nobody here accepts.
 */
export function isFeedPage(value: unknown): value is FeedPage {
  if (!isRecord(value) || typeof value.more !== "boolean" || !isRecord(value.position)) return false;
  const { position, entries } = value;
  const isPosition = typeof position.generation === "string" && position.generation !== "" && isCount(position.seq);
  return isPosition && Array.isArray(entries) && entries.length <= MAX_PAGE_ENTRIES && entries.every(isFeedEntry);
}

function isFeedEntry(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { kind, id, epoch, untilMs } = value;
  return typeof kind === "string" && typeof id === "string" && isCount(epoch) && isCount(untilMs);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** How long an API key's entry is kept: until KV's tombstone has long been seen everywhere. */
export const API_KEY_ENTRY_MS = 24 * 60 * 60 * 1000;
/** How long a new API key is announced: well past the time that KV may go on answering "absent". */
export const API_KEY_ANNOUNCEMENT_MS = 5 * 60 * 1000;

/** Of what nobody may forget: the last moment that a date can name. */
export const NEVER_MS = 8_640_000_000_000_000;

/** The pointer's hash where it says: what was deployed with the code. */
export const BUNDLED = "bundled";

/** Which configuration runs: its hash, under a version that grows with each publish. Version 0: none was ever published. */
export interface ConfigPointer {
  readonly version: number;
  /** Lower-case hex SHA-256 of the snapshot's text, or `BUNDLED`. */
  readonly hash: string;
}

export const NEVER_PUBLISHED: ConfigPointer = { version: 0, hash: BUNDLED };

/** The entry that points at a configuration. There is one pointer: the highest version wins, whatever it is called. */
export function pointerEntry({ version, hash }: ConfigPointer): FeedEntry {
  return { kind: "pointer", id: hash, epoch: version, untilMs: NEVER_MS };
}

/** Which role book counts: its hash, under a version that grows with each change of any role. Version 0: no role was ever defined. */
export interface RolesPointer {
  readonly version: number;
  /** Lower-case hex SHA-256 of the book's text; empty for version 0. */
  readonly hash: string;
}

export const NO_ROLES: RolesPointer = { version: 0, hash: "" };

/** The entry that points at a role book. */
export function rolesEntry({ version, hash }: RolesPointer): FeedEntry {
  return { kind: "role", id: hash, epoch: version, untilMs: NEVER_MS };
}

/** Which configuration is tried beside the one that runs, under a version that grows with each change. */
export interface ShadowPointer {
  readonly version: number;
  /** Lower-case hex SHA-256 of the snapshot's text, or `NOTHING_IN_SHADOW`. */
  readonly hash: string;
}

/** The shadow pointer's hash where nothing is tried. */
export const NOTHING_IN_SHADOW = "none";

export const NEVER_IN_SHADOW: ShadowPointer = { version: 0, hash: NOTHING_IN_SHADOW };

/** The entry that points at what is tried. */
export function shadowEntry({ version, hash }: ShadowPointer): FeedEntry {
  return { kind: "shadow", id: hash, epoch: version, untilMs: NEVER_MS };
}

/** Kinds of which a feed holds one entry: the one with the highest epoch, whatever it names, and never forgotten. */
export function isSingleKind(kind: string): kind is "pointer" | "role" | "shadow" {
  return kind === "pointer" || kind === "role" || kind === "shadow";
}

/** Where two entries name the same thing: the higher epoch and the later end, so that order and repetition don't matter. */
export function mergeEntries(a: FeedEntry, b: FeedEntry): FeedEntry {
  return { ...a, epoch: Math.max(a.epoch, b.epoch), untilMs: Math.max(a.untilMs, b.untilMs) };
}

/** One isolate's picture of the feed. */
export class FeedView {
  #entries = new Map<string, FeedEntry>();
  #position = FEED_START;
  #pointer = NEVER_PUBLISHED;
  #roles = NO_ROLES;
  #shadow = NEVER_IN_SHADOW;

  /** How far this view has come. */
  get position(): FeedPosition {
    return this.#position;
  }

  /** Entries held now. */
  get size(): number {
    return this.#entries.size;
  }

  /** The configuration that runs, as far as this view has come. It never goes back, whatever becomes of the feed's storage. */
  get pointer(): ConfigPointer {
    return this.#pointer;
  }

  /** The role book that counts, as far as this view has come. It never goes back either. */
  get roles(): RolesPointer {
    return this.#roles;
  }

  /** The configuration that is tried, as far as this view has come. */
  get shadow(): ShadowPointer {
    return this.#shadow;
  }

  /** Adds a page. A page of another generation replaces everything else: the feed it described no longer exists. */
  apply(page: FeedPage): void {
    if (page.position.generation !== this.#position.generation) this.#entries = new Map();
    this.#position = page.position;
    for (const entry of page.entries) {
      if (entry.kind === "pointer") {
        if (entry.epoch > this.#pointer.version) this.#pointer = { version: entry.epoch, hash: entry.id };
        continue;
      }
      if (entry.kind === "role") {
        if (entry.epoch > this.#roles.version) this.#roles = { version: entry.epoch, hash: entry.id };
        continue;
      }
      if (entry.kind === "shadow") {
        if (entry.epoch > this.#shadow.version) this.#shadow = { version: entry.epoch, hash: entry.id };
        continue;
      }
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
