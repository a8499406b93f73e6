import { isJsonObject } from "../kernel/strict_json.ts";
import { momentOf } from "../kernel/timestamp.ts";

/** What is known of a principal: timestamps are RFC 3339 texts. */
export type HeldAttribute = string | number | boolean | readonly (string | number | boolean)[];
export type HeldAttributes = Readonly<Record<string, HeldAttribute>>;

/** Names of attributes by their types, as the configuration declares them. */
export type DeclaredAttributes = Readonly<Record<string, string>>;

export const NO_ATTRIBUTES: HeldAttributes = Object.freeze({});

/** The bounds of what a credential carries. */
const MOST_ATTRIBUTES = 32;
const LONGEST_NAME = 64;
const LONGEST_TEXT = 256;
const LONGEST_LIST = 32;

type Item = string | number | boolean;

const ITEMS: ReadonlyMap<string, (value: unknown) => value is Item> = new Map([
  ["string", isText],
  ["int", (value: unknown): value is Item => Number.isSafeInteger(value)],
  ["double", isNumber],
  ["bool", (value: unknown): value is Item => typeof value === "boolean"],
  ["timestamp", (value: unknown): value is Item => isText(value) && momentOf(value) !== null],
]);

/** Whether `value` is an attribute of `type` (`string`, `int`, `double`, `bool`, `timestamp`, or `list<...>` of one), within its bounds. */
export function isOfType(value: unknown, type: string): value is HeldAttribute {
  const [, ofList] = /^list<(\w+)>$/.exec(type) ?? [];
  const isItem = ITEMS.get(ofList ?? type);
  if (isItem === undefined) return false;
  return ofList === undefined ? isItem(value) : isListOf(value, isItem);
}

/** The claim `attributes` of a token of our own, whatever is declared by now. Null for what none of our issuers wrote. */
export function readAttributes(claim: unknown): HeldAttributes | null {
  if (!isJsonObject(claim)) return null;
  const entries = Object.entries(claim);
  if (entries.length > MOST_ATTRIBUTES) return null;
  const read = new Map<string, HeldAttribute>();
  for (const [name, value] of entries) {
    if (name === "" || name.length > LONGEST_NAME || !isAttribute(value)) return null;
    read.set(name, value);
  }
  // From entries: a member called `__proto__` is one like every other.
  return Object.fromEntries(read);
}

function isAttribute(value: unknown): value is HeldAttribute {
  return isItem(value) || isListOf(value, isItem);
}

function isItem(value: unknown): value is Item {
  return isText(value) || isNumber(value) || typeof value === "boolean";
}

function isListOf(value: unknown, is: (item: unknown) => item is Item): value is readonly Item[] {
  return Array.isArray(value) && value.length <= LONGEST_LIST && value.every(is);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length <= LONGEST_TEXT;
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}
