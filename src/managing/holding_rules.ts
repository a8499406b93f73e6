import { type DeclaredAttributes, type HeldAttributes, isOfType } from "../protocol/attribute_values.ts";
import { type Carried, carriedClaims, type Holdings, type RoleAssignment } from "../protocol/holdings.ts";
import type { FieldFault } from "./management.ts";
import type { Patch } from "./patch.ts";

/** As many roles with a tenant or an end as one subject may have. */
export const MOST_ASSIGNMENTS = 50;
/** What of them a token carries, as JSON: a header has to have room for it. */
const MOST_TENANT_BYTES = 2_048;
const MOST_ATTRIBUTE_BYTES = 1_024;

/** What of `given` was not declared so; nothing where nothing is given. */
export function attributeFaults(
  given: HeldAttributes | undefined,
  declared: DeclaredAttributes,
): readonly FieldFault[] {
  if (given === undefined) return [];
  const faults = Object.entries(given).flatMap(([name, value]) => {
    const field = `attributes.${name}`;
    const type = Object.hasOwn(declared, name) ? declared[name] : undefined;
    if (type === undefined) return [{ field, reason: "is not declared in `policy.principal`" }];
    return isOfType(value, type) ? [] : [{ field, reason: `must be of type ${type}, and of a moderate size` }];
  });
  const isTooMuch = JSON.stringify(given).length > MOST_ATTRIBUTE_BYTES;
  return isTooMuch
    ? [...faults, { field: "attributes", reason: `must be at most ${MOST_ATTRIBUTE_BYTES} characters of JSON` }]
    : faults;
}

/** `held` with `given` in the place of what says the same role for the same tenant. What has ended by `nowMs` is dropped on the way. */
export function withAssignment(
  held: Holdings,
  { role, tenant, untilMs }: RoleAssignment,
  nowMs: number,
): Pick<Holdings, "roles" | "assignments"> {
  const others = live(held, nowMs).filter((one) => !isOf(one, role, tenant));
  const isForGood = tenant === null && untilMs === null;
  const rest = tenant === null ? held.roles.filter((name) => name !== role) : held.roles;
  if (!isForGood) return { roles: rest, assignments: [...others, { role, tenant, untilMs }] };
  return { roles: held.roles.includes(role) ? held.roles : [...held.roles, role], assignments: others };
}

/** `held` without `role` in `tenant`, null being everywhere; null where there is no such assignment. */
export function withoutAssignment(
  held: Holdings,
  role: string,
  tenant: string | null,
  nowMs: number,
): Pick<Holdings, "roles" | "assignments"> | null {
  const roles = tenant === null ? held.roles.filter((name) => name !== role) : held.roles;
  const isThere = roles.length < held.roles.length || held.assignments.some((one) => isOf(one, role, tenant));
  if (!isThere) return null;
  return { roles, assignments: live(held, nowMs).filter((one) => !isOf(one, role, tenant)) };
}

/** The same after the whole list of roles that count everywhere and for good was replaced: one of them has no end any more. */
function withRoles({ assignments }: Holdings, roles: readonly string[]): Pick<Holdings, "roles" | "assignments"> {
  const isCovered = ({ role, tenant }: RoleAssignment) => tenant === null && roles.includes(role);
  return {
    roles,
    assignments: assignments.some(isCovered) ? assignments.filter((one) => !isCovered(one)) : assignments,
  };
}

/** The holdings after `patch`: a list of roles alone leaves assignments as they are, but for those that it makes needless. */
export function patchHoldings(
  before: Holdings,
  { roles, assignments, attributes = before.attributes }: Patch<Holdings>,
): Holdings {
  if (assignments !== undefined) return { roles: roles ?? before.roles, assignments, attributes };
  const kept = roles === undefined ? before : withRoles(before, roles);
  return { roles: kept.roles, assignments: kept.assignments, attributes };
}

/** Why `after` is more than a credential can carry: it is said here, and nothing is left out of a token in silence. */
export function assignmentFaults({ assignments }: Pick<Holdings, "assignments">): readonly FieldFault[] {
  if (assignments.length > MOST_ASSIGNMENTS) {
    return [{ field: "subject", reason: `has ${MOST_ASSIGNMENTS} roles with a tenant or an end already` }];
  }
  const tenantRoles = Map.groupBy(
    assignments.filter(({ tenant }) => tenant !== null),
    ({ tenant }) => tenant ?? "",
  );
  const names = new Map([...tenantRoles].map(([tenant, ones]) => [tenant, ones.map(({ role }) => role)] as const));
  const claims: Pick<Carried, "tenantRoles"> = { tenantRoles: names };
  return JSON.stringify(carriedClaims(claims)).length > MOST_TENANT_BYTES
    ? [{ field: "subject", reason: "has more roles in tenants than a token has room for" }]
    : [];
}

function live({ assignments }: Holdings, nowMs: number): readonly RoleAssignment[] {
  return assignments.filter(({ untilMs }) => untilMs === null || untilMs > nowMs);
}

function isOf(one: RoleAssignment, role: string, tenant: string | null): boolean {
  return one.role === role && one.tenant === tenant;
}
