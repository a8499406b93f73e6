import type { RoutePattern } from "../policy/route_pattern.ts";
import type { Contract, ContractFields, ContractResource } from "./contract.ts";
import { LocalDocument } from "./local_document.ts";
import { type Operation, readOperation } from "./operation.ts";
import { hasResourcesWithin, relationsIn } from "./resource_mark.ts";
import type { SchemaNode } from "./schema_node.ts";
import type { DocumentFault } from "./schema_terms.ts";

/** What a route says of its document, beside the document itself. */
export interface ContractTerms
  extends Omit<Contract, "operation" | "hidesWhenRead" | "fields" | "pathIndexes" | "replacing" | "resourceDepth"> {
  readonly pattern: RoutePattern;
  readonly methods: readonly string[];
  /** What the route says that its calls are about; null where it says nothing. */
  readonly resource: ContractResource | null;
  /** The path in the document; null for the route's own. */
  readonly template: string | null;
}

/** Contracts by method, and whatever is wrong with them. */
export interface RouteContracts {
  readonly byMethod: ReadonlyMap<string, Contract>;
  readonly faults: readonly DocumentFault[];
}

/** Dialects that are JSON Schema 2020-12 with nothing that is not enforced here. */
const DIALECTS: ReadonlySet<unknown> = new Set([
  undefined,
  "https://spec.openapis.org/oas/3.1/dialect/base",
  "https://json-schema.org/draft/2020-12/schema",
]);

/**
 * Makes ready what `document` (OpenAPI 3.1) says of a route: one contract for each of its methods. Contracts with faults must
 * not be used.
 */
export function routeContracts(document: Readonly<Record<string, unknown>>, terms: ContractTerms): RouteContracts {
  const faults: DocumentFault[] = [];
  const byMethod = new Map<string, Contract>();
  if (!DIALECTS.has(document.jsonSchemaDialect)) {
    faults.push({ at: "/jsonSchemaDialect", reason: "is a dialect of JSON Schema that is not known here" });
  }
  const template = terms.template ?? templateOf(terms.pattern);
  const pathIndexes = indexesOf(template, terms.pattern);
  if (pathIndexes === null) {
    faults.push({
      at: "",
      reason: `\`${template}\` is not how the route's path ends: segments of text and \`{name}\` must match`,
    });
    return { byMethod, faults };
  }
  const local = new LocalDocument(document);
  const operations = terms.methods.map((method) => {
    return [method, readOperation(local, template, method.toLowerCase(), faults)] as const;
  });
  // The faults of one that this route does not have are told where a route has it.
  const read = new Map(operations).get("GET") ?? readOperation(local, template, "get", []);
  const { pattern: _, methods: __, template: ___, resource, ...bounds } = terms;
  for (const [method, operation] of operations) {
    if (operation === null) continue;
    const about = resourceOf(operation, pathIndexes, resource);
    byMethod.set(method, contractOf(method, operation, read, about, { ...bounds, pathIndexes, resourceDepth: 0 }));
  }
  return { byMethod, faults: faults.filter(isFirst) };
}

/** The contract of `method`, where `read` is what a read of the same resource answers. */
export function contractOf(
  method: string,
  operation: Operation,
  read: Operation | null,
  resource: ContractResource | null,
  bounds: Omit<Contract, "operation" | "hidesWhenRead" | "fields" | "replacing">,
): Contract {
  return {
    ...bounds,
    operation,
    hidesWhenRead: read?.responses.some(({ hidesFromAll }) => hidesFromAll) ?? false,
    fields: fieldsOf(operation, read, resource),
    replacing: replacingOf(method, bounds.leftOut),
  };
}

/**
 * What calls of `operation` are about, by the document and by the `route`: where both say so, all places have to name the same ids. The document's
 * word counts alone where the two speak of resources of several types.
 */
function resourceOf(
  { resource }: Operation,
  pathIndexes: ReadonlyMap<string, number>,
  route: ContractResource | null,
): ContractResource | null {
  if (resource === null) return route;
  const place = { from: "path", segment: pathIndexes.get(resource.parameter) ?? -1 } as const;
  const reading = { idType: "string", ids: [place], attributes: [], most: 1, readsBody: false } as const;
  if (route === null || route.type !== resource.type) return { type: resource.type, reading };
  const others = route.reading.ids.filter((one) => one.from !== "path" || one.segment !== place.segment);
  return { ...route, reading: { ...route.reading, ids: [place, ...others] } };
}

/** What decides on the fields of `operation` and of the `read` of the same path; null where all of them are for everybody. */
function fieldsOf(
  operation: Operation,
  read: Operation | null,
  resource: ContractResource | null,
): ContractFields | null {
  const { visible: own, writable } = operation;
  const visible = [...own, ...(read?.visible ?? [])];
  const grants = [...visible, ...writable].map((one) => one.grants);
  if (grants.length === 0) return null;
  return {
    namesPermissions: grants.some(({ permissions }) => permissions.length > 0),
    grants,
    resource,
    conceals: visible.map(({ grants: one }) =>
      isOfOneResource(operation, read, resource) ? one : { ...one, relations: [] },
    ),
  };
}

/** Whether all relations that decide on fields are to the resource that the operation is about: those to others say nothing of the whole. */
function isOfOneResource({ responses }: Operation, read: Operation | null, resource: ContractResource | null): boolean {
  const shapes = [...responses, ...(read?.responses ?? [])];
  const roots = shapes.flatMap(({ byType }) => [...byType.values()].flatMap(({ node }) => node ?? []));
  const type = resource?.type ?? null;
  const isOf = (root: SchemaNode) => relationsIn(root, "visibleTo", type).every((one) => one.type === type);
  return roots.every((root) => isOf(root) && !hasResourcesWithin(root));
}

/** What a body does to what is not in it (RFC 9110 §9.3.4, RFC 7396). */
function replacingOf(method: string, leftOut: Contract["leftOut"]): Contract["replacing"] {
  if (method === "PUT") return leftOut === "kept" ? "merged" : "all";
  return method === "PATCH" ? "merged" : "nothing";
}

/** A component that several operations use tells its faults once. */
function isFirst({ at, reason }: DocumentFault, index: number, faults: readonly DocumentFault[]): boolean {
  return faults.findIndex((other) => other.at === at && other.reason === reason) === index;
}

/** How a document spells the path of a route: `/orders/:id` is `/orders/{id}`. */
function templateOf(pattern: RoutePattern): string {
  const segments = pattern.map((segment) => {
    if (segment.kind === "literal") return segment.text;
    return segment.kind === "parameter" ? `{${segment.name}}` : "*";
  });
  return `/${segments.join("/")}`;
}

/**
 * Where the parameters of `template` stand in paths of `pattern`, which may begin with more, as a server's base path is not
 * in its document; null where the two do not match.
 */
function indexesOf(template: string, pattern: RoutePattern): ReadonlyMap<string, number> | null {
  const parts = template === "/" ? [] : template.slice(1).split("/");
  const offset = pattern.length - parts.length;
  if (!template.startsWith("/") || offset < 0) return null;
  if (pattern.slice(0, offset).some(({ kind }) => kind !== "literal")) return null;
  const indexes = new Map<string, number>();
  for (const [at, part] of parts.entries()) {
    const segment = pattern[offset + at];
    const name = /^\{([^{}]+)\}$/.exec(part)?.[1];
    if (segment?.kind === "parameter" && name !== undefined && !indexes.has(name)) indexes.set(name, offset + at);
    else if (segment?.kind !== "literal" || segment.text !== part) return null;
  }
  return indexes;
}
