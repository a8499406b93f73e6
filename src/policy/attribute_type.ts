import { momentOf } from "../kernel/timestamp.ts";
import type { AttributeValue } from "./decision_facts.ts";

/** What an attribute is declared to be. Numbers of JSON are `int` where they are whole. Timestamps are texts until a rule reads them. */
export const ATTRIBUTE_TYPES = [
  "string",
  "int",
  "double",
  "bool",
  "timestamp",
  "list<string>",
  "list<int>",
  "list<double>",
  "list<bool>",
] as const;
export type AttributeType = (typeof ATTRIBUTE_TYPES)[number];

/** Characters of an attribute, or of one element of it, and its elements: wherever one is read. */
export const ATTRIBUTE_BOUNDS = { text: 4_096, list: 256 } as const;

const WHOLE = /^-?(?:0|[1-9]\d{0,15})$/;

/** `value`, from JSON, as an attribute of `type`; null where it is none. Nothing is coerced. */
export function attributeValue(value: unknown, type: AttributeType): AttributeValue | null {
  switch (type) {
    case "string":
      return isText(value) ? value : null;
    case "int":
      return isWhole(value) ? value : null;
    case "double":
      return isNumber(value) ? value : null;
    case "bool":
      return isFlag(value) ? value : null;
    case "timestamp":
      return isText(value) && momentOf(value) !== null ? value : null;
    case "list<string>":
      return isList(value) && value.every(isText) ? value : null;
    case "list<int>":
      return isList(value) && value.every(isWhole) ? value : null;
    case "list<double>":
      return isList(value) && value.every(isNumber) ? value : null;
    case "list<bool>":
      return isList(value) && value.every(isFlag) ? value : null;
  }
}

/** The same for a text of a path or a query. A list is one item there. */
export function writtenAttribute(text: string, type: AttributeType): AttributeValue | null {
  switch (type) {
    case "int":
      return WHOLE.test(text) ? attributeValue(Number(text), type) : null;
    case "double":
      return /^-?(?:0|[1-9]\d{0,15})(?:\.\d{1,15})?$/.test(text) ? Number(text) : null;
    case "bool":
      return text === "true" ? true : text === "false" ? false : null;
    default:
      return attributeValue(text, type);
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length <= ATTRIBUTE_BOUNDS.text && value.isWellFormed();
}

function isWhole(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value);
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function isFlag(value: unknown): value is boolean {
  return typeof value === "boolean";
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length <= ATTRIBUTE_BOUNDS.list;
}
