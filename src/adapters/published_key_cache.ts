import type { KeyRing, PublishedKeyReader, PublishedKeys } from "../ports/key_ring.ts";

/** How old the published keys may be that an isolate tells, in seconds. */
export const PUBLISHED_KEY_SECONDS = 10;

const FRESH_MS = PUBLISHED_KEY_SECONDS * 1000;
const STALE_MS = 60 * 60_000;

/** The ring's public keys in isolate memory, so that asking for the JWKS in a loop does not become load on the ring. */
export class PublishedKeyCache implements PublishedKeyReader {
  readonly #ring: Pick<KeyRing, "published">;
  #held: { readonly keys: PublishedKeys; readonly readAtMs: number } | null = null;

  constructor(ring: Pick<KeyRing, "published">) {
    this.#ring = ring;
  }

  /**
   * The published keys, at most 10 s old and of `leastVersion` or newer. Old ones stand in for an hour while the ring
   * cannot be reached: verifiers had them already. Throws `Outage` without any.
   */
  async read(nowMs: number, leastVersion: number): Promise<PublishedKeys> {
    const held = this.#held;
    const ageMs = held === null ? Number.POSITIVE_INFINITY : nowMs - held.readAtMs;
    if (held !== null && ageMs <= FRESH_MS && held.keys.version >= leastVersion) return held.keys;
    try {
      const keys = await this.#ring.published();
      this.#held = { keys, readAtMs: nowMs };
      return keys;
    } catch (error) {
      if (held !== null && ageMs <= STALE_MS) return held.keys;
      throw error;
    }
  }
}
