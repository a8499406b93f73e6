import { lenientName } from "./lenient_name.ts";

/** One `name=value` of a query or a form: decoded, and the value as it was written too. */
export interface QueryPair {
  readonly name: string;
  readonly value: string;
  readonly rawValue: string;
}

export const MAX_PAIRS = 500;

/**
 * The pairs of `text`, a query without its `?` or a form (WHATWG URL, application/x-www-form-urlencoded); null where servers
 * would read it differently: bytes that are not UTF-8, `;`, which some take for `&`, or more than 500 pairs.
 */
export function queryPairs(text: string): readonly QueryPair[] | null {
  if (text === "") return [];
  if (text.includes(";")) return null;
  const parts = text.split("&");
  if (parts.length > MAX_PAIRS) return null;
  const pairs: QueryPair[] = [];
  for (const part of parts) {
    if (part === "") continue;
    const at = part.indexOf("=");
    const rawValue = at === -1 ? "" : part.slice(at + 1);
    const name = decodedText(at === -1 ? part : part.slice(0, at));
    const value = decodedText(rawValue);
    if (name === null || value === null) return null;
    pairs.push({ name, value, rawValue });
  }
  return pairs;
}

/** What `name` is to a lenient server: `limit[]`, `limit.x` and `LIMIT` are `limit` to some. */
export function lenientStem(name: string): string {
  return lenientName(name.split(/[[.]/, 1)[0] ?? "").trim();
}

/** All that `name` may be to lenient servers: its stem, and what PHP makes of it, for which `doc.id`, `doc id` and `doc[id` are `doc_id`. */
export function lenientReadings(name: string): readonly string[] {
  const stem = lenientStem(name);
  if (!/[\s.[]/.test(name)) return [stem];
  const written = lenientName(name).trim();
  return [stem, ...[written.split("[", 1)[0] ?? "", written].map((text) => text.replace(/[\s.[]/g, "_"))];
}

/** `text` without its percent-encoding and with `+` as a space; null where that is no UTF-8. */
export function decodedText(text: string): string | null {
  if (!/[%+]/.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return null;
  }
}
