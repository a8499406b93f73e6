import type { HeldAttributes } from "../protocol/attribute_values.ts";
import type { TenantRoles } from "../protocol/holdings.ts";
import type { ProvenPrincipal } from "./credential_entry.ts";

/** What a principal has beside its names. */
type Described = Pick<ProvenPrincipal, "tenantRoles" | "attributes">;

const NOTHING: Described = {};

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
