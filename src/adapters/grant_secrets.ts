import { fromBase64url, toBase64url, utf8 } from "../kernel/bytes.ts";
import { completed } from "../kernel/completed.ts";
import { fromBase62, type RandomBytes, toBase62 } from "../kernel/random.ts";
import type { GrantSecrets, Locator, LocatorPurpose } from "../ports/grant_secrets.ts";
import { type GrantId, parseGrantId, parseUserId } from "../protocol/ids.ts";

/**
 * A sealed locator: one byte that hints at the key, 12 of a random IV, then AES-256-GCM over the user's 16 bytes and, for
 * a grant, the grant's 16, with its tag. The purpose is authenticated. 61 bytes for a code or a refresh token, 45 for a
 * session: a token stays short enough for a cookie or a query.
 *
 * The IV is random, so two seals of one user have nothing in common. Under one key 2^32 seals are safe (NIST SP 800-38D
 * §8.3): rotate the key before.
 */
const HINT_BYTES = 1;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const ID_BYTES = 16;
const ID_WIDTH = 22;

/** One configured key, and the keys derived from it (RFC 5869): no two uses share one. */
interface GrantKey {
  readonly hint: number;
  readonly sealing: CryptoKey;
  readonly deriving: CryptoKey;
  readonly digesting: CryptoKey;
}

/**
 * `GrantSecrets` under the keys of `secret`: `<id>:<base64url of 32 bytes>`, several separated by commas, the current one
 * first. Null when malformed; the message of a fault must never quote the secret.
 *
 * The keys are derived on first use and kept.
 */
export function parseGrantSecrets(secret: string, random: RandomBytes): GrantSecrets | null {
  const raw = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const part of secret.split(",")) {
    const [id, encoded, ...rest] = part.trim().split(":");
    const key = encoded === undefined ? null : fromBase64url(encoded);
    if (!id || key?.length !== 32 || rest.length > 0 || raw.has(id)) return null;
    raw.set(id, key);
  }
  const keys = completed<readonly GrantKey[]>(() => Promise.all([...raw].map(([id, key]) => deriveKeys(id, key))));
  return new AesGrantSecrets(keys, random);
}

class AesGrantSecrets implements GrantSecrets {
  readonly #keys: () => Promise<readonly GrantKey[]>;
  readonly #random: RandomBytes;

  constructor(keys: () => Promise<readonly GrantKey[]>, random: RandomBytes) {
    this.#keys = keys;
    this.#random = random;
  }

  async seal(locator: Locator, purpose: LocatorPurpose): Promise<string> {
    const { hint, sealing } = await this.#current();
    const iv = this.#random(IV_BYTES);
    const plain = await crypto.subtle.encrypt(algorithm(iv, purpose), sealing, encodeLocator(locator));
    return toBase64url(joined([new Uint8Array([hint]), iv, new Uint8Array(plain)]));
  }

  async open(sealed: string, purpose: LocatorPurpose): Promise<Locator | null> {
    const bytes = fromBase64url(sealed);
    if (bytes === null || !isSealedLength(bytes.length)) return null;
    const iv = bytes.slice(HINT_BYTES, HINT_BYTES + IV_BYTES);
    const body = bytes.slice(HINT_BYTES + IV_BYTES);
    for (const { hint, sealing } of await this.#keys()) {
      // A hint of one byte may fit two keys: the tag decides.
      const plain = hint === bytes[0] ? await decrypted(iv, purpose, sealing, body) : null;
      if (plain !== null) return decodeLocator(plain);
    }
    return null;
  }

  /**
   * HMAC of grant and presented secret. Each secret is used for one generation alone (the first is random, every later one
   * is such an HMAC of its forerunner), so the secret itself says which generation follows, and a counter would
   * add nothing. Two callers with one secret get one successor; without the key nobody gets any.
   */
  async successorOf(grant: GrantId, presented: string): Promise<string> {
    const { deriving } = await this.#current();
    return mac(deriving, grant, presented);
  }

  async digest(purpose: string, text: string): Promise<string> {
    const { digesting } = await this.#current();
    return mac(digesting, purpose, text);
  }

  async #current(): Promise<GrantKey> {
    const [current] = await this.#keys();
    if (current === undefined) throw new Error("no grant key is configured");
    return current;
  }
}

async function deriveKeys(id: string, raw: Uint8Array<ArrayBuffer>): Promise<GrantKey> {
  const root = await crypto.subtle.importKey("raw", raw, "HKDF", false, ["deriveKey"]);
  const derive = (use: string, into: SubtleCryptoDeriveKeyAlgorithm | HmacKey | AesKey, usages: string[]) =>
    crypto.subtle.deriveKey(
      { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: utf8(`sallyport ${use}`) },
      root,
      into,
      false,
      usages,
    );
  const [sealing, deriving, digesting, digest] = await Promise.all([
    derive("locator", AES, ["encrypt", "decrypt"]),
    derive("successor", HMAC, ["sign"]),
    derive("digest", HMAC, ["sign"]),
    crypto.subtle.digest("SHA-256", utf8(id)),
  ]);
  return { hint: new Uint8Array(digest)[0] ?? 0, sealing, deriving, digesting };
}

interface AesKey {
  readonly name: "AES-GCM";
  readonly length: number;
}

interface HmacKey {
  readonly name: "HMAC";
  readonly hash: string;
  readonly length: number;
}

const AES: AesKey = { name: "AES-GCM", length: 256 };
const HMAC: HmacKey = { name: "HMAC", hash: "SHA-256", length: 256 };

function algorithm(iv: Uint8Array<ArrayBuffer>, purpose: LocatorPurpose) {
  return { name: "AES-GCM", iv, additionalData: utf8(purpose), tagLength: TAG_BYTES * 8 };
}

async function decrypted(
  iv: Uint8Array<ArrayBuffer>,
  purpose: LocatorPurpose,
  key: CryptoKey,
  body: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array | null> {
  try {
    return new Uint8Array(await crypto.subtle.decrypt(algorithm(iv, purpose), key, body));
  } catch {
    return null;
  }
}

/** HMAC-SHA-256 over two texts, the first with its length, so that no two pairs are one text. */
async function mac(key: CryptoKey, name: string, text: string): Promise<string> {
  const input = utf8(`${utf8(name).length}:${name}${text}`);
  return toBase64url(new Uint8Array(await crypto.subtle.sign("HMAC", key, input)));
}

function encodeLocator({ user, grant }: Locator): Uint8Array<ArrayBuffer> {
  const parts = [user, ...(grant === null ? [] : [grant])].map((id) => fromBase62(id.slice(-ID_WIDTH), ID_BYTES));
  return joined(
    parts.map((part) => {
      if (part === null) throw new Error("an id that was not made here");
      return part;
    }),
  );
}

function decodeLocator(plain: Uint8Array): Locator | null {
  const user = parseUserId(`usr_${toBase62(plain.slice(0, ID_BYTES), ID_WIDTH)}`);
  if (user === null) return null;
  if (plain.length === ID_BYTES) return { user, grant: null };
  const grant = parseGrantId(`grt_${toBase62(plain.slice(ID_BYTES), ID_WIDTH)}`);
  return grant === null ? null : { user, grant };
}

function isSealedLength(length: number): boolean {
  const ids = length - HINT_BYTES - IV_BYTES - TAG_BYTES;
  return ids === ID_BYTES || ids === 2 * ID_BYTES;
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
