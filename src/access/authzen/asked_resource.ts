import type { AttributeValue, ResourceFacts } from "../../policy/decision_facts.ts";
import { resourceId } from "../../policy/resource_id.ts";
import { isTenant } from "../../policy/tenant.ts";
import type { Entity, JsonObject } from "../../protocol/authzen/question.ts";
import type { CallerTerms, ResourceType } from "./decision_point.ts";

/**
 * `resource` as decisions are made about it: its properties as far as a caller may say them, the rest is passed over. Null where one of them is
 * of another type, or its id is none that the gate would decide on.
 */
export function askedResource({ type, id, properties }: Entity, declared: ResourceType): ResourceFacts | null {
  if (resourceId(id, "string", "json") === null) return null;
  const attributes = readAttributes(properties, declared.attributes);
  return attributes === null ? null : { type, id, attributes };
}

/** The tenant that `resource` is of, by the attribute that its type names; null for none. */
export function tenantOfResource({ attributes }: ResourceFacts, { tenant }: ResourceType): string | null {
  const named = tenant === null || !Object.hasOwn(attributes, tenant) ? null : attributes[tenant];
  return typeof named === "string" && isTenant(named) ? named : null;
}

/** Whether a caller may ask about resources of `type`, of `tenant`. */
export function isInReach(terms: CallerTerms | null, type: string, tenant: string | null): boolean {
  if (terms === null) return true;
  const { resourceTypes, tenants } = terms;
  if (resourceTypes !== null && !resourceTypes.has(type)) return false;
  return tenants === null || (tenant !== null && tenants.has(tenant));
}

function readAttributes(
  properties: JsonObject,
  declared: ResourceType["attributes"],
): Readonly<Record<string, AttributeValue>> | null {
  const attributes: Record<string, AttributeValue> = {};
  for (const [name, read] of declared) {
    if (!Object.hasOwn(properties, name)) continue;
    const value = read(properties[name]);
    if (value === null) return null;
    attributes[name] = value;
  }
  return attributes;
}
