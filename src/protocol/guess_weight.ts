import { COMMON_PARTS, KEYBOARD_WALKS } from "./common_passwords.ts";

/** What a part of a password was recognised as: what a refusal gives as its reason. */
export type PartKind = "context" | "common" | "pattern" | "own";

/** How hard a password is to guess for somebody who knows how people make them up, in bits, and what it is made of. */
export interface GuessWeight {
  readonly bits: number;
  readonly kinds: ReadonlySet<PartKind>;
}

interface Part {
  readonly length: number;
  readonly bits: number;
  readonly kind: PartKind;
}

const CONTEXT_BITS = 4;
const COMMON_BITS = 8;
const FILLER_BITS = 4;
const RUN_BITS = 5;
const WALK_BITS = 6;
const YEAR_BITS = 6;
const REPEAT_BITS = 3;
const LETTER_BITS = 4.5;
const DIGIT_BITS = 4.3;
const OTHER_BITS = 8;
const SEPARATOR_BITS = 4;

/** A part shorter than this says nothing. */
const LEAST_PART = 3;
const LONGEST_COMMON = Math.max(...COMMON_PARTS.map((part) => part.length));
const COMMON: ReadonlySet<string> = new Set(COMMON_PARTS);
/** Each in both directions. */
const WALKS: readonly string[] = KEYBOARD_WALKS.flatMap((walk) => [walk, [...walk].reverse().join("")]);

const LEET: ReadonlyMap<string, string> = new Map([
  ["0", "o"],
  ["1", "i"],
  ["3", "e"],
  ["4", "a"],
  ["5", "s"],
  ["7", "t"],
  ["8", "b"],
  ["@", "a"],
  ["$", "s"],
  ["!", "i"],
  ["€", "e"],
  ["|", "l"],
]);

/**
 * Weighs `password` by the cheapest way to put it together from known parts: words of `context` (in lower case), common words,
 * runs, sequences, walks on the keyboard, years, and what came before; what is none of these counts by the
 * character. Case, accents of digits for letters and separators between parts add next to nothing, as they do for who guesses.
 * Past `enough` bits nothing more is weighed: what comes back is then a weight that the whole has at least.
 */
export function guessWeight(
  password: string,
  context: ReadonlySet<string>,
  enough = Number.POSITIVE_INFINITY,
): GuessWeight {
  const plain = [...password.toLowerCase()];
  const bare = plain.filter((char) => /[\p{L}\p{N}]/u.test(char));
  const separators = new Set(plain.filter((char) => !/[\p{L}\p{N}]/u.test(char)));
  const whole = weigh(plain, context, enough);
  const stripped = weigh(bare, context, enough);
  const joined = { ...stripped, bits: stripped.bits + separators.size * SEPARATOR_BITS };
  return joined.bits < whole.bits ? joined : whole;
}

interface Cheapest {
  readonly bits: number;
  readonly part: Part | null;
}

/** The cheapest sequence of parts that makes `chars`, from the front. */
function weigh(chars: readonly string[], context: ReadonlySet<string>, enough: number): GuessWeight {
  const leet = chars.map((char) => LEET.get(char) ?? char);
  const best: (Cheapest | undefined)[] = [{ bits: 0, part: null }];
  for (let at = 0; at < chars.length; at++) {
    // Every way to the end comes by one of those that are known from here on, and no part is for nothing.
    const least = Math.min(...best.slice(at).map((one) => one?.bits ?? Number.POSITIVE_INFINITY));
    if (least >= enough) return { bits: least, kinds: new Set() };
    const before = best[at]?.bits ?? 0;
    for (const part of partsAt(chars, leet, at, context)) {
      const end = at + part.length;
      const bits = before + part.bits;
      if (bits < (best[end]?.bits ?? Number.POSITIVE_INFINITY)) best[end] = { bits, part };
    }
  }
  const kinds = new Set<PartKind>();
  for (let at = chars.length; at > 0; ) {
    const part = best[at]?.part;
    if (part === null || part === undefined) break;
    kinds.add(part.kind);
    at -= part.length;
  }
  return { bits: best[chars.length]?.bits ?? 0, kinds };
}

function* partsAt(
  chars: readonly string[],
  leet: readonly string[],
  at: number,
  context: ReadonlySet<string>,
): Generator<Part> {
  yield { length: 1, bits: charBits(chars[at] ?? ""), kind: "own" };
  yield* wordsAt(chars, at, context);
  yield* wordsAt(leet, at, context);
  for (const length of [runLength(chars, at), sequenceLength(chars, at)]) {
    if (length >= LEAST_PART) yield* prefixes(length, RUN_BITS);
  }
  const walked = walkLength(chars, at);
  if (walked > LEAST_PART) yield* prefixes(walked, WALK_BITS);
  if (/^(?:19|20)\d\d$/.test(chars.slice(at, at + 4).join(""))) yield { length: 4, bits: YEAR_BITS, kind: "pattern" };
  const repeated = repeatLength(chars, at);
  if (repeated >= LEAST_PART) yield* prefixes(repeated, REPEAT_BITS);
}

/** A pattern may be left early, where a better part begins. */
function* prefixes(longest: number, bits: number): Generator<Part> {
  for (let length = LEAST_PART; length <= longest; length++) yield { length, bits, kind: "pattern" };
}

function* wordsAt(chars: readonly string[], at: number, context: ReadonlySet<string>): Generator<Part> {
  let word = "";
  const end = Math.min(chars.length, at + Math.max(LONGEST_COMMON, longest(context)));
  for (let to = at; to < end; to++) {
    word += chars[to];
    const length = to + 1 - at;
    if (context.has(word)) yield { length, bits: CONTEXT_BITS, kind: "context" };
    if (COMMON.has(word)) yield { length, bits: length > LEAST_PART ? COMMON_BITS : FILLER_BITS, kind: "common" };
  }
}

function longest(words: ReadonlySet<string>): number {
  let most = 0;
  for (const word of words) most = Math.max(most, word.length);
  return most;
}

/** How many times the character at `at` comes in a row. */
function runLength(chars: readonly string[], at: number): number {
  let end = at + 1;
  while (end < chars.length && chars[end] === chars[at]) end++;
  return end - at;
}

/** How long code points go up or down by one from `at`: `abc`, `987`; `90` and `09` are neighbours too. */
function sequenceLength(chars: readonly string[], at: number): number {
  const step = difference(chars[at], chars[at + 1]);
  if (Math.abs(step) !== 1) return 1;
  let end = at + 1;
  while (end < chars.length && difference(chars[end - 1], chars[end]) === step) end++;
  return end - at;
}

function difference(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return 0;
  if (a === "9" && b === "0") return 1;
  if (a === "0" && b === "9") return -1;
  return (b.codePointAt(0) ?? 0) - (a.codePointAt(0) ?? 0);
}

/** How far a walk on some keyboard goes from `at`. */
function walkLength(chars: readonly string[], at: number): number {
  let best = 1;
  for (const walk of WALKS) {
    let length = best + 1;
    while (at + length <= chars.length && walk.includes(chars.slice(at, at + length).join(""))) length++;
    best = Math.max(best, length - 1);
  }
  return best;
}

/** The longest stretch from `at` that stood before it already, perhaps overlapping itself. */
function repeatLength(chars: readonly string[], at: number): number {
  let best = 0;
  for (let from = 0; from < at; from++) {
    let length = 0;
    while (at + length < chars.length && chars[from + length] === chars[at + length]) length++;
    best = Math.max(best, length);
  }
  return best;
}

function charBits(char: string): number {
  if (/[0-9]/.test(char)) return DIGIT_BITS;
  return /[a-z]/.test(char) ? LETTER_BITS : OTHER_BITS;
}
