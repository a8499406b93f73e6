import type { Principal } from "./principal.ts";

type Proven = Exclude<Principal, { kind: "anonymous" }>;

/** The roles that count on a call for `tenant`: those that count everywhere, and those of that tenant. Another tenant's never do. */
export function rolesIn({ roles, tenantRoles }: Proven, tenant: string | null): readonly string[] {
  const more = tenant === null ? undefined : tenantRoles?.get(tenant);
  return more === undefined ? roles : [...new Set([...roles, ...more])];
}
