import { err, ok, type Result } from "../kernel/result.ts";
import type { ContractFields } from "../openapi/contract.ts";
import { type FieldRights, NO_RIGHTS } from "../policy/field_grants.ts";
import { NO_PERMISSIONS } from "../policy/permission.ts";
import type { CredentialEntry, ProvenPrincipal } from "./credential_entry.ts";
import type { Call, RightsGate, RightsRoute } from "./gate.ts";
import { rolesOnCall } from "./permit.ts";
import type { Refusal } from "./refusal.ts";

/**
 * What decides on the fields of a call that was let in. Asks for the book of roles where permissions decide: without it nothing is told of
 * who may see or write what, and the call is refused before its origin hears of it. Throws `Outage`.
 */
export async function fieldRights(
  { namesPermissions }: ContractFields,
  route: RightsRoute,
  credential: CredentialEntry | null,
  call: Call,
  gate: RightsGate,
): Promise<Result<FieldRights, Refusal>> {
  if (credential === null) return ok(NO_RIGHTS);
  const { principal } = credential;
  const roles = rolesOnCall(route, principal, call);
  if (!namesPermissions) return ok(rightsOf(principal, roles, NO_PERMISSIONS));
  const book = await gate.roles.at(call.nowMs, call.defer, route.toleratedStalenessMs);
  if (book === null) return err({ kind: "unavailable", reason: "role_book_unavailable" });
  return ok(rightsOf(principal, roles, book.permissionsOf(roles)));
}

function rightsOf(
  { scopes }: ProvenPrincipal,
  roles: readonly string[],
  permissions: ReadonlySet<string>,
): FieldRights {
  return { ...NO_RIGHTS, scopes, roles, permissions };
}
