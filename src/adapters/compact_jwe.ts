import { fromBase64url, fromUtf8, toBase64url, utf8 } from "../kernel/bytes.ts";
import { isJsonObject, parseStrictJson } from "../kernel/strict_json.ts";

/**
 * JWE in its compact form (RFC 7516 §7.1), of the one kind that is sealed here: a shared key of 256 bits, used as it is (`dir`, RFC 7518 §4.5),
 * with AES-GCM (`A256GCM`, §5.3). By the platform's cipher, because the library brings every other kind along, which was 5 KiB of the
 * authorizer; any other JWE library opens what is sealed here.
 */

const CIPHER = "AES-GCM";
const KIND = { alg: "dir", enc: "A256GCM" };
/** A nonce is random and never chosen: 96 bits (RFC 7518 §5.3). */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A compact JWE taken apart; nothing in it is proven until it opens. */
export interface UnopenedJwe {
  readonly header: Readonly<Record<string, unknown>>;
  /** The text inside. Throws where `key`, of 32 bytes, does not open it, or what is inside is no text. */
  open(key: Uint8Array<ArrayBuffer>): Promise<string>;
}

/** Seals `text` under `key`, of 32 bytes. Anybody can read the members of `header`, and nobody can change them. */
export async function sealJwe(
  text: string,
  header: Readonly<Record<string, string>>,
  key: Uint8Array<ArrayBuffer>,
): Promise<string> {
  const protectedHeader = toBase64url(utf8(JSON.stringify({ ...header, ...KIND })));
  const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const cipherKey = await crypto.subtle.importKey("raw", key, CIPHER, false, ["encrypt"]);
  const algorithm = { name: CIPHER, iv, additionalData: utf8(protectedHeader) };
  const sealed = new Uint8Array(await crypto.subtle.encrypt(algorithm, cipherKey, utf8(text)));
  const parts = [iv, sealed.subarray(0, -TAG_BYTES), sealed.subarray(-TAG_BYTES)];
  return [protectedHeader, "", ...parts.map(toBase64url)].join(".");
}

/** Takes `jwe` apart; null where it is none of this kind. */
export function parseJwe(jwe: string): UnopenedJwe | null {
  const [protectedHeader = "", encryptedKey, ...rest] = jwe.split(".");
  const header = parseHeader(protectedHeader);
  const [iv, ciphertext, tag, ...more] = rest.map(fromBase64url);
  if (header === null || encryptedKey !== "" || !iv || !ciphertext || !tag || more.length > 0) return null;
  // The platform would take a shorter tag's bytes from the ciphertext, and other nonces than are made here.
  if (iv.length !== NONCE_BYTES || tag.length !== TAG_BYTES) return null;
  return {
    header,
    async open(key) {
      const cipherKey = await crypto.subtle.importKey("raw", key, CIPHER, false, ["decrypt"]);
      const algorithm = { name: CIPHER, iv, additionalData: utf8(protectedHeader) };
      const sealed = new Uint8Array([...ciphertext, ...tag]);
      const text = fromUtf8(new Uint8Array(await crypto.subtle.decrypt(algorithm, cipherKey, sealed)));
      if (text === null) throw new Error("what was sealed is no text");
      return text;
    },
  };
}

/** What changes how the rest is read (`zip`, `crit`: RFC 7516 §4.1.3, §4.1.13) is refused: nothing that is sealed here has it. */
function parseHeader(encoded: string): UnopenedJwe["header"] | null {
  const bytes = fromBase64url(encoded);
  const text = bytes === null ? null : fromUtf8(bytes);
  const header = text === null ? undefined : parseStrictJson(text);
  if (!isJsonObject(header) || header.alg !== KIND.alg || header.enc !== KIND.enc) return null;
  return "zip" in header || "crit" in header ? null : header;
}
