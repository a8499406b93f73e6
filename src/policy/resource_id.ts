/** How ids of a resource type are written: any text, or whole numbers alone. */
export type IdType = "string" | "int";

/** Longer ids name nothing that anybody keeps. In UTF-16 units. */
export const MAX_ID = 256;
/** Digits of a whole number that any reader of 64 bits takes. */
const WHOLE = /^(?:0|[1-9]\d{0,18})$/;
/** What a reader may drop (blanks at an end, control characters), or takes for a way through a path, also once it has decoded `%2F`. */
const LOOSE = /^\s|\s$|\p{Cc}|(?:^|[/\\])\.{1,2}(?:[/\\]|$)/u;
const ASCII = /^[\x21-\x7e]+$/;

/**
 * The id that `value`, as it came with a call, is; null where it is none, or where somebody else may read another one in it. Nothing is mended:
 * the origin gets what was sent, so what was decided on has to be that, character by character. `written` tells a value of JSON from a
 * text of the URL: there a number is a number, and a text that looks like one is a text.
 */
export function resourceId(value: unknown, type: IdType, written: "url" | "json"): string | null {
  if (type === "int") {
    const isNumber = typeof value === "bigint" || (typeof value === "number" && Number.isSafeInteger(value));
    const isTaken = written === "url" ? typeof value === "string" : isNumber && !Object.is(value, -0);
    return isTaken && WHOLE.test(String(value)) ? String(value) : null;
  }
  if (typeof value !== "string" || value === "" || value.length > MAX_ID) return null;
  if (ASCII.test(value)) return LOOSE.test(value) ? null : value;
  // Two spellings of one letter are two ids here and may be one there.
  return value.isWellFormed() && value.normalize("NFC") === value && !LOOSE.test(value) ? value : null;
}
