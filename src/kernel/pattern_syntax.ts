import { err, ok, type Result } from "./result.ts";

/** Code points from `first` to `last`, both included. */
export type CodePoints = readonly (readonly [first: number, last: number])[];

/** A regular expression as a tree, as far as it can be matched without looking about: no assertion inside, no back reference. */
export type PatternTree =
  | { readonly kind: "one"; readonly of: CodePoints }
  | { readonly kind: "sequence"; readonly parts: readonly PatternTree[] }
  | { readonly kind: "choice"; readonly options: readonly PatternTree[] }
  /** `max` is Infinity where there is no bound. */
  | { readonly kind: "repeat"; readonly part: PatternTree; readonly min: number; readonly max: number };

/** What a pattern says, and whether it is tied to the ends of the text. */
export interface Pattern {
  readonly tree: PatternTree;
  readonly fromStart: boolean;
  readonly toEnd: boolean;
}

const LAST = 0x10ffff;
const EVERY: CodePoints = [[0, LAST]];
const DIGIT: CodePoints = [[0x30, 0x39]];
const WORD: CodePoints = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];
const SPACE: CodePoints = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
];
const LINE_ENDS: CodePoints = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
];
const CONTROLS: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, "0": 0 };
const MAX_CHARACTERS = 1_000;
const MAX_DEPTH = 32;

/**
 * Reads `source` as JavaScript does with the flag `u`. A fault says what cannot be read: what is no regular expression, and
 * what makes a matcher look elsewhere (assertions, back references).
 */
export function parsePattern(source: string): Result<Pattern, string> {
  if (source.length > MAX_CHARACTERS) return err(`is longer than ${MAX_CHARACTERS} characters`);
  try {
    new RegExp(source, "u");
  } catch {
    return err("is not a regular expression with the flag `u`");
  }
  const fromStart = source.startsWith("^");
  const toEnd = /(?<!\\)(?:\\\\)*\$$/.test(source);
  const inner = source.slice(fromStart ? 1 : 0, toEnd ? -1 : undefined);
  try {
    const tree = new Reader(inner).whole();
    // `^a|b$` is tied on one side of each: what its author meant cannot be told.
    if ((fromStart || toEnd) && tree.kind === "choice") return err("ties only a part of a choice: write `^(?:a|b)$`");
    return ok({ tree, fromStart, toEnd });
  } catch (error) {
    if (error instanceof Unreadable) return err(error.message);
    throw error;
  }
}

class Unreadable extends Error {}

/** Reads text that the runtime took for a regular expression with `u`, so what it does not know cannot be malformed. */
class Reader {
  readonly #characters: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#characters = [...source];
  }

  whole(): PatternTree {
    return this.#choice();
  }

  #choice(): PatternTree {
    if (++this.#depth > MAX_DEPTH) throw new Unreadable(`nests deeper than ${MAX_DEPTH} groups`);
    const options = [this.#sequence()];
    while (this.#take("|")) options.push(this.#sequence());
    this.#depth--;
    const [only] = options;
    return options.length === 1 && only !== undefined ? only : { kind: "choice", options };
  }

  #sequence(): PatternTree {
    const parts: PatternTree[] = [];
    for (let next = this.#next(); next !== undefined && next !== "|" && next !== ")"; next = this.#next()) {
      parts.push(this.#repeated(this.#atom()));
    }
    return { kind: "sequence", parts };
  }

  #repeated(part: PatternTree): PatternTree {
    const bounds = this.#bounds();
    if (bounds === null) return part;
    // Greedy or not: it changes what is tried first, not how much there is to try.
    this.#take("?");
    return { kind: "repeat", part, ...bounds };
  }

  #bounds(): { min: number; max: number } | null {
    if (this.#take("*")) return { min: 0, max: Number.POSITIVE_INFINITY };
    if (this.#take("+")) return { min: 1, max: Number.POSITIVE_INFINITY };
    if (this.#take("?")) return { min: 0, max: 1 };
    if (!this.#take("{")) return null;
    const [least = "", most] = this.#until("}").split(",");
    const min = Number(least);
    if (most === undefined) return { min, max: min };
    return { min, max: most === "" ? Number.POSITIVE_INFINITY : Number(most) };
  }

  #atom(): PatternTree {
    const character = this.#must();
    switch (character) {
      case "(":
        return this.#group();
      case "[":
        return { kind: "one", of: this.#class() };
      case ".":
        return { kind: "one", of: complement(LINE_ENDS) };
      case "\\":
        return { kind: "one", of: this.#escape() };
      case "^":
      case "$":
        throw new Unreadable(`has \`${character}\` elsewhere than at its ${character === "^" ? "start" : "end"}`);
      default:
        return { kind: "one", of: single(character) };
    }
  }

  #group(): PatternTree {
    if (this.#take("?") && !this.#take(":")) {
      const name = this.#must() === "<" && !/[=!]/.test(this.#next() ?? "");
      if (!name) throw new Unreadable("looks about (`(?=`, `(?!`, `(?<=`, `(?<!`) or changes flags");
      this.#until(">");
    }
    const inner = this.#choice();
    this.#must();
    return inner;
  }

  #escape(): CodePoints {
    const letter = this.#must();
    switch (letter) {
      case "d":
        return DIGIT;
      case "D":
        return complement(DIGIT);
      case "w":
        return WORD;
      case "W":
        return complement(WORD);
      case "s":
        return SPACE;
      case "S":
        return complement(SPACE);
      case "p":
      case "P":
        // Which characters have a property is the runtime's to know: any might.
        this.#until("}");
        return EVERY;
      case "b":
      case "B":
        throw new Unreadable("looks about (`\\b`, `\\B`)");
      case "k":
        throw new Unreadable("refers back to a group");
      case "x":
        return point(Number.parseInt(this.#must() + this.#must(), 16));
      case "u":
        return point(this.#unicode());
      case "c":
        return point((this.#must().codePointAt(0) ?? 0) % 32);
      default:
        if (/[1-9]/.test(letter)) throw new Unreadable("refers back to a group");
        return letter in CONTROLS ? point(CONTROLS[letter] ?? 0) : single(letter);
    }
  }

  #unicode(): number {
    if (this.#take("{")) return Number.parseInt(this.#until("}"), 16);
    const unit = () => Number.parseInt(this.#must() + this.#must() + this.#must() + this.#must(), 16);
    const lead = unit();
    const isLead = lead >= 0xd800 && lead <= 0xdbff;
    if (!isLead || this.#next() !== "\\" || this.#characters[this.#at + 1] !== "u") return lead;
    const before = this.#at;
    this.#at += 2;
    const trail = this.#next() === "{" ? 0 : unit();
    if (trail >= 0xdc00 && trail <= 0xdfff) return 0x10000 + (lead - 0xd800) * 0x400 + (trail - 0xdc00);
    this.#at = before;
    return lead;
  }

  #class(): CodePoints {
    const isNegated = this.#take("^");
    const members: (readonly [number, number])[] = [];
    while (!this.#take("]")) {
      const first = this.#member();
      const isRange = this.#next() === "-" && this.#characters[this.#at + 1] !== "]" && isSingle(first);
      if (!isRange) {
        members.push(...first);
        continue;
      }
      this.#at++;
      const last = this.#member();
      members.push([first[0]?.[0] ?? 0, last[0]?.[0] ?? 0]);
    }
    return isNegated ? complement(members) : members;
  }

  #member(): CodePoints {
    if (!this.#take("\\")) return single(this.#must());
    // Within a class `\b` is the backspace.
    return this.#take("b") ? point(8) : this.#escape();
  }

  #next(): string | undefined {
    return this.#characters[this.#at];
  }

  #take(character: string): boolean {
    if (this.#next() !== character) return false;
    this.#at++;
    return true;
  }

  #must(): string {
    const character = this.#characters[this.#at++];
    if (character === undefined) throw new Unreadable("ends too early");
    return character;
  }

  #until(end: string): string {
    let text = "";
    for (let character = this.#must(); character !== end; character = this.#must()) text += character;
    return text;
  }
}

function point(code: number): CodePoints {
  return [[code, code]];
}

function single(character: string): CodePoints {
  return point(character.codePointAt(0) ?? 0);
}

function isSingle([range, ...others]: CodePoints): boolean {
  return others.length === 0 && range !== undefined && range[0] === range[1];
}

/** All code points that are not in `ranges`. A negated `\p` leaves none, which would hide it from a comparison: then all. */
function complement(ranges: CodePoints): CodePoints {
  const left: (readonly [number, number])[] = [];
  let from = 0;
  for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0])) {
    if (first > from) left.push([from, first - 1]);
    from = Math.max(from, last + 1);
  }
  if (from <= LAST) left.push([from, LAST]);
  return left.length === 0 ? EVERY : left;
}
