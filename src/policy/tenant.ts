/** Where a call names the tenant that it is for. */
export interface TenantSource {
  /** The place of the path's segment that names it. */
  readonly segment: number;
}

/** Names of tenants: what an assignment can be limited to. */
const TENANT = /^[A-Za-z0-9][A-Za-z0-9._~-]{0,63}$/;

/** Whether `text` can name a tenant. */
export function isTenant(text: string): boolean {
  return TENANT.test(text);
}

/** The tenant that a call is for: compared as it stands, so that no two spellings are one tenant. Null where nothing there can name one. */
export function tenantOf(source: TenantSource | null, segments: readonly string[]): string | null {
  const text = source === null ? undefined : segments[source.segment];
  return text !== undefined && isTenant(text) ? text : null;
}
