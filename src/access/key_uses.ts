import { Lru } from "../kernel/lru.ts";
import type { Defer } from "../ports/edge_feed.ts";
import type { KeyUseRecords } from "../ports/key_uses.ts";
import type { ApiKeyId } from "../protocol/ids.ts";

/** A key's use is told again after so long. */
const NOTE_MS = 5 * 60_000;
const BATCH = 100;
const MAX_WAITING = 1_000;
/** A telling whose own request was cut off never settles: after this long it is given up. */
const STUCK_MS = 10_000;
const ENTRY_BYTES = 128;

/**
 * When keys were last used: told behind the response, at most once in five minutes for each key and isolate, and together with those
 * that come while an earlier telling is on its way. What an isolate takes with it when it ends, or cannot tell, is lost: it
 * is a help for tidying up, no record of uses.
 */
export class KeyUses {
  readonly #records: KeyUseRecords;
  readonly #lost: (keys: number, error: unknown) => void;
  readonly #told = new Lru<number>({ maxEntries: 10_000, maxBytes: 2 * 1024 * 1024 });
  #waiting = new Map<ApiKeyId, number>();
  /** When the telling that is on its way began. */
  #startedMs: number | null = null;

  /** `lost` hears of what could not be told. */
  constructor(records: KeyUseRecords, lost: (keys: number, error: unknown) => void) {
    this.#records = records;
    this.#lost = lost;
  }

  /** Notes that `key` was taken at `nowMs` (Unix milliseconds). Costs a look-up where it is known already. */
  note(key: ApiKeyId, nowMs: number, defer: Defer): void {
    const toldAtMs = this.#told.get(key);
    if (toldAtMs !== undefined && Math.abs(nowMs - toldAtMs) < NOTE_MS) return;
    this.#told.set(key, nowMs, ENTRY_BYTES);
    if (this.#waiting.size < MAX_WAITING) this.#waiting.set(key, nowMs);
    if (this.#startedMs !== null && nowMs - this.#startedMs < STUCK_MS) return;
    this.#startedMs = nowMs;
    defer(this.#tell(nowMs));
  }

  async #tell(startedMs: number): Promise<void> {
    while (this.#waiting.size > 0 && this.#startedMs === startedMs) {
      const batch = [...this.#waiting].slice(0, BATCH);
      for (const [key] of batch) this.#waiting.delete(key);
      await this.#records
        .note(batch.map(([id, atMs]) => ({ id, atMs })))
        .catch((error: unknown) => this.#lost(batch.length, error));
    }
    if (this.#startedMs === startedMs) this.#startedMs = null;
  }
}
