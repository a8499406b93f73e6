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
  let number = 0n;
  for (const byte of bytes) number = (number << 8n) | BigInt(byte);
  let out = "";
  while (number > 0n) {
    out = BASE62.charAt(Number(number % 62n)) + out;
    number /= 62n;
  }
  return out.padStart(width, "0");
}

/** The `length` bytes that `toBase62` spelt as `text`, or null where no bytes of that length are spelt so. */
export function fromBase62(text: string, length: number): Uint8Array<ArrayBuffer> | null {
  let number = 0n;
  for (const symbol of text) {
    const value = BASE62.indexOf(symbol);
    if (value < 0) return null;
    number = number * 62n + BigInt(value);
  }
  const bytes = new Uint8Array(length);
  for (let at = length - 1; at >= 0; at--) {
    bytes[at] = Number(number & 0xffn);
    number >>= 8n;
  }
  return number === 0n ? bytes : null;
}
