import type { RoleBook } from "../policy/role_book.ts";
import type { Defer } from "./edge_feed.ts";

/** What roles may do, as one isolate knows it. */
export interface RoleBooks {
  /**
   * The book that counts at `nowMs`, for who has just looked at the edge feed: at once where the feed says nothing newer. Null where it could not be
   * had in time; an older one is given for up to `toleratedMs` after a newer one was heard of (a route's `onStale: allow`).
   */
  at(nowMs: number, defer: Defer, toleratedMs: number): RoleBook | Promise<RoleBook | null>;
}
