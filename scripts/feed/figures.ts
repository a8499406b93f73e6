import { serialize } from "node:v8";
import { type RandomBytes, randomTokenId } from "../../src/kernel/random.ts";
import { apiKeyChanged } from "../../src/protocol/api_key_entries.ts";
import { clientTokensEnded } from "../../src/protocol/client_entries.ts";
import type { FeedEntry } from "../../src/protocol/edge_feed.ts";
import { newApiKeyId, newClientId, newUserId } from "../../src/protocol/ids.ts";
import { type Counted, randomFrom, type Topology } from "./model.ts";

/** Entries in one answer of the object. */
export const PAGE_ENTRIES = 1_000;
/** What an entry takes in an isolate, by the heap of V8 with 100,000 of them: 285 to 370 bytes. */
export const HELD_BYTES = 330;
export const MONTH_SECONDS = 30 * 86_400;

/** Cloudflare's published prices (Workers Paid) in US dollars: developers.cloudflare.com/durable-objects/platform/pricing */
export const PRICES = {
  perMillionRequests: 0.15,
  perMillionGbSeconds: 12.5,
  perMillionRowsRead: 0.001,
  perMillionRowsWritten: 1,
  included: { requests: 1e6, gbSeconds: 4e5, rowsRead: 25e9, rowsWritten: 50e6 },
  /** An object is billed for this much memory while it is at work. */
  objectGb: 0.128,
};

/** What SQLite counts, as the object's cursors told it: a pull's own rows, and the rows of an entry's whole life. */
const ROWS = { perPull: 2, writtenPerEntry: 4, scansPerMinute: 2 };

/** `count` entries as the issuer makes them: by turns a token, a client, a user and a key, with ids of their real length. */
export function someEntries(count: number, seed = 1): readonly FeedEntry[] {
  const next = randomFrom(seed);
  const random: RandomBytes = (length) => Uint8Array.from({ length }, () => Math.floor(next() * 256));
  const nowMs = 1_800_000_000_000;
  const made = [
    (): FeedEntry => ({
      kind: "token",
      id: randomTokenId(random),
      epoch: 1,
      untilMs: nowMs + Math.floor(next() * 900_000),
    }),
    () => clientTokensEnded(newClientId(random), 2, nowMs),
    (): FeedEntry => ({ kind: "user", id: newUserId(random), epoch: 2, untilMs: nowMs + 960_000 }),
    () => apiKeyChanged(newApiKeyId(random), 2, [], nowMs)[0],
  ];
  return Array.from({ length: count }, (_, at) => made[at % made.length]?.()).filter((entry) => entry !== undefined);
}

/** The bytes of one answer as it goes over RPC: the platform's structured clone, which is V8's own serializer. */
export function pageBytes(entries: readonly FeedEntry[]): number {
  const position = { generation: "00000000-0000-4000-8000-000000000000", seq: 1_000_000 };
  return serialize({ position, entries, more: false }).byteLength;
}

/** What a cold isolate takes in before it can answer: pages, one after the other, and their bytes. */
export function coldStart(entries: number, entryBytes: number, tripMs: number) {
  // A full page says that there may be more.
  const pages = Math.floor(entries / PAGE_ENTRIES) + 1;
  return { pages, bytes: entries * entryBytes, ms: pages * tripMs, heldBytes: entries * HELD_BYTES };
}

/** Dollars a month beyond what the plan includes. `alive`: entries that the object holds at a time. */
export function monthlyCost(counted: Counted, topology: Topology, revocationsPerMinute: number, alive: number) {
  const of = (used: number, included: number, perMillion: number) => (Math.max(0, used - included) / 1e6) * perMillion;
  const months = MONTH_SECONDS / counted.seconds;
  const minutes = MONTH_SECONDS / 60;
  const { included } = PRICES;
  // What a location's cache answers costs nothing.
  const requests = (counted.objectPulls + counted.replicaPulls) * months + revocationsPerMinute * minutes;
  const gbSeconds = (1 + topology.replicas) * MONTH_SECONDS * PRICES.objectGb;
  const read = (counted.objectPulls * ROWS.perPull + counted.objectEntries) * months;
  const swept = ROWS.scansPerMinute * alive * minutes;
  const written = revocationsPerMinute * minutes * ROWS.writtenPerEntry;
  return {
    requests: of(requests, included.requests, PRICES.perMillionRequests),
    duration: of(gbSeconds, included.gbSeconds, PRICES.perMillionGbSeconds),
    read: of(read + swept, included.rowsRead, PRICES.perMillionRowsRead),
    written: of(written, included.rowsWritten, PRICES.perMillionRowsWritten),
  };
}
