const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const NO_SYMBOL = 0xff;
const VALUE_OF = new Uint8Array(128).fill(NO_SYMBOL);
for (let value = 0; value < BASE64URL.length; value++) VALUE_OF[BASE64URL.charCodeAt(value)] = value;

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** UTF-8 bytes of `text`. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text) as Uint8Array<ArrayBuffer>;
}

/** Text of UTF-8 `bytes`, or null where they are not UTF-8. A byte order mark is kept, not swallowed. */
export function fromUtf8(bytes: Uint8Array): string | null {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return null;
  }
}

/** base64url without padding (RFC 4648 §5). */
export function toBase64url(bytes: Uint8Array): string {
  let out = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const a = bytes[at] ?? 0;
    const b = bytes[at + 1];
    const c = bytes[at + 2];
    out += BASE64URL.charAt(a >> 2) + BASE64URL.charAt(((a & 3) << 4) | ((b ?? 0) >> 4));
    if (b !== undefined) out += BASE64URL.charAt(((b & 15) << 2) | ((c ?? 0) >> 6));
    if (c !== undefined) out += BASE64URL.charAt(c & 63);
  }
  return out;
}

/**
 * Bytes of unpadded base64url, or null. Strict: no padding, no other alphabet, no white space, and the unused low bits
 * of the last symbol are zero, so that one byte string has exactly one spelling (RFC 4648 §3.5). A verifier that
 * takes several spellings of a token lets a revoked one return in another.
 */
export function fromBase64url(text: string): Uint8Array<ArrayBuffer> | null {
  if (text.length % 4 === 1) return null;
  const out = new Uint8Array(Math.floor((text.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let written = 0;
  for (let at = 0; at < text.length; at++) {
    const value = VALUE_OF[text.charCodeAt(at)] ?? NO_SYMBOL;
    if (value === NO_SYMBOL) return null;
    bits = ((bits << 6) | value) & 0xffff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      out[written++] = (bits >> held) & 0xff;
    }
  }
  return (bits & ((1 << held) - 1)) === 0 ? out : null;
}

/** `bytes` in hexadecimal, lower case. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** SHA-256 of UTF-8 `text`, as unpadded base64url: 43 characters. */
export async function sha256Base64url(text: string): Promise<string> {
  return toBase64url(new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(text))));
}

/** SHA-256 of UTF-8 `text`, in lower-case hexadecimal: 64 characters. */
export async function sha256Hex(text: string): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(text))));
}

/** Whether two digests are equal, in time that depends on neither. Both are ASCII of equal length by construction. */
export function equalDigests(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let at = 0; at < a.length; at++) difference |= a.charCodeAt(at) ^ b.charCodeAt(at);
  return difference === 0;
}
