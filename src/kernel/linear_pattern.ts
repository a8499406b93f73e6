import { type CodePoints, type Pattern, type PatternTree, parsePattern } from "./pattern_syntax.ts";

/**
 * Which regular expressions may be matched against what callers send. JavaScript's RegExp tries one way after the other: on
 * `^(a+)+$` thirty characters take it longer than anyone lives. This module owns the proof that it never has more than
 * one way to go on, and refuses whatever it cannot prove, harmless patterns among it.
 */

/** Beyond this many characters to compare with (repetitions written out) a pattern is refused. */
const MAX_PLACES = 2_000;
/** A pattern that may begin anywhere is tried from each character: so far it may look from there. */
const MAX_UNTIED_PLACES = 256;

/**
 * Why matching `source` (with the flag `u`) may take more than time proportional to the text's length; null where it cannot.
 * Of a pattern that passes, each character of the text decides alone how the match goes on: after each place in it, the
 * places that can follow take different characters, and each of them follows in one way only. So what the
 * matcher tries beside the one way there is dies at its first character.
 */
export function linearPatternFault(source: string): string | null {
  const parsed = parsePattern(source);
  if (!parsed.ok) return parsed.error;
  const places = countPlaces(parsed.value.tree);
  if (places > MAX_PLACES) return `is too large: its repetitions, written out, are over ${MAX_PLACES} characters`;
  return untiedFault(parsed.value, places) ?? ambiguity(parsed.value.tree);
}

function untiedFault({ tree, fromStart }: Pattern, places: number): string | null {
  if (fromStart) return null;
  if (isUnbounded(tree)) return "repeats without a bound and may begin anywhere: begin it with `^`";
  return places > MAX_UNTIED_PLACES ? "is long and may begin anywhere: begin it with `^`" : null;
}

function countPlaces(tree: PatternTree): number {
  switch (tree.kind) {
    case "one":
      return 1;
    case "sequence":
      return tree.parts.reduce((sum, part) => sum + countPlaces(part), 0);
    case "choice":
      return tree.options.reduce((sum, option) => sum + countPlaces(option), 0);
    case "repeat":
      return countPlaces(tree.part) * copies(tree);
  }
}

/** How often a repetition is written out: `x{2,}` is `xx+`, `x{2,5}` is `xx(x(x(x)?)?)?`. */
function copies({ min, max }: { readonly min: number; readonly max: number }): number {
  return max === Number.POSITIVE_INFINITY ? Math.max(1, min) : Math.max(1, max);
}

function isUnbounded(tree: PatternTree): boolean {
  switch (tree.kind) {
    case "one":
      return false;
    case "sequence":
      return tree.parts.some(isUnbounded);
    case "choice":
      return tree.options.some(isUnbounded);
    case "repeat":
      return tree.max === Number.POSITIVE_INFINITY || isUnbounded(tree.part);
  }
}

/** One character to compare with, and those that can come right after it: one entry for each way there. */
interface Place {
  readonly of: CodePoints;
  readonly next: Place[];
}

/** The places where a part of a pattern can begin and end, and whether it can be nothing at all. */
interface Span {
  readonly first: readonly Place[];
  readonly last: readonly Place[];
  readonly canBeEmpty: boolean;
}

class Ambiguous extends Error {}

const NOTHING: Span = { first: [], last: [], canBeEmpty: true };

function ambiguity(tree: PatternTree): string | null {
  const places: Place[] = [];
  try {
    const { first } = spanOf(tree, places);
    if (!isDecided(first)) throw new Ambiguous("has two ways to begin with one character");
    if (!places.every(({ next }) => isDecided(next))) throw new Ambiguous("has two ways to go on with one character");
    return null;
  } catch (error) {
    if (error instanceof Ambiguous) return `${error.message}: matching could take very long`;
    throw error;
  }
}

function spanOf(tree: PatternTree, places: Place[]): Span {
  switch (tree.kind) {
    case "one": {
      const place: Place = { of: tree.of, next: [] };
      places.push(place);
      return { first: [place], last: [place], canBeEmpty: false };
    }
    case "sequence":
      return tree.parts.reduce<Span>((before, part) => chain(before, spanOf(part, places)), NOTHING);
    case "choice": {
      const spans = factored(tree.options).map((option) => spanOf(option, places));
      if (spans.filter(({ canBeEmpty }) => canBeEmpty).length > 1) throw new Ambiguous("has two ways to match nothing");
      return {
        first: spans.flatMap(({ first }) => first),
        last: spans.flatMap(({ last }) => last),
        canBeEmpty: spans.some(({ canBeEmpty }) => canBeEmpty),
      };
    }
    case "repeat":
      return repeated(tree, places);
  }
}

/**
 * `POST|PUT` as `P(?:OST|UT)`: words with one beginning are told apart where they part. What a matcher tries of the others is no
 * longer than they are. Only for words: options with repetitions stay as they are.
 */
function factored(options: readonly PatternTree[]): readonly PatternTree[] {
  const words = options.map(wordOf);
  if (!words.every((word) => word !== null)) return options;
  const byFirst = Map.groupBy(words, ([first]) => JSON.stringify(first));
  return [...byFirst.values()].flatMap((group) => {
    const [[first] = []] = group;
    // The same word twice stays two options, which is for the caller to refuse.
    if (first === undefined || group.length === 1) return group.map((parts) => ({ kind: "sequence", parts }));
    const rests = group.map((word): PatternTree => ({ kind: "sequence", parts: word.slice(1) }));
    return [{ kind: "sequence", parts: [first, { kind: "choice", options: rests }] }];
  });
}

function wordOf(tree: PatternTree): readonly PatternTree[] | null {
  if (tree.kind === "one") return [tree];
  return tree.kind === "sequence" && tree.parts.every(({ kind }) => kind === "one") ? tree.parts : null;
}

function repeated(tree: Extract<PatternTree, { kind: "repeat" }>, places: Place[]): Span {
  const { part, min, max } = tree;
  if (max === 0) return NOTHING;
  const spans = Array.from({ length: copies(tree) }, () => spanOf(part, places));
  if (spans[0]?.canBeEmpty) throw new Ambiguous("repeats what can be nothing");
  if (max === Number.POSITIVE_INFINITY) {
    const again = spans.at(-1) ?? NOTHING;
    follow(again, again);
  }
  // From the last copy to the first: those beyond `min` may be left out, each with all that come after it.
  return spans.reduceRight<Span>((after, span, index) => {
    const both = chain(span, after);
    return index >= min ? { ...both, canBeEmpty: true } : both;
  }, NOTHING);
}

function chain(before: Span, after: Span): Span {
  follow(before, after);
  return {
    first: before.canBeEmpty ? [...before.first, ...after.first] : before.first,
    last: after.canBeEmpty ? [...before.last, ...after.last] : after.last,
    canBeEmpty: before.canBeEmpty && after.canBeEmpty,
  };
}

function follow(before: Span, after: Span): void {
  for (const place of before.last) place.next.push(...after.first);
}

/** Whether no character fits two of `places`. A place that is there twice, by two ways, fits itself. */
function isDecided(places: readonly Place[]): boolean {
  if (places.length < 2) return true;
  const ranges = places
    .flatMap((place) => place.of.map(([first, last]) => ({ first, last, place })))
    .sort((a, b) => a.first - b.first);
  let reach = -1;
  let owner: Place | null = null;
  const seen = new Set<Place>();
  for (const place of places) {
    if (seen.has(place)) return false;
    seen.add(place);
  }
  for (const { first, last, place } of ranges) {
    if (first <= reach && place !== owner) return false;
    if (last > reach) {
      reach = last;
      owner = place;
    }
  }
  return true;
}
