import { isJsonObject } from "../kernel/strict_json.ts";
import { reachesOrigin } from "../policy/inbound_headers.ts";
import { type RequestShape, readContent } from "./body_shape.ts";
import { SchemaCompiler } from "./compile_schema.ts";
import type { LocalDocument, Located } from "./local_document.ts";
import { type DocumentReader, type Parameter, readParameter } from "./parameter.ts";
import { bypassFaults, requestShape, restrictingFaults, writableGrants } from "./request_shape.ts";
import { type OperationResource, readOperationResource } from "./resource_mark.ts";
import { type ResponseShape, readResponses, visibleGrants } from "./response_shape.ts";
import { below, type DocumentFault, type GrantsAt, SchemaTerms } from "./schema_terms.ts";

/** What an operation of a document demands of requests, and promises of responses. */
export interface Operation {
  readonly parameters: readonly Parameter[];
  /** Bodies by media type or range; null where the operation takes none. */
  readonly body: { readonly isRequired: boolean; readonly byType: ReadonlyMap<string, RequestShape> } | null;
  readonly responses: readonly ResponseShape[];
  /** Which resource it is about; null where the document does not say. */
  readonly resource: OperationResource | null;
  /** Who sees what not everybody sees of `responses`. */
  readonly visible: readonly GrantsAt[];
  /** Who may send what not everybody may send. */
  readonly writable: readonly GrantsAt[];
}

const KNOWN: ReadonlySet<string> = new Set([
  ...["tags", "summary", "description", "externalDocs", "operationId", "parameters", "requestBody", "responses"],
  ...["callbacks", "deprecated", "security", "servers"],
]);

/**
 * Reads the operation `method` (lower case) of the path `template`; null with a fault where there is none. Everything that it
 * asks for and that would not be enforced is a fault.
 */
export function readOperation(
  document: LocalDocument,
  template: string,
  method: string,
  faults: DocumentFault[],
): Operation | null {
  const { paths } = document.root;
  const pathAt = below("", "paths", template);
  const item = isJsonObject(paths) && Object.hasOwn(paths, template) ? paths[template] : undefined;
  const found = document.resolve({ value: item, at: pathAt });
  if (!found.ok || !isJsonObject(found.value.value)) {
    faults.push({ at: pathAt, reason: found.ok ? "is not in the document" : found.error });
    return null;
  }
  const { value: pathItem, at } = found.value;
  const written = isJsonObject(pathItem) ? pathItem[method] : undefined;
  if (!isJsonObject(written)) {
    faults.push({ at: below(at, method), reason: "is not in the document: the path has no such operation" });
    return null;
  }
  const terms = new SchemaTerms(written, below(at, method), faults);
  for (const keyword of Object.keys(written)) {
    if (!KNOWN.has(keyword) && !keyword.startsWith("x-")) terms.fault(keyword, "is not enforced here");
  }
  const requests: DocumentReader = { document, faults, schemas: new SchemaCompiler(document, "request", faults) };
  const shared = new SchemaTerms(isJsonObject(pathItem) ? pathItem : {}, at, faults);
  const parameters = readParameters([...parametersOf(shared), ...parametersOf(terms)], template, terms, requests);
  const body = readBody(terms, method, requests);
  const responses = readResponses(terms, document, faults);
  requests.schemas.tellOfCircles();
  const byType = body?.byType ?? new Map<string, RequestShape>();
  faults.push(...restrictingFaults(byType, requests.schemas.nodes()));
  const resource = readOperationResource(terms, template);
  return { parameters, body, responses, resource, visible: visibleGrants(responses), writable: writableGrants(byType) };
}

function parametersOf(terms: SchemaTerms): Located[] {
  return (terms.list("parameters") ?? []).map((value, index) => ({ value, at: below(terms.at, "parameters", index) }));
}

/** An operation's parameters override those of its path that have the same name and place. */
function readParameters(
  written: readonly Located[],
  template: string,
  terms: SchemaTerms,
  reader: DocumentReader,
): Parameter[] {
  const byName = new Map<string, Parameter>();
  for (const one of written) {
    const parameter = readParameter(one, reader);
    if (parameter === null) continue;
    byName.set(`${parameter.place} ${parameter.name}`, parameter);
    if (parameter.place === "header" && !reachesOrigin(parameter.name, null)) {
      reader.faults.push({
        at: one.at,
        reason: `describes \`${parameter.name}\`, a header that does not reach origins`,
      });
    }
    if (parameter.place === "path" && !template.includes(`{${parameter.name}}`)) {
      reader.faults.push({ at: one.at, reason: `describes \`${parameter.name}\`, which the path does not have` });
    }
  }
  for (const [, name = ""] of template.matchAll(/\{([^{}]*)\}/g)) {
    if (!byName.has(`path ${name}`)) terms.fault("parameters", `say nothing of \`${name}\`, which the path has`);
  }
  return [...byName.values()];
}

function readBody(terms: SchemaTerms, method: string, reader: DocumentReader): Operation["body"] {
  if (!terms.has("requestBody")) return null;
  const at = below(terms.at, "requestBody");
  if (method === "get" || method === "head") {
    terms.fault("requestBody", "never reaches an origin: a GET has no body (RFC 9110 §9.3.1)");
    return null;
  }
  const found = reader.document.resolve({ value: terms.schema.requestBody, at });
  if (!found.ok || !isJsonObject(found.value.value)) {
    reader.faults.push({ at, reason: found.ok ? "is no object" : found.error });
    return null;
  }
  const body = new SchemaTerms(found.value.value, found.value.at, reader.faults);
  const byType = new Map([...readContent(body, reader)].map(([name, shape]) => [name, requestShape(shape)]));
  const isRequired = body.flag("required") ?? false;
  reader.faults.push(...bypassFaults(byType, body.at));
  if (method === "put" && !isRequired && [...byType.values()].some(({ restricts }) => restricts)) {
    reader.faults.push({
      at: body.at,
      reason: "must be `required`: a PUT without a body could replace what is restricted",
    });
  }
  return { isRequired, byType };
}
