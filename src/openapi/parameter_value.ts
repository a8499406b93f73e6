import { type ExactJson, readExactJson } from "../kernel/exact_json.ts";
import { decodedText, lenientStem, type QueryPair } from "../policy/query_pairs.ts";
import { type Parameter, typesOf } from "./parameter.ts";
import type { SchemaNode } from "./schema_node.ts";

/** Why a parameter has no value: keyword and words for a fault. */
export interface Unread {
  readonly keyword: string;
  readonly detail: string;
}

export type ReadValue = { readonly value: ExactJson } | { readonly unread: Unread } | null;

const JSON_DEPTH = 16;
const INTEGER = /^-?(?:0|[1-9][0-9]{0,39})$/;
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
const TWICE: Unread = { keyword: "repeated", detail: "is there more than once" };

const FIELD_TWICE: Unread = { keyword: "repeated", detail: "has a field more than once" };
const MISSPELLED: Unread = { keyword: "unknown", detail: "has another spelling of a known field" };

/** What `pairs`, those of the query that belong to `parameter`, say; null where there are none. */
export function queryValue(parameter: Parameter, pairs: readonly QueryPair[]): ReadValue {
  const [first, ...others] = pairs;
  if (first === undefined) return null;
  const { form, node } = parameter;
  if (form.kind === "deep_object") return deepObject(pairs, node);
  if (form.kind === "list" && form.separator === null)
    return { value: pairs.map(({ value }) => typed(value, itemOf(node))) };
  // Servers take the first, the last, or both together: it would not be the one that was judged.
  if (others.length > 0) return { unread: TWICE };
  if (form.kind === "list") {
    const items = first.rawValue.split(form.separator ?? "").map(decodedText);
    return { value: items.map((item) => typed(item ?? "", itemOf(node))) };
  }
  return form.kind === "json" ? jsonValue(first.value) : { value: typed(first.value, node) };
}

/** What the text of a path's segment or of a header says. */
export function plainValue({ form, node }: Parameter, text: string): ReadValue {
  if (form.kind === "json") return jsonValue(text);
  if (form.kind === "single") return { value: typed(text, node) };
  return { value: text.split(",").map((item) => typed(item.trim(), itemOf(node))) };
}

/** The members of a form's body, each read by the schema of its property. */
export function formValue(pairs: readonly QueryPair[], node: SchemaNode): ReadValue {
  const object: Record<string, ExactJson> = Object.create(null);
  for (const name of new Set(pairs.map((pair) => pair.name))) {
    const texts = pairs.filter((pair) => pair.name === name).map(({ value }) => value);
    const property = propertyOf(node, name);
    const stem = firstOf(node, (one) => one.lenientProperties.get(lenientStem(name))?.[0] ?? null);
    if (stem !== null && stem !== property) return { unread: MISSPELLED };
    const isList = property !== null && (typesOf(property)?.has("array") ?? false);
    if (isList) object[name] = texts.map((text) => typed(text, itemOf(property)));
    else if (texts.length > 1) return { unread: FIELD_TWICE };
    else object[name] = typed(texts[0] ?? "", property);
  }
  return { value: object };
}

/** `name[member]` of a deep object; null where `name` is spelled otherwise. */
export function deepMember(pairName: string, name: string): string | null {
  if (!pairName.startsWith(`${name}[`) || !pairName.endsWith("]")) return null;
  const member = pairName.slice(name.length + 1, -1);
  return member === "" || /[[\]]/.test(member) ? null : member;
}

function deepObject(pairs: readonly QueryPair[], node: SchemaNode): ReadValue {
  const object: Record<string, ExactJson> = Object.create(null);
  for (const { name, value } of pairs) {
    const member = name.slice(name.indexOf("[") + 1, -1);
    if (member in object) return { unread: TWICE };
    object[member] = typed(value, propertyOf(node, member));
  }
  return { value: object };
}

function jsonValue(text: string): ReadValue {
  const read = readExactJson(text, { maxDepth: JSON_DEPTH, strict: true });
  return read.ok
    ? { value: read.value }
    : { unread: { keyword: read.error, detail: "is not JSON as it is read here" } };
}

/** `text` as the type that `node` allows: what does not read as one stays a text, for its schema to refuse. */
function typed(text: string, node: SchemaNode | null): ExactJson {
  const types = node === null ? null : typesOf(node);
  if (types === null || types.has("string")) return text;
  if (types.has("boolean") && (text === "true" || text === "false")) return text === "true";
  if (types.has("null") && text === "null") return null;
  const isNumber = types.has("number") ? NUMBER.test(text) : types.has("integer") && INTEGER.test(text);
  if (!isNumber) return text;
  const read = readExactJson(text, { maxDepth: 0, strict: true });
  return read.ok ? read.value : text;
}

function itemOf(node: SchemaNode): SchemaNode | null {
  return firstOf(node, (one) => one.items);
}

function propertyOf(node: SchemaNode, name: string): SchemaNode | null {
  return firstOf(node, (one) => one.properties.get(name) ?? null) ?? firstOf(node, (one) => one.additionalProperties);
}

function firstOf(node: SchemaNode, find: (node: SchemaNode) => SchemaNode | null): SchemaNode | null {
  const own = find(node);
  if (own !== null) return own;
  for (const one of node.always) {
    const theirs = firstOf(one, find);
    if (theirs !== null) return theirs;
  }
  return null;
}
