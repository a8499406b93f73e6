import type { Attributes, SubjectFacts } from "./decision_facts.ts";
import { NO_PERMISSIONS } from "./permission.ts";
import type { Principal } from "./principal.ts";
import type { RoleBook } from "./role_book.ts";
import { rolesIn } from "./subject_roles.ts";

const NO_ATTRIBUTES: Attributes = Object.freeze({});

/**
 * `principal` as decisions are made about it, on a call for `tenant` (null for none): with the roles that count there and what they may do. Without a book,
 * which is what whoever needs no permissions has, nobody has any.
 */
export function subjectFacts(
  principal: Exclude<Principal, { kind: "anonymous" }>,
  book: RoleBook | null,
  tenant: string | null,
): SubjectFacts {
  const roles = rolesIn(principal, tenant);
  return {
    kind: principal.kind,
    id: principal.id,
    issuer: principal.kind === "api_key" ? null : principal.issuer,
    clientId: principal.kind === "user" ? principal.clientId : principal.kind === "client" ? principal.id : null,
    scopes: principal.scopes,
    roles,
    permissions: book === null ? NO_PERMISSIONS : book.permissionsOf(roles),
    tenant,
    attributes: principal.attributes ?? NO_ATTRIBUTES,
  };
}
