import { fromBase64url } from "../kernel/bytes.ts";
import { parseJwe, sealJwe } from "./compact_jwe.ts";

/** Seals private keys under key-encryption keys (AES-256-GCM as JWE, RFC 7516), the first of which seals what is new. */
export interface KeyEncryption {
  readonly currentId: string;
  /** Whether the key called `id` is configured. Says nothing of whether its bytes are the ones that sealed. */
  knows(id: string): boolean;
  /** `text` sealed under the current key. `purpose` is authenticated: what was sealed for one purpose opens for no other. */
  seal(text: string, purpose: string): Promise<string>;
  /** Opens what any of the known keys sealed. Throws when it does not open. */
  open(sealed: string, purpose: string): Promise<string>;
}

/**
 * Reads a key-encryption secret: `<id>:<base64url of 32 bytes>`, several separated by commas, the current one first.
 * To rotate it, put a new one in front and drop the old one after the ring has sealed its keys anew.
 * Null when malformed; the message of a fault must never quote the secret.
 */
export function parseKeyEncryption(secret: string): KeyEncryption | null {
  const keys = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const part of secret.split(",")) {
    const [id, encoded, ...rest] = part.trim().split(":");
    const key = encoded === undefined ? null : fromBase64url(encoded);
    if (!id || key?.length !== 32 || rest.length > 0 || keys.has(id)) return null;
    keys.set(id, key);
  }
  const [current] = keys;
  if (current === undefined) return null;
  const [currentId, currentKey] = current;
  return {
    currentId,
    knows: (id) => keys.has(id),
    seal: (text, purpose) => sealJwe(text, { kid: currentId, purpose }, currentKey),
    open: async (sealed, purpose) => {
      const jwe = parseJwe(sealed);
      if (jwe === null) throw new Error("not what was sealed here");
      const { kid } = jwe.header;
      const key = typeof kid === "string" ? keys.get(kid) : undefined;
      if (key === undefined) throw new Error("sealed under a key-encryption key that is not configured");
      const text = await jwe.open(key);
      if (jwe.header.purpose !== purpose) throw new Error("sealed for another purpose");
      return text;
    },
  };
}
