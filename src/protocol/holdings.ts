import { heldBytes } from "../kernel/held_bytes.ts";
import { isJsonObject } from "../kernel/strict_json.ts";
import { type HeldAttributes, NO_ATTRIBUTES } from "./attribute_values.ts";

/** A role that counts in one tenant alone, or until a moment, or both: one without either stands in `roles`. */
export interface RoleAssignment {
  readonly role: string;
  /** Null where it counts everywhere. */
  readonly tenant: string | null;
  /** When it ends, in Unix milliseconds; null for never. */
  readonly untilMs: number | null;
}

/** What the source of truth says of a user, a client or an API key, and credentials carry. */
export interface Holdings {
  /** Everywhere and for good. */
  readonly roles: readonly string[];
  /** One for each role and tenant. */
  readonly assignments: readonly RoleAssignment[];
  readonly attributes: HeldAttributes;
}

export const NO_HOLDINGS: Holdings = { roles: [], assignments: [], attributes: NO_ATTRIBUTES };

/** Roles by the tenant in which alone they count. */
export type TenantRoles = ReadonlyMap<string, readonly string[]>;

/** What a credential carries of holdings. */
export interface Carried {
  readonly roles: readonly string[];
  readonly tenantRoles: TenantRoles;
  readonly attributes: HeldAttributes;
  /** When the first of it ends: the credential must not outlive that. Null for never. */
  readonly endsAtMs: number | null;
}

const NO_TENANT_ROLES: TenantRoles = new Map();

/** As many tenants and roles as are read of a token: far more than are ever given. */
const MOST_TENANTS = 64;
const MOST_ROLES = 256;
const LONGEST_NAME = 256;
const NAME = /^\P{Cc}+$/u;

/** `record`'s holdings, and nothing else of it. */
export function holdingsOf({ roles, assignments, attributes }: Holdings): Holdings {
  return { roles, assignments, attributes };
}

/** What of `held` counts at `atMs`, an end at that moment being over. */
export function carriedAt({ roles, assignments, attributes }: Holdings, atMs: number): Carried {
  const live = assignments.filter(({ untilMs }) => untilMs === null || untilMs > atMs);
  if (live.length === 0) return { roles, tenantRoles: NO_TENANT_ROLES, attributes, endsAtMs: null };
  const tenantRoles = new Map<string, string[]>();
  for (const { role, tenant } of live) {
    if (tenant === null) continue;
    const held = tenantRoles.get(tenant);
    if (held === undefined) tenantRoles.set(tenant, [role]);
    else held.push(role);
  }
  const everywhere = live.filter(({ tenant }) => tenant === null).map(({ role }) => role);
  const ends = live.flatMap(({ untilMs }) => untilMs ?? []);
  return {
    roles: everywhere.length === 0 ? roles : [...new Set([...roles, ...everywhere])],
    tenantRoles,
    attributes,
    endsAtMs: ends.length === 0 ? null : Math.min(...ends),
  };
}

/** The members of a token's claim set, or of an answer about it: each only where there is something to say. */
export function carriedClaims(carried: {
  readonly tenantRoles?: TenantRoles | undefined;
  readonly attributes?: HeldAttributes | undefined;
}): Readonly<Record<string, unknown>> {
  const { tenantRoles = NO_TENANT_ROLES, attributes = NO_ATTRIBUTES } = carried;
  return {
    ...(tenantRoles.size > 0 && { tenant_roles: Object.fromEntries(tenantRoles) }),
    ...(Object.keys(attributes).length > 0 && { attributes }),
  };
}

/** What a map, an object or a member of one takes beside its names. */
const MEMBER_BYTES = 128;

/** What tenants' roles and attributes take in a cache, in bytes. */
export function carriedBytes({ tenantRoles, attributes }: Parameters<typeof carriedClaims>[0]): number {
  let bytes = 0;
  for (const [tenant, roles] of tenantRoles ?? []) bytes += MEMBER_BYTES + heldBytes([tenant, ...roles]);
  if (attributes === undefined) return bytes;
  for (const [name, value] of Object.entries(attributes)) {
    bytes += MEMBER_BYTES + 2 * (name.length + JSON.stringify(value).length);
  }
  return bytes;
}

/** The claim `tenant_roles`, or null for what is none: nothing of it is cut off or coerced. */
export function readTenantRoles(claim: unknown): TenantRoles | null {
  if (!isJsonObject(claim)) return null;
  const entries = Object.entries(claim);
  if (entries.length > MOST_TENANTS) return null;
  const read = new Map<string, readonly string[]>();
  let names = 0;
  for (const [tenant, roles] of entries) {
    if (!isName(tenant) || !Array.isArray(roles) || !roles.every(isName)) return null;
    names += roles.length;
    read.set(tenant, roles);
  }
  return names > MOST_ROLES ? null : read;
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value.length <= LONGEST_NAME && NAME.test(value);
}

/** Whether something of `before` that counts at `nowMs` is not in `after`, or is so for a shorter time: a power taken away, or a word taken back. */
export function losesHoldings(before: Holdings, after: Holdings, nowMs: number): boolean {
  const stays = powersOf(after);
  const lost = powersOf(before).some(
    (was) =>
      endOf(was) > nowMs &&
      !stays.some((is) => is.role === was.role && [null, was.tenant].includes(is.tenant) && endOf(is) >= endOf(was)),
  );
  return (
    lost ||
    Object.entries(before.attributes).some(
      ([name, value]) => JSON.stringify(after.attributes[name]) !== JSON.stringify(value),
    )
  );
}

/** Whether both say the same. */
export function sameHoldings(a: Holdings, b: Holdings): boolean {
  return canonical(a) === canonical(b);
}

function powersOf({ roles, assignments }: Holdings): readonly RoleAssignment[] {
  return [...roles.map((role) => ({ role, tenant: null, untilMs: null })), ...assignments];
}

function endOf({ untilMs }: RoleAssignment): number {
  return untilMs ?? Number.POSITIVE_INFINITY;
}

function canonical({ roles, assignments, attributes }: Holdings): string {
  const plain = assignments.map(({ role, tenant, untilMs }) => [role, tenant, untilMs]);
  return JSON.stringify([roles, plain, Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1))]);
}
