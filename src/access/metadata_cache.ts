import { Lru } from "../kernel/lru.ts";
import { SharedReadings } from "../kernel/shared_readings.ts";
import type { Attributes } from "../policy/decision_facts.ts";
import type { Defer } from "../ports/edge_feed.ts";
import type { MetadataAnswer, ResourceMetadata } from "../ports/resource_metadata.ts";

const ENTRY_BYTES = 256;
const TEXT_BYTES = 24;
const VALUE_BYTES = 16;

interface Held {
  readonly answer: MetadataAnswer;
  readonly untilMs: number;
}

/**
 * What origins told of their resources, for a while, in this isolate. Those that do not exist are remembered apart, so that made-up ids cannot push
 * out real ones. Whoever wants to know of the same one at once waits for the same question.
 */
export class MetadataCache {
  readonly #source: ResourceMetadata;
  readonly #ttlMs: number;
  readonly #held = new Lru<Held>({ maxEntries: 8_000, maxBytes: 2 * 1024 * 1024 });
  readonly #absent = new Lru<Held>({ maxEntries: 8_000, maxBytes: 512 * 1024 });
  readonly #asking = new SharedReadings<MetadataAnswer>();

  constructor(source: ResourceMetadata, ttlMs: number) {
    this.#source = source;
    this.#ttlMs = ttlMs;
  }

  /** What is remembered of `id` and may still be used; undefined where it has to be fetched. */
  known(id: string, nowMs: number): MetadataAnswer | undefined {
    const held = this.#held.get(id) ?? this.#absent.get(id);
    // A clock that was set back makes nothing last longer.
    const counts = held !== undefined && nowMs < held.untilMs && held.untilMs - nowMs <= this.#ttlMs;
    return counts ? held.answer : undefined;
  }

  /** What the origin says of `id`. Throws `Outage`. */
  fetch(id: string, nowMs: number, defer: Defer): Promise<MetadataAnswer> {
    return this.#asking.join(id, nowMs, defer, async () => {
      const answer = await this.#source.fetch(id, nowMs, defer);
      this.#keep(id, answer, nowMs);
      return answer;
    });
  }

  #keep(id: string, answer: MetadataAnswer, nowMs: number): void {
    const held = { answer, untilMs: nowMs + this.#ttlMs };
    this.#held.delete(id);
    this.#absent.delete(id);
    if (answer.kind === "absent") this.#absent.set(id, held, ENTRY_BYTES + 2 * id.length);
    else this.#held.set(id, held, ENTRY_BYTES + 2 * id.length + bytesOf(answer.attributes));
  }
}

function bytesOf(attributes: Attributes): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(attributes)) {
    const items = Array.isArray(value) ? value : [value];
    bytes += 2 * name.length + TEXT_BYTES;
    for (const item of items) bytes += typeof item === "string" ? 2 * item.length + TEXT_BYTES : VALUE_BYTES;
  }
  return bytes;
}
