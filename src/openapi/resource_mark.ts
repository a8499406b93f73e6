import { type ExactJson, isExactObject } from "../kernel/exact_json.ts";
import { parseJsonPointer } from "../kernel/json_pointer.ts";
import { isJsonObject } from "../kernel/strict_json.ts";
import type { ResourceRef } from "../policy/decision_facts.ts";
import { everyInPlace, partsOf, type ResourceMark, reachableFrom, type SchemaNode } from "./schema_node.ts";
import type { SchemaTerms } from "./schema_terms.ts";

/** Says of an object which resource it is, and of an operation which one it is about. */
export const RESOURCE = "x-sallyport-resource";

/** Which resource an operation is about: its type, and the parameter of the path that is its id. */
export interface OperationResource {
  readonly type: string;
  readonly parameter: string;
}

/** Reads `{ "type": "document", "id": "/id" }` of a schema; null where there is none, or a fault. */
export function readMark(terms: SchemaTerms): ResourceMark | null {
  if (!terms.has(RESOURCE)) return null;
  const written = terms.schema[RESOURCE];
  const id = isJsonObject(written) && typeof written.id === "string" ? parseJsonPointer(written.id) : null;
  if (isJsonObject(written) && typeof written.type === "string" && id !== null) return { type: written.type, id };
  terms.fault(RESOURCE, 'must be like `{ "type": "document", "id": "/id" }`');
  return null;
}

/** Reads `{ "type": "document", "path": "id" }` of an operation; null where there is none, or a fault. */
export function readOperationResource(terms: SchemaTerms, template: string): OperationResource | null {
  if (!terms.has(RESOURCE)) return null;
  const written = terms.schema[RESOURCE];
  if (isJsonObject(written) && typeof written.type === "string" && typeof written.path === "string") {
    if (template.includes(`{${written.path}}`)) return { type: written.type, parameter: written.path };
    terms.fault(RESOURCE, `names \`${written.path}\`, which the path does not have`);
    return null;
  }
  terms.fault(RESOURCE, 'must be like `{ "type": "document", "path": "id" }`');
  return null;
}

const NONE: readonly ResourceRef[] = [];

/**
 * The resource that `value` is, by the schemas that hold for it; `outer` where they say nothing. None where that is not certain: schemas that
 * disagree, a mark that holds for another kind of value, an id that is no text.
 */
export function resourcesOf(
  value: ExactJson,
  holding: Iterable<SchemaNode>,
  tried: Iterable<SchemaNode>,
  outer: readonly ResourceRef[],
): readonly ResourceRef[] {
  const marks = [...holding].flatMap(({ resource }) => resource ?? []);
  const [first] = marks;
  if (first === undefined) return [...tried].some(({ resource }) => resource !== null) ? NONE : outer;
  const id = idIn(value, first.id);
  const agree = marks.every((mark) => mark.type === first.type && idIn(value, mark.id) === id);
  return id !== null && agree ? [{ type: first.type, id }] : NONE;
}

function idIn(value: ExactJson, steps: readonly string[]): string | null {
  let at: ExactJson = value;
  for (const step of steps) {
    if (!isExactObject(at) || !Object.hasOwn(at, step)) return null;
    at = at[step] ?? null;
  }
  if (typeof at === "bigint" || (typeof at === "number" && Number.isSafeInteger(at))) return String(at);
  return typeof at === "string" && at !== "" ? at : null;
}

/** Whether something in a value with the schema `root` may be a resource of its own. */
export function hasResourcesWithin(root: SchemaNode): boolean {
  const parts = [...reachableFrom([root])].flatMap(partsOf);
  return parts.some((part) => [...everyInPlace(part)].some(({ resource }) => resource !== null));
}

/** A relation that decides on a field, and the type of the resource that it is to; null where nothing says which. */
export interface RelationAt {
  readonly at: string;
  readonly relation: string;
  readonly type: string | null;
}

/** The relations that `keyword` names in values with the schema `root`, which are of `outer` where nothing else is said. */
export function relationsIn(
  root: SchemaNode,
  keyword: "visibleTo" | "writableBy",
  outer: string | null,
): readonly RelationAt[] {
  const found: RelationAt[] = [];
  const seen = new Map<SchemaNode, Set<string | null>>();
  const visit = (node: SchemaNode, around: string | null) => {
    const types = seen.get(node) ?? new Set();
    if (types.has(around)) return;
    seen.set(node, types.add(around));
    const all = [...everyInPlace(node)];
    const marked = new Set(all.flatMap(({ resource }) => resource?.type ?? []));
    for (const type of marked.size === 0 ? [around] : marked) {
      for (const one of all) {
        for (const relation of one[keyword]?.relations ?? []) found.push({ at: one.at, relation, type });
        for (const part of partsOf(one)) visit(part, type);
      }
    }
  };
  visit(root, outer);
  return found;
}
