import type { AttributeType } from "../policy/attribute_type.ts";

/**
 * What rules may name: the attributes that a configuration declares, by type. Rules are conditions in CEL (the Common Expression
 * Language). This room owns what they mean here and what they may cost, and refuses whatever it cannot bound or tell the type of; it
 * never decides, nor fetches anything.
 */
export interface RuleSchema {
  /** Attributes of principals. */
  readonly principal: AttributeTypes;
  /** Types of resources, by name. */
  readonly resources: ReadonlyMap<string, AttributeTypes>;
  /** The relations that objects of `type` have; none for a type that has none. */
  readonly declaredRelations: (type: string) => ReadonlySet<string>;
  /** The permissions that there are; null where that is not known. */
  readonly permissions: ReadonlySet<string> | null;
  /** The issuer whose subjects go by their id alone. */
  readonly ownIssuer: string;
}

export type AttributeTypes = Readonly<Record<string, AttributeType>>;

/** What principals have whatever is declared, by type: no attribute is called so. */
export const PRINCIPAL_FIELDS = {
  id: "string",
  kind: "string",
  issuer: "string",
  clientId: "string",
  scopes: "list<string>",
  roles: "list<string>",
  tenant: "string",
} as const;

/** The same for resources. */
export const RESOURCE_FIELDS = { id: "string", type: "string" } as const;

/** Why no attribute of `fields` can be called `name`; null where one can. */
export function attributeNameFault(name: string, fields: Readonly<Record<string, string>>): string | null {
  if (!/^[a-z][A-Za-z0-9_]{0,62}$/.test(name))
    return "is no name of an attribute: letters, digits and _, a small letter first";
  if (RESERVED.has(name) || name in {}) return "is a word of the language";
  return Object.hasOwn(fields, name) ? "is there whatever is declared" : null;
}

/** Words of CEL. */
const RESERVED: ReadonlySet<string> = new Set(
  "as break const continue else false for function if import in let loop package namespace null return true var void while prototype".split(
    " ",
  ),
);
