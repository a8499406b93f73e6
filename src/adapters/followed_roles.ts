import { Outage, orOutage } from "../kernel/outage.ts";
import type { RoleBook } from "../policy/role_book.ts";
import type { Defer, FeedFollower } from "../ports/edge_feed.ts";
import type { RoleBooks } from "../ports/role_books.ts";
import type { RolesPointer } from "../protocol/edge_feed.ts";
import { VersionLoading } from "./version_loading.ts";

/** How long a request waits for a book. */
const WAIT_MS = 1_000;
/** The pause after a book could not be had: whoever comes meanwhile is refused at once. */
const RETRY_MS = 500;

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
  readonly #loading = new VersionLoading("role_book", RETRY_MS);

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
    await orOutage("role_book", WAIT_MS, () =>
      this.#loading.follow(wanted.version, nowMs, defer, () => this.#load(wanted, nowMs)),
    ).catch(() => undefined);
    const book = this.#book;
    if (book === null || book.version >= wanted.version) return book;
    const behindMs = Math.abs(nowMs - (this.#behindSinceMs ?? nowMs));
    return behindMs < toleratedMs ? book : null;
  }

  async #load(wanted: RolesPointer, nowMs: number): Promise<void> {
    try {
      const book = await this.#parts.load(wanted.version === 0 ? null : wanted);
      if (book.version < wanted.version) throw new Outage("role_book", { cause: "an older book than was announced" });
      this.#put(book);
    } catch (error) {
      const { version } = wanted;
      if (this.#loading.failed(version, nowMs)) this.#parts.failed(version, this.#book?.version ?? null, error);
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
}
