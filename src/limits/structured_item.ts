/** RFC 9651 §3.3.1: an Integer has at most 15 digits. */
const MAX_INTEGER = 999_999_999_999_999;

/** `value` as a structured Integer (RFC 9651 §4.1.4). Throws `RangeError` for what is none. */
export function structuredInteger(value: number): string {
  if (!Number.isInteger(value) || Math.abs(value) > MAX_INTEGER) throw new RangeError("not a structured integer");
  return String(value);
}

/** What needs no escape. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/**
 * `text` as a structured String (RFC 9651 §4.1.6). Throws `RangeError` for what it cannot carry, for a line break would
 * forge a field.
 */
export function structuredString(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  if (!/^[\x20-\x7e]*$/.test(text)) throw new RangeError("not printable ASCII");
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
