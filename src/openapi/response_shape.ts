import { isJsonObject } from "../kernel/strict_json.ts";
import { isForNobody } from "../policy/field_grants.ts";
import { type BodyShape, readContent } from "./body_shape.ts";
import { SchemaCompiler, VISIBLE_TO } from "./compile_schema.ts";
import { hidesAnything } from "./hide.ts";
import type { LocalDocument } from "./local_document.ts";
import { everyInPlace, partsOf, reachableFrom, type SchemaNode } from "./schema_node.ts";
import { below, type DocumentFault, type GrantsAt, SchemaTerms } from "./schema_terms.ts";

/** What responses of some statuses hold. */
export interface ResponseShape {
  /** A status, `2XX` or `default`. */
  readonly status: string;
  readonly byType: ReadonlyMap<string, BodyShape>;
  /** Whether anything in it is not for all callers to see. */
  readonly hides: boolean;
  /** Whether something in it is for nobody to see. */
  readonly hidesFromAll: boolean;
}

/** Reads the Responses Object of an operation (OpenAPI 3.1, 4.8.16). */
export function readResponses(
  terms: SchemaTerms,
  document: LocalDocument,
  faults: DocumentFault[],
): readonly ResponseShape[] {
  const schemas = new SchemaCompiler(document, "response", faults);
  const shapes: ResponseShape[] = [];
  for (const [status, response] of terms.members("responses")) {
    if (status.startsWith("x-")) continue;
    const at = below(terms.at, "responses", status);
    const found = document.resolve({ value: response, at });
    if (!found.ok || !isJsonObject(found.value.value) || !/^(?:[1-5](?:\d\d|XX)|default)$/.test(status)) {
      faults.push({ at, reason: found.ok ? "is no status with a response" : found.error });
      continue;
    }
    const content = new SchemaTerms(found.value.value, found.value.at, faults);
    const byType = readContent(content, { document, faults, schemas });
    const roots = [...byType.values()].flatMap(({ node }) => node ?? []);
    const hidesFromAll = [...reachableFrom(roots)].some(({ writeOnly }) => writeOnly);
    shapes.push({ status, byType, hides: roots.some((root) => hidesAnything(root)), hidesFromAll });
    for (const root of roots) faults.push(...rootFaults(root));
  }
  if (shapes.length === 0) terms.fault("responses", "are missing");
  schemas.tellOfCircles();
  faults.push(...hidingFaults(shapes, schemas));
  return shapes;
}

/** The shape of a response with `status`: exact, by its hundred, or the default one. */
export function responseShape(responses: readonly ResponseShape[], status: number): ResponseShape | null {
  const by = (name: string) => responses.find((shape) => shape.status === name);
  return by(String(status)) ?? by(`${Math.floor(status / 100)}XX`) ?? by("default") ?? null;
}

/** Who sees what not everybody sees in `responses`, with the place of each saying. */
export function visibleGrants(responses: readonly ResponseShape[]): GrantsAt[] {
  return [...reachable(responses)].flatMap(({ at, visibleTo }) =>
    visibleTo === null ? [] : [{ at: below(at, VISIBLE_TO), grants: visibleTo }],
  );
}

function rootFaults(root: SchemaNode): DocumentFault[] {
  const hidden = [root, ...root.always].find((node) => node.visibleTo !== null);
  if (hidden === undefined) return [];
  return [{ at: below(hidden.at, VISIBLE_TO), reason: "hides the whole response: say on the route who may call it" }];
}

/** What could never hide anything, and what would always be hidden. */
function hidingFaults(shapes: readonly ResponseShape[], schemas: SchemaCompiler): DocumentFault[] {
  const reached = reachable(shapes);
  const faults: DocumentFault[] = [];
  for (const node of schemas.nodes()) {
    const at = below(node.at, VISIBLE_TO);
    if (node.visibleTo !== null && isForNobody(node.visibleTo)) {
      faults.push({ at, reason: "names nobody: `writeOnly` hides from everybody" });
    }
    if (node.visibleTo !== null && !reached.has(node)) {
      faults.push({ at, reason: "hides nothing here: what this schema is tried on is not what is sent" });
    }
    for (const item of node.prefixItems.filter((one) => one.visibleTo !== null)) {
      faults.push({
        at: below(item.at, VISIBLE_TO),
        reason: "would move the items after it: hide the list, or its items",
      });
    }
  }
  for (const node of places(shapes)) faults.push(...emptyFaults(node));
  return faults;
}

/** A schema for objects or lists that says nothing of what is in them: all of that would be removed. */
function emptyFaults(node: SchemaNode): DocumentFault[] {
  const all = [...everyInPlace(node)];
  const names = (type: string) => all.some(({ types }) => types?.has(type));
  const declares = (part: (one: SchemaNode) => boolean) => all.some((one) => one.isOpen || part(one));
  const { at } = node;
  if (names("object") && !declares(hasMembers)) {
    return [{ at, reason: "names no properties, so all would be removed: `additionalProperties: true` passes them" }];
  }
  if (names("array") && !declares((one) => one.prefixItems.length > 0 || one.items !== null)) {
    return [{ at, reason: "names no items, so all would be removed: `items: true` passes them" }];
  }
  return [];
}

function hasMembers({ properties, patternProperties, additionalProperties }: SchemaNode): boolean {
  return properties.size > 0 || patternProperties.length > 0 || additionalProperties !== null;
}

/** The schemas that stand for a value or a part of it, without those that only hold beside them. */
function places(shapes: readonly ResponseShape[]): ReadonlySet<SchemaNode> {
  const found = new Set(shapes.flatMap(({ byType }) => [...byType.values()].flatMap(({ node }) => node ?? [])));
  for (const node of reachable(shapes)) for (const part of partsOf(node)) found.add(part);
  return found;
}

function reachable(shapes: readonly ResponseShape[]): ReadonlySet<SchemaNode> {
  return reachableFrom(shapes.flatMap(({ byType }) => [...byType.values()].flatMap(({ node }) => node ?? [])));
}
