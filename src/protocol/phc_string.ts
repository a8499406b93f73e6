import { fromBase64url, toBase64url } from "../kernel/bytes.ts";

/** What an Argon2id hash costs (RFC 9106 §3.1). One lane: an isolate has one thread. */
export interface Argon2Cost {
  readonly memoryKiB: number;
  readonly passes: number;
}

/** One Argon2id hash with all that is needed to compute it again. */
export interface Argon2Hash extends Argon2Cost {
  readonly salt: Uint8Array<ArrayBuffer>;
  readonly tag: Uint8Array<ArrayBuffer>;
}

/**
 * Bounds of what is computed again. A row that asks for more memory than an isolate can give would end the isolate, and with it
 * everybody's requests.
 */
const MOST_MEMORY_KIB = 65_536;
const MOST_PASSES = 10;

const NUMBER = "(0|[1-9][0-9]{0,6})";
const BASE64 = "([A-Za-z0-9+/]{11,86})";
const FORM = new RegExp(String.raw`^\$argon2id\$v=19\$m=${NUMBER},t=${NUMBER},p=1\$${BASE64}\$${BASE64}$`);

/** `hash` as a PHC string: `$argon2id$v=19$m=…,t=…,p=1$salt$tag`, base64 without padding. */
export function formatPhc({ memoryKiB, passes, salt, tag }: Argon2Hash): string {
  return `$argon2id$v=19$m=${memoryKiB},t=${passes},p=1$${toBase64(salt)}$${toBase64(tag)}`;
}

/** Reads what `formatPhc` wrote, or null. Strict: one spelling per hash, and nothing that would cost more than our own. */
export function parsePhc(text: string): Argon2Hash | null {
  const [, memory = "", passes = "", salt = "", tag = ""] = FORM.exec(text) ?? [];
  const hash = { memoryKiB: Number(memory), passes: Number(passes), salt: fromBase64(salt), tag: fromBase64(tag) };
  if (hash.salt === null || hash.tag === null) return null;
  const affordable = hash.memoryKiB >= 8 && hash.memoryKiB <= MOST_MEMORY_KIB && hash.passes <= MOST_PASSES;
  const long = hash.salt.length >= 8 && hash.tag.length >= 16;
  return affordable && hash.passes >= 1 && long ? { ...hash, salt: hash.salt, tag: hash.tag } : null;
}

function toBase64(bytes: Uint8Array): string {
  return toBase64url(bytes).replaceAll("-", "+").replaceAll("_", "/");
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  return fromBase64url(text.replaceAll("+", "-").replaceAll("/", "_"));
}
