import { orOutage } from "../kernel/outage.ts";
import type { KeyRing, PublishedKeyReader, PublishedKeys } from "../ports/key_ring.ts";

/** How old the published keys may be that an isolate tells, in seconds. */
export const PUBLISHED_KEY_SECONDS = 10;

const FRESH_MS = PUBLISHED_KEY_SECONDS * 1000;
const STALE_MS = 60 * 60_000;
/** How long a reader waits for the ring where older keys could stand in for its answer. */
const PATIENCE_MS = 1_000;
/** After a failure the ring is not asked again so long, where older keys stand in. */
const PAUSE_MS = 2_000;

/** The ring's public keys in isolate memory, so that asking for the JWKS in a loop does not become load on the ring. */
export class PublishedKeyCache implements PublishedKeyReader {
  readonly #ring: Pick<KeyRing, "published">;
  #held: { readonly keys: PublishedKeys; readonly readAtMs: number } | null = null;
  #failedAtMs = Number.NEGATIVE_INFINITY;

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
    if (held === null || ageMs > STALE_MS) return this.#ask(nowMs);
    // Keys that were withdrawn meanwhile are worth waiting for: nobody is to be shown them while the ring can be asked.
    const isBehind = held.keys.version < leastVersion;
    if (!isBehind && Math.abs(nowMs - this.#failedAtMs) < PAUSE_MS) return held.keys;
    try {
      if (isBehind) return await this.#ask(nowMs);
      return await orOutage("published_keys", PATIENCE_MS, () => this.#ask(nowMs));
    } catch {
      this.#failedAtMs = nowMs;
      return held.keys;
    }
  }

  async #ask(nowMs: number): Promise<PublishedKeys> {
    const keys = await this.#ring.published();
    // Whoever was slow may come after one who was not.
    if (this.#held === null || this.#held.readAtMs <= nowMs) this.#held = { keys, readAtMs: nowMs };
    return keys;
  }
}
