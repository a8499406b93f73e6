import { sha256Base64url } from "../kernel/bytes.ts";
import { Lru } from "../kernel/lru.ts";
import type { ClearanceOf } from "../protocol/captcha_clearance.ts";

/** As long as the service would have taken the proof itself. */
const LIFE_MS = 300_000;
const ENTRY_BYTES = 160;

/**
 * Proofs that let nothing pass: they were good, and the limits of their calls then refused. The service takes each once, so that whoever solved one would have
 * to solve another. Here it counts for one call more, of the same caller from the same address, in the isolate that saw it.
 */
export class UnspentProofs {
  readonly #solved = new Lru<number>({ maxEntries: 2_000, maxBytes: 512 * 1024 });

  /** Keeps the proof called `name`, which was solved at `solvedAtMs`. */
  keep(name: string, solvedAtMs: number): void {
    this.#solved.set(name, solvedAtMs, ENTRY_BYTES);
  }

  /** When the proof called `name` was solved; null where it is none of these. From now on it is none: of two at once one has it. */
  take(name: string, nowMs: number): number | null {
    const solvedAtMs = this.#solved.get(name);
    if (solvedAtMs === undefined) return null;
    this.#solved.delete(name);
    return Math.abs(nowMs - solvedAtMs) < LIFE_MS ? solvedAtMs : null;
  }
}

/** What `token` is called here, as a proof of `of` and of nobody else. */
export function proofName(token: string, { action, subject, address }: ClearanceOf): Promise<string> {
  return sha256Base64url(JSON.stringify([token, action, subject, address]));
}
