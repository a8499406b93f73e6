import { toBase64url } from "./bytes.ts";

/** A source of `length` unpredictable bytes; passed in wherever a rule needs randomness. */
export type RandomBytes = (length: number) => Uint8Array<ArrayBuffer>;

/** The platform's cryptographic generator. */
export const platformRandom: RandomBytes = (length) => crypto.getRandomValues(new Uint8Array(length));

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** 128 random bits as 22 base64url characters: `jti` values. */
export function randomTokenId(random: RandomBytes): string {
  return toBase64url(random(16));
}

/** `bytes` read as one big-endian number, in base 62, left-padded with `0` to `width` characters. */
export function toBase62(bytes: Uint8Array, width: number): string {
  // A copy in every case: Node's `Buffer` has a `slice` that is a view, and what is done here would be done to the caller's bytes.
  const rest = new Uint8Array(bytes);
  let out = "";
  for (let from = 0; from < rest.length; ) {
    if (rest[from] === 0) from++;
    else out = BASE62.charAt(divide(rest, from, BASE62.length)) + out;
  }
  return out.padStart(width, "0");
}

/** The `length` bytes that `toBase62` spelt as `text`, or null where no bytes of that length are spelt so. */
export function fromBase62(text: string, length: number): Uint8Array<ArrayBuffer> | null {
  const bytes = new Uint8Array(length);
  for (const symbol of text) {
    let carry = BASE62.indexOf(symbol);
    if (carry < 0) return null;
    for (let at = length - 1; at >= 0; at--) {
      carry += (bytes[at] ?? 0) * BASE62.length;
      bytes[at] = carry & 0xff;
      carry >>= 8;
    }
    if (carry > 0) return null;
  }
  return bytes;
}

/** Divides the big-endian number that begins at `from` by `divisor`, where it is; what is left over. */
function divide(number: Uint8Array, from: number, divisor: number): number {
  let remainder = 0;
  for (let at = from; at < number.length; at++) {
    const part = remainder * 256 + (number[at] ?? 0);
    number[at] = Math.floor(part / divisor);
    remainder = part % divisor;
  }
  return remainder;
}
