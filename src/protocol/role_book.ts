/** The most bytes that the text of a role book takes. */
export const MAX_BOOK_BYTES = 256 * 1024;

/** A role book as it is written: canonical JSON under the SHA-256 of itself. `v` grows when a member changes meaning. */
export interface WrittenRoleBook {
  readonly v: 1;
  /** Each with its own permissions, and with all roles that it inherits from, near and far. */
  readonly roles: readonly {
    readonly id: string;
    readonly permissions: readonly string[];
    readonly includes: readonly string[];
  }[];
}
