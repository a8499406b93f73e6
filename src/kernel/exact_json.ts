import { err, ok, type Result } from "./result.ts";

/** JSON as it was written: an integer that no double holds is a bigint, and objects have no prototype. */
export type ExactJson = null | boolean | number | bigint | string | readonly ExactJson[] | ExactObject;
export interface ExactObject {
  readonly [name: string]: ExactJson;
}

export type JsonFault =
  | "not_json"
  | "duplicate_name"
  | "too_deep"
  | "number_too_long"
  | "lone_surrogate"
  | "too_many_values";

export interface JsonBounds {
  /** Arrays and objects within each other. */
  readonly maxDepth: number;
  /** Whether what another reader may understand in another way is refused: see `readExactJson`. */
  readonly strict: boolean;
}

/** Digits of an integer that any reader of 128 bits takes; longer ones cost more than their length to compute. */
const MAX_DIGITS = 40;
/** Each takes some hundred bytes of memory, however short its text. */
const MAX_VALUES = 250_000;
/** Beyond these a double and a decimal of the same text are told apart by comparing them with a bound. */
const DOUBLE_DIGITS = 17;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const FIRST_PRINTABLE = 0x20;
const BLANK = /[ \t\n\r]*/y;

/**
 * Reads JSON (RFC 8259) that has one meaning. Duplicate names, nesting beyond the bound, over 250,000 values, and
 * integers of more than 40 digits are refused always. `strict` refuses also numbers whose decimals a double drops, those beyond any double, and strings that
 * are no Unicode: another reader would see another value than the one that was judged.
 */
export function readExactJson(text: string, bounds: JsonBounds): Result<ExactJson, JsonFault> {
  try {
    return ok(new JsonReader(text, bounds).document());
  } catch (error) {
    if (error instanceof Refused) return err(error.fault);
    throw error;
  }
}

class Refused extends Error {
  readonly fault: JsonFault;

  constructor(fault: JsonFault) {
    super(fault);
    this.fault = fault;
  }
}

class JsonReader {
  readonly #text: string;
  readonly #bounds: JsonBounds;
  #at = 0;
  #depth = 0;
  #values = 0;

  constructor(text: string, bounds: JsonBounds) {
    this.#text = text;
    this.#bounds = bounds;
  }

  document(): ExactJson {
    this.#blank();
    const value = this.#value();
    this.#blank();
    if (this.#at !== this.#text.length) throw new Refused("not_json");
    return value;
  }

  #value(): ExactJson {
    if (++this.#values > MAX_VALUES) throw new Refused("too_many_values");
    switch (this.#text[this.#at]) {
      case "{":
        return this.#within(() => this.#object());
      case "[":
        return this.#within(() => this.#array());
      case '"':
        return this.#string();
      case "t":
        return this.#word("true", true);
      case "f":
        return this.#word("false", false);
      case "n":
        return this.#word("null", null);
      default:
        return this.#number();
    }
  }

  #within<T>(read: () => T): T {
    if (++this.#depth > this.#bounds.maxDepth) throw new Refused("too_deep");
    this.#at++;
    this.#blank();
    const value = read();
    this.#depth--;
    return value;
  }

  #object(): ExactObject {
    // Without a prototype `__proto__` is a name like any other.
    const object: Record<string, ExactJson> = Object.create(null);
    if (this.#took("}")) return object;
    do {
      this.#blank();
      if (this.#text[this.#at] !== '"') throw new Refused("not_json");
      const name = this.#string();
      if (name in object) throw new Refused("duplicate_name");
      this.#blank();
      if (!this.#took(":")) throw new Refused("not_json");
      this.#blank();
      object[name] = this.#value();
      this.#blank();
    } while (this.#took(","));
    if (!this.#took("}")) throw new Refused("not_json");
    return object;
  }

  #array(): readonly ExactJson[] {
    const items: ExactJson[] = [];
    if (this.#took("]")) return items;
    do {
      this.#blank();
      items.push(this.#value());
      this.#blank();
    } while (this.#took(","));
    if (!this.#took("]")) throw new Refused("not_json");
    return items;
  }

  #string(): string {
    if (this.#text[this.#at] !== '"') throw new Refused("not_json");
    const start = this.#at++;
    let isPlain = true;
    // One step for each character: a regular expression would remember a way back from each of them.
    for (let unit = this.#unit(); unit !== QUOTE; unit = this.#unit()) {
      if (!(unit >= FIRST_PRINTABLE)) throw new Refused("not_json");
      if (unit === BACKSLASH) isPlain = false;
      this.#at += unit === BACKSLASH ? 2 : 1;
    }
    this.#at++;
    const text = isPlain ? this.#text.slice(start + 1, this.#at - 1) : unescaped(this.#text.slice(start, this.#at));
    if (this.#bounds.strict && !text.isWellFormed()) throw new Refused("lone_surrogate");
    return text;
  }

  /** The unit that is read next; NaN at the end. */
  #unit(): number {
    return this.#text.charCodeAt(this.#at);
  }

  #number(): number | bigint {
    const literal = this.#match(NUMBER);
    const value = Number(literal);
    const isInteger = /^-?[0-9]+$/.test(literal);
    if (isInteger && Number.isSafeInteger(value)) return value;
    if (isInteger) {
      if (literal.length > MAX_DIGITS) throw new Refused("number_too_long");
      return BigInt(literal);
    }
    const isTaken = this.#bounds.strict ? isHeld(literal, value) : Number.isFinite(value);
    if (!isTaken) throw new Refused("number_too_long");
    return value;
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw new Refused("not_json");
    this.#at += word.length;
    return value;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) throw new Refused("not_json");
    this.#at += found.length;
    return found;
  }

  #blank(): void {
    const next = this.#text.charCodeAt(this.#at);
    if (next !== 0x20 && next !== 0x0a && next !== 0x0d && next !== 0x09) return;
    this.#match(BLANK);
  }

  #took(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }
}

/** The text of a string literal with escapes, control characters aside. */
function unescaped(literal: string): string {
  try {
    return String(JSON.parse(literal));
  } catch {
    throw new Refused("not_json");
  }
}

/** Whether a double keeps what `literal`, a number with a fraction or an exponent, says. */
function isHeld(literal: string, value: number): boolean {
  const [mantissa = ""] = literal.split(/[eE]/);
  const digits = mantissa.replace(/[-.]/g, "").replace(/^0+/, "");
  if (digits.length > DOUBLE_DIGITS || !Number.isFinite(value)) return false;
  return value !== 0 || digits === "";
}

/** Writes what `readExactJson` read: the same values; spelling and blanks are the writer's. */
export function writeExactJson(value: ExactJson): string {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (isExactArray(value)) return `[${value.map(writeExactJson).join(",")}]`;
  return `{${Object.entries(value)
    .map(([name, member]) => `${JSON.stringify(name)}:${writeExactJson(member)}`)
    .join(",")}}`;
}

/** One text for each value: equal values have equal texts, whatever the order of their members (JSON Schema 4.2.2). */
export function canonicalJson(value: ExactJson): string {
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value).toString() : String(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (isExactArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  return `{${Object.keys(value)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonicalJson(value[name] ?? null)}`)
    .join(",")}}`;
}

/** Whether `value` is an array. */
export function isExactArray(value: ExactJson): value is readonly ExactJson[] {
  return Array.isArray(value);
}

/** Whether `value` is an object, and no array. */
export function isExactObject(value: ExactJson): value is ExactObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
