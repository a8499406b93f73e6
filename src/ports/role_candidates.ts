import type { SubjectKind } from "./issuer_reader.ts";

/** Who has roles, for searches: each of them is decided on. Throws `Outage`. */
export interface RoleCandidates {
  /**
   * Up to `limit` ids of `kind` behind `after`, sorted: whoever has a role that gives `permission`, by itself or by one that it inherits, in
   * any tenant; whoever has any role where `permission` is null. What has ended does not count.
   */
  holders(
    kind: SubjectKind,
    permission: string | null,
    after: string | null,
    limit: number,
  ): Promise<readonly string[]>;
}
