import { fromUtf8 } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";

export type CanonicalFault = "path_ambiguous" | "path_too_long";

export interface CanonicalPath {
  readonly decoded: readonly string[];
  readonly path: string;
}

const MAX_CHARACTERS = 4 * 1024;
const MAX_SEGMENTS = 64;

/** Nothing to decode and nothing to doubt: most requests. */
const PLAIN = /^(?:\/[A-Za-z0-9_~-]+)+$/;
const UNRESERVED = /[A-Za-z0-9._~-]/;
/** `pchar` of RFC 3986 that need no encoding, less `;`, which some servers cut off as a path parameter. */
const KEPT = /[A-Za-z0-9._~!$&'()*+,=:@-]/;

/**
 * Splits a path into decoded segments and spells it anew. Refused is whatever another server could read as another path:
 * empty and dot segments, encoded or raw slashes and backslashes, path parameters, control characters, bytes that are
 * not UTF-8, a second layer of percent-encoding, characters that compatibility folding turns into separators,
 * segments that end in a dot or a space (some file systems drop it). The root is the empty list.
 */
export function canonicalSegments(pathname: string): Result<CanonicalPath, CanonicalFault> {
  if (pathname.length > MAX_CHARACTERS) return err("path_too_long");
  if (pathname === "/") return ok({ decoded: [], path: "/" });
  if (!pathname.startsWith("/")) return err("path_ambiguous");
  const raw = pathname.slice(1).split("/");
  if (raw.length > MAX_SEGMENTS) return err("path_too_long");
  if (PLAIN.test(pathname)) return ok({ decoded: raw, path: pathname });
  const decoded: string[] = [];
  for (const [index, segment] of raw.entries()) {
    const text = decodeSegment(segment);
    // One trailing slash names another resource than the path without it; it is kept, as an empty last segment.
    const isTrailingSlash = segment === "" && index === raw.length - 1;
    if (text === null || !(isTrailingSlash || isUnambiguous(text))) return err("path_ambiguous");
    decoded.push(text);
  }
  return ok({ decoded, path: `/${decoded.map(encodeSegment).join("/")}` });
}

function decodeSegment(segment: string): string | null {
  const bytes: number[] = [];
  for (let at = 0; at < segment.length; at++) {
    const code = segment.charCodeAt(at);
    if (code > 0x7f) return null;
    if (code !== 0x25) {
      bytes.push(code);
      continue;
    }
    const hex = segment.slice(at + 1, at + 3);
    if (!/^[0-9A-Fa-f]{2}$/.test(hex)) return null;
    bytes.push(Number.parseInt(hex, 16));
    at += 2;
  }
  return fromUtf8(Uint8Array.from(bytes));
}

function isUnambiguous(text: string): boolean {
  if (text === "" || /[.\s]$/.test(text)) return false;
  if (/[/\\;\u0000-\u001f\u007f-\u009f]/.test(text) || /%[0-9A-Fa-f]{2}/.test(text)) return false;
  // Fullwidth and similar forms of `/`, `\`, `.`, `;`, `%` become the plain ones in servers that fold (NFKC).
  return !/[^\u0000-\u007f]/.test(text) || separators(text.normalize("NFKC")) === separators(text);
}

function separators(text: string): number {
  return text.match(/[/\\.;%?#]/g)?.length ?? 0;
}

function encodeSegment(segment: string): string {
  let out = "";
  for (const symbol of segment) {
    out += KEPT.test(symbol) || UNRESERVED.test(symbol) ? symbol : percentEncode(symbol);
  }
  return out;
}

function percentEncode(symbol: string): string {
  let out = "";
  for (const byte of new TextEncoder().encode(symbol)) out += `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  return out;
}
