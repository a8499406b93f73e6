import { isJsonObject } from "../kernel/strict_json.ts";
import type { SchemaCompiler } from "./compile_schema.ts";
import type { LocalDocument, Located } from "./local_document.ts";
import type { SchemaNode } from "./schema_node.ts";
import { below, type DocumentFault, SchemaTerms } from "./schema_terms.ts";

export type ParameterPlace = "path" | "query" | "header";

/** How a parameter is spelled: one text, a list of them in one value or in several, or the members of an object. */
export type ParameterForm =
  | { readonly kind: "single" }
  /** `separator` parts one value; null where each item is a value of its own. */
  | { readonly kind: "list"; readonly separator: RegExp | null }
  /** `name[member]=value`. */
  | { readonly kind: "deep_object" }
  /** One value that is a JSON text. */
  | { readonly kind: "json" };

export interface Parameter {
  readonly name: string;
  readonly place: ParameterPlace;
  readonly isRequired: boolean;
  readonly form: ParameterForm;
  readonly node: SchemaNode;
}

/** Headers that a parameter cannot describe: what it says of them has no effect (OpenAPI 3.1, 4.8.12). */
const NOT_PARAMETERS: ReadonlySet<string> = new Set(["accept", "content-type", "authorization"]);

const KNOWN: ReadonlySet<string> = new Set([
  ...["name", "in", "description", "required", "deprecated", "allowReserved", "schema", "content"],
  ...["style", "explode", "example", "examples"],
]);

const COMMA = /,/;
const SPACE = /%20|\+/;
const PIPE = /\||%7[Cc]/;

/** Where a document's faults go, and what reads its schemas. */
export interface DocumentReader {
  readonly document: LocalDocument;
  readonly schemas: SchemaCompiler;
  readonly faults: DocumentFault[];
}

/** Reads one Parameter Object (OpenAPI 3.1, 4.8.12); null where it describes nothing, or has a fault. */
export function readParameter(written: Located, reader: DocumentReader): Parameter | null {
  const found = reader.document.resolve(written);
  if (!found.ok) return told(reader, written.at, found.error);
  const { value, at } = found.value;
  if (!isJsonObject(value)) return told(reader, at, "is no parameter");
  const terms = new SchemaTerms(value, at, reader.faults);
  const [name, place] = [terms.text("name"), terms.text("in")];
  for (const keyword of Object.keys(value)) {
    if (!KNOWN.has(keyword) && !keyword.startsWith("x-")) terms.fault(keyword, "is not enforced here");
  }
  if (name === null || place === null) return told(reader, at, "lacks `name` or `in`");
  if (place === "cookie") return told(reader, at, "describes a cookie, and cookies are not looked into");
  if (place !== "path" && place !== "query" && place !== "header") return told(reader, at, `has no place \`${place}\``);
  if (place === "header" && NOT_PARAMETERS.has(name.toLowerCase())) return null;
  const node = schemaOf(terms, reader);
  if (node === null) return null;
  const form = terms.has("content") ? ({ kind: "json" } as const) : formOf(place, terms, node, reader);
  if (form === null) return null;
  const isRequired = terms.flag("required") ?? false;
  if (place === "path" && !isRequired) terms.fault("required", "must be true for a parameter of the path");
  return { name: place === "header" ? name.toLowerCase() : name, place, isRequired, form, node };
}

function schemaOf(terms: SchemaTerms, { schemas }: DocumentReader): SchemaNode | null {
  if (terms.has("schema") === terms.has("content")) {
    terms.fault("schema", "is missing, or stands beside `content`");
    return null;
  }
  if (terms.has("schema")) return schemas.node(terms.schema.schema, below(terms.at, "schema"));
  const [[type, media] = ["", null], ...others] = terms.members("content");
  if (others.length > 0 || type !== "application/json" || !isJsonObject(media) || media.schema === undefined) {
    terms.fault("content", "must be `application/json` alone, with a schema");
    return null;
  }
  return schemas.node(media.schema, below(terms.at, "content", type, "schema"));
}

function formOf(
  place: ParameterPlace,
  terms: SchemaTerms,
  node: SchemaNode,
  reader: DocumentReader,
): ParameterForm | null {
  const types = typesOf(node);
  const style = terms.text("style") ?? (place === "query" ? "form" : "simple");
  const explode = terms.flag("explode") ?? style === "form";
  const isList = types?.has("array") ?? false;
  const isObject = types?.has("object") ?? false;
  if (types === null)
    return told(reader, terms.at, "has a schema that names no type: how to read its text is not said");
  if ((isList || isObject) && types.size > 1) {
    return told(reader, terms.at, "may be a list or an object and something else: its text has several readings");
  }
  if (style === "deepObject" && place === "query" && isObject) return { kind: "deep_object" };
  if (isObject)
    return told(reader, terms.at, "is an object, which only the style `deepObject` in the query can spell here");
  const styles = place === "query" ? ["form", ...(isList ? ["spaceDelimited", "pipeDelimited"] : [])] : ["simple"];
  if (!styles.includes(style))
    return told(reader, terms.at, `has a style that is not read here: ${styles.join(", ")} are`);
  if (!isList) return { kind: "single" };
  if (place !== "query") return { kind: "list", separator: COMMA };
  if (explode) return { kind: "list", separator: null };
  return { kind: "list", separator: style === "form" ? COMMA : style === "spaceDelimited" ? SPACE : PIPE };
}

/** The types that `node` allows by itself or by what always holds with it; null where none says so. */
export function typesOf(node: SchemaNode, seen = new Set<SchemaNode>()): ReadonlySet<string> | null {
  if (seen.has(node)) return null;
  seen.add(node);
  let types = node.types;
  for (const one of node.always) {
    const more = typesOf(one, seen);
    if (types === null || more === null) types ??= more;
    else types = new Set([...types].filter((type) => more.has(type)));
  }
  return types;
}

function told({ faults }: DocumentReader, at: string, reason: string): null {
  faults.push({ at, reason });
  return null;
}
