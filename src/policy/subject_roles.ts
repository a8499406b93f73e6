import type { Principal } from "./principal.ts";

type Holder = Pick<Exclude<Principal, { kind: "anonymous" }>, "roles" | "tenantRoles">;

/** The roles that count on a call for `tenant`: those that count everywhere, and those of that tenant. Another tenant's never do. */
export function rolesIn({ roles, tenantRoles }: Holder, tenant: string | null): readonly string[] {
  const more = tenant === null ? undefined : tenantRoles?.get(tenant);
  return more === undefined ? roles : [...new Set([...roles, ...more])];
}
