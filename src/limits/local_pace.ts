import { Lru } from "../kernel/lru.ts";
import { type Spacing, takeSpaced } from "./spaced.ts";

const BOUNDS = { maxEntries: 10_000, maxBytes: 4 * 1024 * 1024 };
const ENTRY_BYTES = 192;

/** A spaced budget for each key, in this isolate's memory alone: it costs nothing to ask, and another isolate counts for itself. */
export class LocalPace {
  readonly #spacing: Spacing;
  readonly #fullAtMs = new Lru<number>(BOUNDS);

  /** `perMinute` at once, and as many again spread over each minute. */
  constructor(perMinute: number) {
    this.#spacing = { burst: perMinute, everyMs: 60_000 / perMinute };
  }

  /** Takes one of `key`'s; otherwise whole seconds to wait. */
  take(key: string, nowMs: number): number {
    const { fullAtMs, retryAfterMs } = takeSpaced(this.#fullAtMs.get(key) ?? 0, this.#spacing, nowMs);
    if (retryAfterMs > 0) return Math.ceil(retryAfterMs / 1_000);
    this.#fullAtMs.set(key, fullAtMs, ENTRY_BYTES);
    return 0;
  }
}
