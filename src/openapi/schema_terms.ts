import { isJsonObject } from "../kernel/strict_json.ts";
import { type FieldGrants, readFieldGrants } from "../policy/field_grants.ts";

/** One thing wrong with a document: where in it, as a JSON pointer, and why. */
export interface DocumentFault {
  readonly at: string;
  readonly reason: string;
}

/** Whom a field is for, and where in a document that stands. */
export interface GrantsAt {
  readonly at: string;
  readonly grants: FieldGrants;
}

/** `at` and what follows it, as one JSON pointer (RFC 6901 §3). */
export function below(at: string, ...steps: readonly (string | number)[]): string {
  return `${at}${steps.map((step) => `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("")}`;
}

/** The keywords of one schema, read by type. What has another type than its keyword demands is a fault, and not read. */
export class SchemaTerms {
  readonly schema: Readonly<Record<string, unknown>>;
  readonly at: string;
  readonly #faults: DocumentFault[];

  constructor(schema: Readonly<Record<string, unknown>>, at: string, faults: DocumentFault[]) {
    this.schema = schema;
    this.at = at;
    this.#faults = faults;
  }

  has(keyword: string): boolean {
    return Object.hasOwn(this.schema, keyword);
  }

  fault(keyword: string, reason: string): void {
    this.#faults.push({ at: below(this.at, keyword), reason });
  }

  number(keyword: string): number | null {
    return this.#read(keyword, "a number", (value) => typeof value === "number" && Number.isFinite(value));
  }

  /** A length or count. */
  count(keyword: string): number | null {
    return this.#read(keyword, "an integer from 0", (value) => Number.isSafeInteger(value) && Number(value) >= 0);
  }

  text(keyword: string): string | null {
    return this.#read(keyword, "a text", (value) => typeof value === "string");
  }

  flag(keyword: string): boolean | null {
    return this.#read(keyword, "true or false", (value) => typeof value === "boolean");
  }

  list(keyword: string): readonly unknown[] | null {
    return this.#read(keyword, "a list", (value) => Array.isArray(value));
  }

  names(keyword: string): readonly string[] | null {
    const isNames = (value: unknown) => Array.isArray(value) && value.every((name) => typeof name === "string");
    return this.#read(keyword, "a list of texts", isNames);
  }

  grants(keyword: string): FieldGrants | null {
    const entries = this.names(keyword);
    return entries === null ? null : readFieldGrants(entries);
  }

  members(keyword: string): readonly (readonly [string, unknown])[] {
    const object = this.#read<Readonly<Record<string, unknown>>>(keyword, "an object", isJsonObject);
    return object === null ? [] : Object.entries(object);
  }

  #read<T>(keyword: string, expected: string, fits: (value: unknown) => boolean): T | null {
    if (!this.has(keyword)) return null;
    const value = this.schema[keyword];
    if (fits(value)) return value as T;
    this.fault(keyword, `must be ${expected}`);
    return null;
  }
}
