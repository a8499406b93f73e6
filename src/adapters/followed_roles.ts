import { Outage, orOutage } from "../kernel/outage.ts";
import type { RoleBook } from "../policy/role_book.ts";
import type { Defer, FeedFollower } from "../ports/edge_feed.ts";
import type { RoleBooks } from "../ports/role_books.ts";
import type { RolesPointer } from "../protocol/edge_feed.ts";

/** How long a request waits for a book. */
const WAIT_MS = 1_000;
/** The pause after a book could not be had: whoever comes meanwhile is refused at once. */
const RETRY_MS = 500;
/** What goes on failing is told again after so long. */
const TELL_MS = 60_000;
/** A loading whose own request was cut off never settles: after this long, more than its deadlines, it is given up. */
const STUCK_MS = 10_000;

/** What following is made of. */
export interface FollowedRolesParts {
  readonly feed: Pick<FeedFollower, "roles">;
  /** The book at `pointer` or a newer one. Null asks for the one that counts, whichever that is. Throws `Outage`. */
  readonly load: (pointer: RolesPointer | null) => Promise<RoleBook>;
  /** Hears which book counts from now on. */
  readonly runs: (version: number) => void;
  /** Hears what could not be had, and which version is held. */
  readonly failed: (wanted: number, held: number | null, error: unknown) => void;
}

/**
 * The role book of one isolate. It follows the feed's pointer and never goes back. Where the newer one cannot be had, the older one answers
 * for as long as the caller bears it, and then nothing does: it may say of somebody what was just taken back. An isolate that has
 * none asks the issuer whatever the feed says, for a feed that lost its storage knows of no book.
 */
export class FollowedRoles implements RoleBooks {
  readonly #parts: FollowedRolesParts;
  #book: RoleBook | null = null;
  /** Since when a newer book than the one held is known of; null while there is none. */
  #behindSinceMs: number | null = null;
  #loading: { readonly version: number; readonly startedMs: number; readonly done: Promise<void> } | null = null;
  #failure: { readonly version: number; readonly atMs: number; readonly toldAtMs: number } | null = null;

  constructor(parts: FollowedRolesParts) {
    this.#parts = parts;
  }

  at(nowMs: number, defer: Defer, toleratedMs: number): RoleBook | Promise<RoleBook | null> {
    const book = this.#book;
    if (book !== null && book.version >= this.#parts.feed.roles.version) return book;
    return this.#catchUp(nowMs, defer, toleratedMs);
  }

  async #catchUp(nowMs: number, defer: Defer, toleratedMs: number): Promise<RoleBook | null> {
    const wanted = this.#parts.feed.roles;
    this.#behindSinceMs ??= nowMs;
    await orOutage("role_book", WAIT_MS, () => this.#follow(wanted, nowMs, defer)).catch(() => undefined);
    const book = this.#book;
    if (book === null || book.version >= wanted.version) return book;
    const behindMs = Math.abs(nowMs - (this.#behindSinceMs ?? nowMs));
    return behindMs < toleratedMs ? book : null;
  }

  /** One loading at a time, shared by all who wait, which goes on when the request that began it is gone. */
  #follow(wanted: RolesPointer, nowMs: number, defer: Defer): Promise<void> {
    const { version } = wanted;
    const current = this.#loading;
    if (current !== null && current.version >= version && nowMs - current.startedMs < STUCK_MS) return current.done;
    const failure = this.#failure;
    if (failure !== null && failure.version >= version && Math.abs(nowMs - failure.atMs) < RETRY_MS) {
      return Promise.reject(new Outage("role_book", { cause: "failed just before" }));
    }
    const loading = { version, startedMs: nowMs, done: this.#load(wanted, nowMs) };
    this.#loading = loading;
    const forget = () => {
      if (this.#loading === loading) this.#loading = null;
    };
    defer(loading.done.then(forget, forget));
    return loading.done;
  }

  async #load(wanted: RolesPointer, nowMs: number): Promise<void> {
    try {
      const book = await this.#parts.load(wanted.version === 0 ? null : wanted);
      if (book.version < wanted.version) throw new Outage("role_book", { cause: "an older book than was announced" });
      this.#put(book);
    } catch (error) {
      this.#fail(wanted.version, error, nowMs);
      throw error;
    }
  }

  #put(book: RoleBook): void {
    const held = this.#book?.version ?? -1;
    if (book.version <= held) return;
    this.#book = book;
    if (book.version >= this.#parts.feed.roles.version) this.#behindSinceMs = null;
    this.#parts.runs(book.version);
  }

  #fail(version: number, error: unknown, nowMs: number): void {
    const before = this.#failure;
    const isTold = before !== null && before.version === version && Math.abs(nowMs - before.toldAtMs) < TELL_MS;
    this.#failure = { version, atMs: nowMs, toldAtMs: isTold ? before.toldAtMs : nowMs };
    if (!isTold) this.#parts.failed(version, this.#book?.version ?? null, error);
  }
}
