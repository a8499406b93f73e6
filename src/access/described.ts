import { heldBytes } from "../kernel/held_bytes.ts";
import type { HeldAttributes } from "../protocol/attribute_values.ts";
import type { TenantRoles } from "../protocol/holdings.ts";
import type { ProvenPrincipal } from "./credential_entry.ts";

/** What a principal has beside its names. */
type Described = Pick<ProvenPrincipal, "tenantRoles" | "attributes">;

const NOTHING: Described = {};
/** What a map, an object or a member of one takes beside its names. */
const MEMBER_BYTES = 128;

/** The members of a principal that most have none of: absent where there is nothing to say. */
export function describedBy(carried: {
  readonly tenantRoles?: TenantRoles | undefined;
  readonly attributes?: HeldAttributes | undefined;
}): Described {
  const { tenantRoles, attributes } = carried;
  const hasTenants = tenantRoles !== undefined && tenantRoles.size > 0;
  const hasAttributes = attributes !== undefined && Object.keys(attributes).length > 0;
  if (!hasTenants && !hasAttributes) return NOTHING;
  return { ...(hasTenants && { tenantRoles }), ...(hasAttributes && { attributes }) };
}

/** What that takes in a cache, in bytes. */
export function describedBytes({ tenantRoles, attributes }: Described): number {
  let bytes = 0;
  for (const [tenant, roles] of tenantRoles ?? []) bytes += MEMBER_BYTES + heldBytes([tenant, ...roles]);
  if (attributes === undefined) return bytes;
  for (const [name, value] of Object.entries(attributes)) {
    bytes += MEMBER_BYTES + 2 * (name.length + JSON.stringify(value).length);
  }
  return bytes;
}
