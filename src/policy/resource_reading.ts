import { err, ok, type Result } from "../kernel/result.ts";
import { type AttributeType, attributeValue, writtenAttribute } from "./attribute_type.ts";
import { EACH, findAll, findAt, type PlaceFault } from "./body_places.ts";
import type { Attributes, AttributeValue } from "./decision_facts.ts";
import { lenientReadings, type QueryPair, queryPairs } from "./query_pairs.ts";
import { type IdType, resourceId } from "./resource_id.ts";

/** How a call names what it is about: made ready once for each route. */
export interface ResourceReading {
  readonly idType: IdType;
  /** Where ids stand. Several places have to name the same ones. None for what does not exist yet. */
  readonly ids: readonly IdPlace[];
  /** More of them are not decided on in one call; `MAX_RESOURCES` at most. */
  readonly most: number;
  readonly attributes: readonly AttributePlace[];
  /** Whether any of it stands in the body. */
  readonly readsBody: boolean;
}

export type Place =
  /** A segment of the path, counted from 0. */
  | { readonly from: "path"; readonly segment: number }
  | { readonly from: "query"; readonly name: string; readonly several: Several }
  /** Steps of a JSON pointer; `*` is each item of a list. */
  | { readonly from: "body"; readonly steps: readonly string[] };

/** How a parameter of the query may name several. */
export type Several = "no" | "repeated" | "commas" | "repeated_or_commas";

export type IdPlace = Place;

/** Where an attribute stands. One that is not there is not known: a rule that needs it fails. */
export interface AttributePlace {
  readonly name: string;
  readonly type: AttributeType;
  readonly place: Place;
}

/** A resource as the call itself tells of it. */
export interface NamedResource {
  readonly id: string;
  /** The caller's word: for what is being made, and no proof of what is there. */
  readonly attributes: Attributes;
}

/** Where a call's resource is looked for: its decoded path, its query with the `?`, its body as JSON (undefined where it was not read). */
export interface NamingCall {
  readonly segments: readonly string[];
  readonly search: string;
  readonly body: unknown;
}

/** Why it is not told which resources a call is about: a stable word for logs. */
export type ReadingFault =
  | "resource_missing"
  | "resource_malformed"
  | "resource_ambiguous"
  | "resources_disagree"
  | "resources_too_many"
  | "attribute_malformed";

/** More than these in one call are never decided on. */
export const MAX_RESOURCES = 100;

const NO_ATTRIBUTES: Attributes = {};
/** What is being made has no id yet. */
const UNNAMED = { ids: [{ id: "", at: [] as readonly number[] }] };

interface ReadId {
  readonly id: string;
  /** Of which items of lists it was read. */
  readonly at: readonly number[];
}

/** The resources that `call` is about, each once; a fault where that cannot be told in one way alone. */
export function readResources(
  reading: ResourceReading,
  call: NamingCall,
): Result<readonly NamedResource[], ReadingFault> {
  const [first, ...others] = reading.ids;
  const ids = first === undefined ? UNNAMED : readIds(first, reading, call);
  if (typeof ids === "string") return err(ids);
  for (const place of others) {
    const again = readIds(place, reading, call);
    if (typeof again === "string") return err(again);
    if (!namesSame(ids.ids, again.ids)) return err("resources_disagree");
  }
  const { attributes } = reading;
  if (attributes.length === 0) return ok(distinct(ids.ids).map(({ id }) => ({ id, attributes: NO_ATTRIBUTES })));
  const named: NamedResource[] = [];
  // One id in two items may come with two words for it: each of them is decided on.
  for (const { id, at } of ids.ids) {
    const read = readAttributes(attributes, call, at);
    if (read === null) return err("attribute_malformed");
    named.push({ id, attributes: read });
  }
  return ok(named);
}

function readIds(
  place: IdPlace,
  { idType: type, most }: ResourceReading,
  call: NamingCall,
): { readonly ids: readonly ReadId[] } | ReadingFault {
  const values = valuesAt(place, most, call);
  if (typeof values === "string") return values;
  if (values.length > most) return "resources_too_many";
  const ids: ReadId[] = [];
  for (const { value, at } of values) {
    const id = resourceId(value, type, place.from === "body" ? "json" : "url");
    if (id === null) return "resource_malformed";
    ids.push({ id, at });
  }
  return { ids };
}

function valuesAt(
  place: Place,
  most: number,
  call: NamingCall,
): readonly { readonly value: unknown; readonly at: readonly number[] }[] | ReadingFault {
  switch (place.from) {
    case "path": {
      const value = call.segments[place.segment];
      return value === undefined ? "resource_missing" : [{ value, at: [] }];
    }
    case "query": {
      const texts = queryValues(place, call.search);
      return typeof texts === "string" ? FAULTS[texts] : texts.map((value) => ({ value, at: [] }));
    }
    case "body": {
      const found = findAll(call.body, place.steps, most);
      return typeof found === "string" ? FAULTS[found] : found;
    }
  }
}

const FAULTS: Readonly<Record<PlaceFault, ReadingFault>> = {
  missing: "resource_missing",
  ambiguous: "resource_ambiguous",
  malformed: "resource_malformed",
  too_many: "resources_too_many",
};

/** The texts of a parameter of the query. Another spelling of its name (`ids[]`, `IDS`) is one that the origin may read instead. */
function queryValues(
  { name, several }: Extract<Place, { from: "query" }>,
  search: string,
): readonly string[] | PlaceFault {
  const pairs = queryPairs(search.slice(1));
  if (pairs === null) return "ambiguous";
  const readings = lenientReadings(name);
  const meant = pairs.filter((pair) => lenientReadings(pair.name).some((reading) => readings.includes(reading)));
  if (meant.some((pair) => pair.name !== name)) return "ambiguous";
  if (meant.length === 0) return "missing";
  if (meant.length > 1 && several !== "repeated" && several !== "repeated_or_commas") return "ambiguous";
  const splits = several === "commas" || several === "repeated_or_commas";
  return splits ? splitAtCommas(meant) : meant.map(({ value }) => value);
}

/** A comma that was written as `%2C` is a part of the value to some and a separator to others. */
function splitAtCommas(pairs: readonly QueryPair[]): readonly string[] | PlaceFault {
  if (pairs.some(({ rawValue }) => /%2c/i.test(rawValue))) return "ambiguous";
  return pairs.flatMap(({ value }) => value.split(","));
}

function distinct(ids: readonly ReadId[]): readonly ReadId[] {
  if (ids.length < 2) return ids;
  return [...new Map(ids.map((read) => [read.id, read])).values()];
}

function namesSame(first: readonly ReadId[], second: readonly ReadId[]): boolean {
  const names = new Set(first.map(({ id }) => id));
  const others = new Set(second.map(({ id }) => id));
  return names.size === others.size && [...others].every((id) => names.has(id));
}

/** Null where one of them is not what it is declared to be. */
function readAttributes(places: readonly AttributePlace[], call: NamingCall, at: readonly number[]): Attributes | null {
  const attributes: Record<string, AttributeValue> = {};
  for (const { name, type, place } of places) {
    const read = attributeAt(place, type, call, at);
    if (read === null) return null;
    if (read !== undefined) attributes[name] = read;
  }
  return attributes;
}

function attributeAt(
  place: Place,
  type: AttributeType,
  call: NamingCall,
  at: readonly number[],
): AttributeValue | undefined | null {
  if (place.from === "body") {
    const found = findAt(call.body, place.steps, at);
    if (typeof found === "string") return found === "missing" ? undefined : null;
    return attributeValue(found.value, type);
  }
  const texts =
    place.from === "path" ? call.segments.slice(place.segment, place.segment + 1) : queryValues(place, call.search);
  if (typeof texts === "string") return texts === "missing" ? undefined : null;
  const [text] = texts;
  return text === undefined ? undefined : writtenAttribute(text, type);
}

/** How many lists `steps` goes through. */
export function listsIn(steps: readonly string[]): number {
  return steps.filter((step) => step === EACH).length;
}
