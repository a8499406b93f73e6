import { VISIBLE_TO, WRITABLE_BY } from "./compile_schema.ts";
import { type FieldPart, type FieldUse, partsOf } from "./field_tree.ts";
import { RESOURCE } from "./resource_mark.ts";

type Schema = boolean | Readonly<Record<string, unknown>>;

/** What is to be written of a body or a response. */
export interface FieldSchemaTerms {
  readonly use: FieldUse;
  /** What holds for the properties of a resource that nothing is said of. */
  readonly unlisted: "anyone" | "nobody";
  /** Where a resource says which one it is; null where the call says so. */
  readonly mark: { readonly type: string; readonly id: string } | null;
}

/** Whatever is there may be shown, and sent. */
const OPEN = { additionalProperties: true, items: true } as const;

/**
 * The schema of a value whose parts are for whom `part` says: so that one filter serves what is written in documents and what is written in policies.
 * Where parts of a value have rules, it has to be of the kind that has such parts: rules for the members of an object say nothing of a list.
 */
export function fieldSchema(part: FieldPart, terms: FieldSchemaTerms): Schema {
  return schemaOf(part, false, terms);
}

/** `isCovered`: whether a rule of what the part is in holds for it. */
function schemaOf(part: FieldPart, isCovered: boolean, terms: FieldSchemaTerms): Schema {
  const { use, unlisted, mark } = terms;
  const said = part.said[use];
  const isOpen = part.isResource ? unlisted === "anyone" : isCovered || said !== undefined;
  if (said === "nobody" || (!isOpen && !leadsToOpen(part, use))) return CLOSED[use];
  const audience = said === undefined || said === "anyone" ? {} : { [KEYWORDS[use]]: said };
  const { members, items } = part;
  if (items === null && members.size === 0 && !part.isResource) return { ...audience, ...OPEN };
  const marked = part.isResource && mark !== null ? { [RESOURCE]: mark } : {};
  const kind = items === null ? "object" : "array";
  // A `null` in the place of what has closed parts would write them all; to be read it tells nothing.
  const type = use === "read" || (isOpen && !part.isResource) ? [kind, "null"] : kind;
  if (items !== null) return { type, ...audience, ...marked, items: schemaOf(items, isOpen, terms) };
  const properties = Object.fromEntries([...members].map(([name, one]) => [name, schemaOf(one, isOpen, terms)]));
  // Without its resources a body that is sent for the whole would leave them all out.
  const required = use === "write" ? [...members].flatMap(([name, one]) => (hasResource(one) ? [name] : [])) : [];
  return { type, ...audience, ...marked, properties, required, additionalProperties: isOpen ? true : CLOSED[use] };
}

const KEYWORDS = { read: VISIBLE_TO, write: WRITABLE_BY } as const;
/** For nobody. */
const CLOSED = { read: { writeOnly: true }, write: { readOnly: true } } as const;

function hasResource(part: FieldPart): boolean {
  return part.isResource || partsOf(part).some(hasResource);
}

/** Whether something in a part that nothing is said of is for anybody. */
function leadsToOpen(part: FieldPart, use: FieldUse): boolean {
  const said = part.said[use];
  return (
    part.isResource || (said !== undefined && said !== "nobody") || partsOf(part).some((one) => leadsToOpen(one, use))
  );
}
