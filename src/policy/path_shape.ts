import { patternShape, type RoutePattern } from "./route_pattern.ts";

/**
 * Paths without what is one person's or one thing's: what may be written down of calls that no route lists. Nobody can tell a name from a
 * word, but numbers, ids, addresses and tokens can be told from both.
 */

const MAX_SEGMENTS = 6;
/** Words as people name parts of an API, a file or a version: no digit, no capital, nothing long. */
const WORD = /^\.?[a-z]{1,16}(?:[._-][a-z]{1,16}){0,3}$/;
const VERSION = /^v\d{1,2}$/;
const PLACEHOLDER = ":";
const REST = "*";

/** The beginnings of all `patterns`, for `pathShape`. */
export function knownShapes(patterns: readonly RoutePattern[]): ReadonlySet<string> {
  const known = new Set<string>();
  for (const pattern of patterns) {
    for (let length = 1; length <= pattern.length; length++) known.add(patternShape(pattern.slice(0, length)));
  }
  return known;
}

/**
 * The shape of a path of decoded `segments`: what routes name, as they name it, with `:` for what they take as a parameter; of the rest only
 * plain words, `:` for anything else, and `*` for what is deep. At most 400 characters.
 */
export function pathShape(segments: readonly string[], known: ReadonlySet<string>): string {
  let at: string | null = "";
  const parts: string[] = [];
  for (const segment of segments.slice(0, MAX_SEGMENTS)) {
    const { part, next } = shapeOf(segment, at, known);
    parts.push(part);
    at = next;
  }
  if (segments.length > MAX_SEGMENTS) parts.push(REST);
  return `/${parts.join("/")}`;
}

/** One segment behind `before`, which is null where no route begins so. */
function shapeOf(segment: string, before: string | null, known: ReadonlySet<string>) {
  if (before !== null) {
    const literal = `${before}/${segment}`;
    const isName = segment !== PLACEHOLDER && segment !== REST && segment.length <= 64;
    if (isName && known.has(literal)) return { part: segment, next: literal };
    const parameter = `${before}/${PLACEHOLDER}`;
    if (known.has(parameter)) return { part: PLACEHOLDER, next: parameter };
  }
  const isWord = segment === "" || VERSION.test(segment) || (segment.length <= 32 && WORD.test(segment));
  return { part: isWord ? segment : PLACEHOLDER, next: null };
}
