import { Lru } from "../kernel/lru.ts";
import type { ClientDirectory, ClientWithSecrets } from "../ports/clients.ts";
import type { RevocationView } from "../ports/edge_feed.ts";
import { clientChangeId } from "../protocol/client_entries.ts";
import type { ClientId } from "../protocol/ids.ts";

const FOUND_MS = 5 * 60_000;
const ABSENT_MS = 30_000;
const ENTRY_BYTES = 2_048;

interface Held {
  readonly found: ClientWithSecrets | null;
  readonly readAtMs: number;
}

/**
 * Clients in isolate memory, kept true by the edge feed: an entry that announces a newer version makes the next look-up
 * read the registry. Without a view of the feed nothing is taken from memory. Absent clients are remembered as well,
 * so that an unknown id costs what a known one does.
 */
export class ClientCache {
  readonly #directory: ClientDirectory;
  readonly #held = new Lru<Held>({ maxEntries: 5_000, maxBytes: 8 * 1024 * 1024 });

  constructor(directory: ClientDirectory) {
    this.#directory = directory;
  }

  /** The client called `id` at `nowMs`, or null. Throws `Outage`. */
  async find(id: ClientId, nowMs: number, view: RevocationView | null): Promise<ClientWithSecrets | null> {
    const held = view === null ? undefined : this.#held.get(id);
    if (held !== undefined && view !== null && isCurrent(held, id, nowMs, view)) return held.found;
    const found = await this.#directory.find(id);
    this.#held.set(id, { found, readAtMs: nowMs }, ENTRY_BYTES + heldBesideBytes(found));
    return found;
  }
}

/** What a client may hold much of, and most hold nothing of. */
function heldBesideBytes(found: ClientWithSecrets | null): number {
  if (found === null) return 0;
  const { assignments, attributes } = found.client;
  return 2 * JSON.stringify([assignments, attributes]).length;
}

function isCurrent({ found, readAtMs }: Held, id: ClientId, nowMs: number, view: RevocationView): boolean {
  const ageMs = nowMs - readAtMs;
  if (ageMs < 0 || ageMs > (found === null ? ABSENT_MS : FOUND_MS)) return false;
  return found === null || found.client.version >= view.leastEpoch("config", clientChangeId(id));
}
