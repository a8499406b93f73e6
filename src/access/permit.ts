import type { RoleBook } from "../policy/role_book.ts";
import { rolesIn } from "../policy/subject_roles.ts";
import { tenantOf } from "../policy/tenant.ts";
import type { ProvenPrincipal } from "./credential_entry.ts";
import type { Call, RightsGate, RightsRoute } from "./gate.ts";
import type { Refusal } from "./refusal.ts";

/** The roles of `principal` that count on `call`. */
export function rolesOnCall({ tenant }: RightsRoute, principal: ProvenPrincipal, call: Call): readonly string[] {
  return tenant === null ? principal.roles : rolesIn(principal, tenantOf(tenant, call.segments));
}

/**
 * Why somebody with `roles` lacks what the route demands, or null: at once where the book of roles is in memory. To be asked behind the look at the
 * edge feed that authentication is. Without a book nobody has a permission, and nobody is told that one is missing.
 */
export function permit(
  demanded: readonly string[],
  roles: readonly string[],
  { toleratedStalenessMs }: RightsRoute,
  { nowMs, defer }: Call,
  { roles: books }: RightsGate,
): Refusal | null | Promise<Refusal | null> {
  const book = books.at(nowMs, defer, toleratedStalenessMs);
  return book instanceof Promise ? book.then((late) => judge(demanded, roles, late)) : judge(demanded, roles, book);
}

function judge(demanded: readonly string[], roles: readonly string[], book: RoleBook | null): Refusal | null {
  if (book === null) return { kind: "unavailable", reason: "role_book_unavailable" };
  const held = book.permissionsOf(roles);
  const missing = demanded.filter((permission) => !held.has(permission));
  return missing.length === 0 ? null : { kind: "permission_missing", reason: "permission_missing", missing };
}
