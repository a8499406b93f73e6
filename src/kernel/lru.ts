/** How much a cache may hold: entries, and the sum of their sizes in bytes. */
export interface LruBounds {
  readonly maxEntries: number;
  readonly maxBytes: number;
}

/**
 * A map bounded in entries and bytes that forgets what was used longest ago. The caller states each entry's size.
 * An entry larger than the whole bound is not kept.
 */
export class Lru<V> {
  readonly #bounds: LruBounds;
  readonly #entries = new Map<string, { value: V; bytes: number }>();
  #bytes = 0;

  constructor(bounds: LruBounds) {
    this.#bounds = bounds;
  }

  /** The value of `key`, now the most recently used one. */
  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** Keeps `value`, forgetting the least recently used entries until the bounds hold again. */
  set(key: string, value: V, bytes: number): void {
    this.delete(key);
    if (bytes > this.#bounds.maxBytes) return;
    this.#entries.set(key, { value, bytes });
    this.#bytes += bytes;
    this.#shrink();
  }

  /** What is held under `key` takes `bytes` from now on: it grew or shrank where it is, and the bounds hold again. */
  resize(key: string, bytes: number): void {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.bytes === bytes) return;
    if (bytes > this.#bounds.maxBytes) {
      this.delete(key);
      return;
    }
    this.#bytes += bytes - entry.bytes;
    entry.bytes = bytes;
    this.#shrink();
  }

  #shrink(): void {
    while (this.#entries.size > this.#bounds.maxEntries || this.#bytes > this.#bounds.maxBytes) {
      const oldest = this.#entries.keys().next();
      if (oldest.done) return;
      this.delete(oldest.value);
    }
  }

  /** Forgets `key`. */
  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }

  /** Entries held now. */
  get size(): number {
    return this.#entries.size;
  }

  /** Sum of the stated sizes held now. */
  get bytes(): number {
    return this.#bytes;
  }
}
