import { canonicalJson, type ExactJson } from "../kernel/exact_json.ts";
import { isJsonObject } from "../kernel/strict_json.ts";
import { lenientName } from "../policy/lenient_name.ts";
import { arrayChecks } from "./array_checks.ts";
import { branchChecks } from "./branch_checks.ts";
import type { LocalDocument } from "./local_document.ts";
import { numberChecks } from "./number_checks.ts";
import { objectChecks } from "./object_checks.ts";
import { RESOURCE, readMark } from "./resource_mark.ts";
import { type Check, type Direction, emptyNode, inPlace, type SchemaNode } from "./schema_node.ts";
import { below, type DocumentFault, SchemaTerms } from "./schema_terms.ts";
import { safePattern, stringChecks } from "./string_checks.ts";

/** The keyword that hides a value in responses from all callers but those whom it lists. */
export const VISIBLE_TO = "x-sallyport-visible-to";
/** The keyword that keeps all callers but those whom it lists from sending a value. */
export const WRITABLE_BY = "x-sallyport-writable-by";

/** Keywords of JSON Schema 2020-12 and OpenAPI 3.1 that assert nothing by themselves. */
const ANNOTATIONS: ReadonlySet<string> = new Set([
  ...["title", "description", "default", "deprecated", "examples", "$comment", "$defs"],
  ...["example", "externalDocs", "xml", "discriminator", "contentMediaType", "contentEncoding"],
]);

const ASSERTIONS: ReadonlySet<string> = new Set([
  ...["$ref", "type", "enum", "const", "readOnly", "writeOnly", VISIBLE_TO, WRITABLE_BY, RESOURCE],
  ...["maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "multipleOf"],
  ...["maxLength", "minLength", "pattern", "format"],
  ...["prefixItems", "items", "contains", "minContains", "maxContains", "maxItems", "minItems", "uniqueItems"],
  ...["properties", "patternProperties", "additionalProperties", "propertyNames", "required", "dependentRequired"],
  ...["minProperties", "maxProperties", "dependentSchemas"],
  ...["allOf", "anyOf", "oneOf", "not", "if", "then", "else"],
]);

const TYPES = ["null", "boolean", "object", "array", "number", "string", "integer"] as const;
const NOT_ALLOWED = "is not one of the values that are allowed";

/**
 * Makes the schemas of a document ready, each once. Owns which keywords there are: one that it does not know is a fault,
 * because a bound that nobody enforces is worse than none. References lead within the document alone.
 */
export class SchemaCompiler {
  readonly #document: LocalDocument;
  readonly #direction: Direction;
  readonly #faults: DocumentFault[];
  readonly #nodes = new Map<string, SchemaNode>();

  constructor(document: LocalDocument, direction: Direction, faults: DocumentFault[]) {
    this.#document = document;
    this.#direction = direction;
    this.#faults = faults;
  }

  /** The node of the schema that stands at `at`. */
  node(schema: unknown, at: string): SchemaNode {
    const known = this.#nodes.get(at);
    if (known !== undefined) return known;
    const node = emptyNode(at);
    // Before its parts are read: they may refer to it.
    this.#nodes.set(at, node);
    if (schema === true) node.isOpen = true;
    else if (schema === false) node.checks = [(_, judge) => judge.fault("false", "is not allowed")];
    else if (isJsonObject(schema)) this.#fill(node, new SchemaTerms(schema, at, this.#faults));
    else this.#faults.push({ at, reason: "is no schema: neither an object nor true or false" });
    return node;
  }

  /** All schemas that were made ready so far. */
  nodes(): Iterable<SchemaNode> {
    return this.#nodes.values();
  }

  /** Tells of schemas that come back to themselves without a step into the value: they say nothing, and never end. */
  tellOfCircles(): void {
    const done = new Set<SchemaNode>();
    const under = new Set<SchemaNode>();
    const visit = (node: SchemaNode) => {
      if (under.has(node)) this.#faults.push({ at: node.at, reason: "refers to itself without a step into the value" });
      if (done.has(node) || under.has(node)) return;
      under.add(node);
      for (const next of inPlace(node)) visit(next);
      under.delete(node);
      done.add(node);
    };
    for (const node of this.#nodes.values()) visit(node);
  }

  #fill(node: SchemaNode, terms: SchemaTerms): void {
    this.#tellOfKeywords(terms);
    const lenientProperties = new Map<string, SchemaNode[]>();
    node.readOnly = terms.flag("readOnly") ?? false;
    node.writeOnly = terms.flag("writeOnly") ?? false;
    node.visibleTo = terms.grants(VISIBLE_TO);
    node.writableBy = terms.grants(WRITABLE_BY);
    node.resource = readMark(terms);
    node.properties = new Map(this.#children(terms, "properties"));
    for (const [name, child] of node.properties) {
      const lenient = lenientName(name);
      lenientProperties.set(lenient, [...(lenientProperties.get(lenient) ?? []), child]);
    }
    node.lenientProperties = lenientProperties;
    node.patternProperties = this.#children(terms, "patternProperties").flatMap(([source, child]) => {
      const pattern = safePattern(source, (reason) => terms.fault("patternProperties", `\`${source}\` ${reason}`));
      return pattern === null ? [] : [[pattern, child] as const];
    });
    node.additionalProperties = this.#child(terms, "additionalProperties");
    node.prefixItems = this.#list(terms, "prefixItems");
    node.items = this.#child(terms, "items");
    node.dependent = new Map(this.#children(terms, "dependentSchemas"));
    const allOf = [...this.#list(terms, "allOf"), ...this.#reference(terms)];
    const [anyOf, oneOf] = [this.#list(terms, "anyOf"), this.#list(terms, "oneOf")];
    node.always = allOf;
    node.whereFitting = [...anyOf, ...oneOf];
    node.condition = this.#condition(terms);
    node.checks = [
      ...typeChecks(terms, node),
      ...valueChecks(terms),
      ...numberChecks(terms),
      ...stringChecks(terms),
      ...arrayChecks(terms, node, this.#child(terms, "contains"), this.#direction),
      ...objectChecks(terms, node, this.#child(terms, "propertyNames"), this.#direction),
      ...branchChecks(node, { allOf, anyOf, oneOf, not: this.#child(terms, "not") }),
    ];
  }

  #tellOfKeywords(terms: SchemaTerms): void {
    for (const keyword of Object.keys(terms.schema)) {
      const isOurs = keyword.startsWith("x-sallyport-");
      const isKnown = ASSERTIONS.has(keyword) || ANNOTATIONS.has(keyword) || (keyword.startsWith("x-") && !isOurs);
      if (!isKnown) terms.fault(keyword, "is a keyword that is not enforced here");
    }
  }

  #child(terms: SchemaTerms, keyword: string): SchemaNode | null {
    return terms.has(keyword) ? this.node(terms.schema[keyword], below(terms.at, keyword)) : null;
  }

  #children(terms: SchemaTerms, keyword: string): (readonly [string, SchemaNode])[] {
    return terms
      .members(keyword)
      .map(([name, schema]) => [name, this.node(schema, below(terms.at, keyword, name))] as const);
  }

  #list(terms: SchemaTerms, keyword: string): SchemaNode[] {
    const schemas = terms.list(keyword);
    if (schemas?.length === 0) terms.fault(keyword, "must not be empty");
    return (schemas ?? []).map((schema, index) => this.node(schema, below(terms.at, keyword, index)));
  }

  #reference(terms: SchemaTerms): SchemaNode[] {
    const ref = terms.text("$ref");
    if (ref === null) return [];
    const target = this.#document.find(ref);
    if (target.ok) return [this.node(target.value.value, target.value.at)];
    terms.fault("$ref", target.error);
    return [];
  }

  #condition(terms: SchemaTerms): SchemaNode["condition"] {
    const when = this.#child(terms, "if");
    const [then, otherwise] = [this.#child(terms, "then"), this.#child(terms, "else")];
    if (when !== null) return { when, then, otherwise };
    if (then !== null || otherwise !== null) terms.fault("if", "is missing beside `then` or `else`");
    return null;
  }
}

function typeChecks(terms: SchemaTerms, node: SchemaNode): Check[] {
  if (!terms.has("type")) return [];
  const written = terms.schema.type;
  const types = Array.isArray(written) ? written : [written];
  if (types.length === 0 || !types.every((type) => TYPES.includes(type))) {
    terms.fault("type", `must be one or several of ${TYPES.join(", ")}`);
    return [];
  }
  const wanted = new Set<string>(types);
  node.types = wanted;
  const detail = `must be of type ${types.join(" or ")}`;
  return [(value, judge) => isOfType(value, wanted) || judge.fault("type", detail)];
}

function isOfType(value: ExactJson, wanted: ReadonlySet<string>): boolean {
  switch (typeof value) {
    case "bigint":
      return wanted.has("integer") || wanted.has("number");
    case "number":
      return wanted.has("number") || (wanted.has("integer") && Number.isInteger(value));
    case "object":
      if (value === null) return wanted.has("null");
      return wanted.has(Array.isArray(value) ? "array" : "object");
    default:
      return wanted.has(typeof value);
  }
}

function valueChecks(terms: SchemaTerms): Check[] {
  const lists = [terms.list("enum"), terms.has("const") ? [terms.schema.const] : null];
  return lists.flatMap((list, index) => {
    if (list === null) return [];
    // A document is JSON: it holds nothing else than values of JSON.
    const allowed = new Set(list.map((value) => canonicalJson(value as ExactJson)));
    const check: Check = (value, judge) => {
      const text = canonicalJson(value);
      judge.spend(1 + text.length);
      return allowed.has(text) || judge.fault(index === 0 ? "enum" : "const", NOT_ALLOWED);
    };
    return [check];
  });
}
