import { sha256Base64url } from "../kernel/bytes.ts";
import { isJsonObject } from "../kernel/strict_json.ts";
import type { PageTokens, SearchPlace } from "../ports/page_tokens.ts";
import type { KeyEncryption } from "./key_encryption.ts";

/** Whoever pages through a search does so now. */
const LIFE_MS = 15 * 60_000;
const CLOCK_SKEW_MS = 60_000;
/** An id of 256 characters makes one of less than half of that. */
const MAX_TOKEN = 2_048;

/**
 * Page tokens sealed under a key-encryption key (AES-256-GCM). Sealed and not only signed, for they hold the candidate that was looked at last, which may
 * be one that the caller is not told of.
 */
export class SealedPageTokens implements PageTokens {
  readonly #encryption: Pick<KeyEncryption, "seal" | "open">;

  constructor(encryption: Pick<KeyEncryption, "seal" | "open">) {
    this.#encryption = encryption;
  }

  async seal(place: SearchPlace, search: string): Promise<string> {
    return this.#encryption.seal(JSON.stringify(place), await purposeOf(search));
  }

  async open(token: string, search: string, nowMs: number): Promise<SearchPlace | null> {
    if (token.length > MAX_TOKEN) return null;
    const purpose = await purposeOf(search);
    const text = await this.#encryption.open(token, purpose).catch(() => null);
    const place: unknown = text === null ? null : JSON.parse(text);
    if (!isJsonObject(place)) return null;
    const { after, limit, atMs } = place;
    if ((after !== null && typeof after !== "string") || typeof limit !== "number" || typeof atMs !== "number")
      return null;
    const ageMs = nowMs - atMs;
    return ageMs >= -CLOCK_SKEW_MS && ageMs <= LIFE_MS ? { after, limit, atMs } : null;
  }
}

/** By digest: the purpose is authenticated, and can be read by anybody. */
async function purposeOf(search: string): Promise<string> {
  return `authzen-page ${await sha256Base64url(search)}`;
}
