import type { RoleDefinition } from "../policy/role_graph.ts";
import type { FeedEntry, RolesPointer } from "../protocol/edge_feed.ts";
import type { ListPosition } from "./clients.ts";

/** A role in the source of truth. Times in Unix milliseconds. */
export interface Role extends RoleDefinition {
  readonly description: string;
  /** Grows by one with each change. */
  readonly version: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** All roles as gates read them. */
export interface PublishedRoles extends RolesPointer {
  /** Canonical JSON; empty for version 0. */
  readonly text: string;
}

/** A role book that is to be the next one. */
export interface NextBook extends PublishedRoles {
  /** The version that it follows; 0 for the first. */
  readonly parent: number;
  readonly createdAtMs: number;
}

/** Every role, and the version of the book that says the same, as of one moment. */
export interface RoleCatalogue {
  readonly roles: readonly Role[];
  readonly bookVersion: number;
}

/** Somebody who has a role. */
export interface RoleHolder {
  /** The id of a user, a client or an API key. */
  readonly subject: string;
  readonly role: string;
  /** Null where it counts everywhere. */
  readonly tenant: string | null;
  /** When it ends, in Unix milliseconds; null for never. */
  readonly untilMs: number | null;
}

/** Which holders a list is to have; absent members ask for nothing. `tenant` null: those who have it everywhere. */
export interface HolderFilter {
  readonly role?: string | undefined;
  readonly subject?: string | undefined;
  readonly tenant?: string | null | undefined;
}

/** Where the role book is true. Throws `Outage`. */
export interface RoleBookSource {
  /** The book that counts; version 0 where no role was ever defined. */
  current(): Promise<PublishedRoles>;
}

/**
 * What the admin API asks of roles. Each change, the book that follows from it and the entry that announces it are one transaction:
 * `conflict` where any role changed since the catalogue was read. Throws `Outage`.
 */
export interface RoleRegistry extends RoleBookSource {
  find(id: string): Promise<Role | null>;
  /** Up to `limit` roles, the oldest first, behind `after`. */
  list(limit: number, after: ListPosition | null): Promise<readonly Role[]>;
  catalogue(): Promise<RoleCatalogue>;
  /** Writes `after` over `before`; null for a role that was not. */
  put(before: Role | null, after: Role, book: NextBook, entries: readonly FeedEntry[]): Promise<"changed" | "conflict">;
  /** `in_use`: somebody has it, or another role inherits from it. */
  delete(role: Role, book: NextBook, entries: readonly FeedEntry[]): Promise<"deleted" | "conflict" | "in_use">;
  /** Up to `limit` of those who hold a role at `nowMs`, in the order of subject, role and tenant, behind `after`. */
  holders(limit: number, after: RoleHolder | null, filter: HolderFilter, nowMs: number): Promise<readonly RoleHolder[]>;
}
