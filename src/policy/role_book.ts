import { Lru } from "../kernel/lru.ts";
import { PermissionSet, wildcardOf } from "./permission.ts";
import type { ClosedRole } from "./role_graph.ts";

/** Lists of roles that callers come with are few; what they come to is kept for so many. */
const MEMO = { maxEntries: 1_000, maxBytes: 1024 * 1024 };
const SET_BYTES = 256;
const NAME_BYTES = 96;

/**
 * What roles may do, as one version of the catalogue says: immutable, and asked from memory. A role that it does not know
 * may do nothing.
 */
export class RoleBook {
  /** Grows with each change of any role; 0 where none was ever defined. */
  readonly version: number;
  readonly #roles: ReadonlyMap<string, ClosedRole>;
  readonly #sets = new Lru<ReadonlySet<string>>(MEMO);

  constructor(version: number, roles: readonly ClosedRole[]) {
    this.version = version;
    this.#roles = new Map(roles.map((role) => [role.id, role]));
  }

  /** What somebody with `roles` may do. The same set for the same list, as long as it is remembered. */
  permissionsOf(roles: readonly string[]): ReadonlySet<string> {
    // No role has a line break in its name, here or at another issuer.
    const name = roles.join("\n");
    const held = this.#sets.get(name);
    if (held !== undefined) return held;
    const made = new PermissionSet();
    for (const role of roles) for (const { permissions } of this.#withIncluded(role)) addAll(made, permissions);
    this.#sets.set(name, made, SET_BYTES + 2 * name.length + NAME_BYTES * made.size);
    return made;
  }

  /** Which of `roles` gives `permission`, and which role that includes has it; null where none does. For whoever explains. */
  giverOf(permission: string, roles: readonly string[]): { readonly role: string; readonly through: string } | null {
    const all = wildcardOf(permission);
    for (const role of roles) {
      const giver = this.#withIncluded(role).find(
        ({ permissions }) => permissions.includes(permission) || permissions.includes(all),
      );
      if (giver !== undefined) return { role, through: giver.id };
    }
    return null;
  }

  #withIncluded(role: string): readonly ClosedRole[] {
    const own = this.#roles.get(role);
    if (own === undefined) return [];
    return [own, ...own.includes.flatMap((id) => this.#roles.get(id) ?? [])];
  }
}

function addAll(set: Set<string>, names: readonly string[]): void {
  for (const name of names) set.add(name);
}
