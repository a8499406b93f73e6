import { heldBytes } from "../kernel/held_bytes.ts";
import { Lru } from "../kernel/lru.ts";
import { SharedReadings } from "../kernel/shared_readings.ts";
import type { ApiKeyRecords } from "../ports/api_keys.ts";
import type { Defer, RevocationView } from "../ports/edge_feed.ts";
import type { ApiKeyRecord } from "../protocol/api_key.ts";
import { NO_ATTRIBUTES } from "../protocol/attribute_values.ts";
import { carriedAt, carriedBytes } from "../protocol/holdings.ts";
import { type CredentialEntry, laterIdentityBytes } from "./credential_entry.ts";
import { describedBy } from "./described.ts";
import { type KeyPlaces, keyPlaces, keyQuota } from "./key_terms.ts";

/** A key whose record was read in this isolate. */
export interface CachedApiKey extends CredentialEntry {
  readonly record: ApiKeyRecord;
  /** Where it may be used from; null for anywhere. */
  readonly places: KeyPlaces | null;
  /** When the first of the roles that it has now ends; null for never. */
  readonly rolesEndAtMs: number | null;
}

const REFRESH_MS = 5 * 60_000;
const FORGET_MS = 60 * 60_000;
const ABSENT_MS = 30_000;
const ENDED_MS = 30_000;
const ENTRY_BYTES = 1_536;
/** Terms are held as they came and as they were read. */
const TERM_FACTOR = 8;
const ABSENT_BYTES = 128;
const DIGEST_BYTES = 384;

type Held = { readonly key: CachedApiKey; readonly readAtMs: number };

/**
 * API keys in isolate memory: this memory, then KV near the user, then, only for a key that the edge feed announces and
 * KV does not know yet, the issuer. Absent keys are remembered apart, so that made-up ones cannot push out real ones.
 */
export class ApiKeyCache {
  readonly #near: ApiKeyRecords;
  readonly #issuer: ApiKeyRecords;
  readonly #held = new Lru<Held>({ maxEntries: 8_000, maxBytes: 12 * 1024 * 1024 });
  readonly #absent = new Lru<{ readonly announced: number; readonly atMs: number }>({
    maxEntries: 10_000,
    maxBytes: 2 * 1024 * 1024,
  });
  readonly #digests = new Lru<string>({ maxEntries: 8_000, maxBytes: 4 * 1024 * 1024 });
  readonly #reading = new SharedReadings<CachedApiKey | null>();

  constructor(near: ApiKeyRecords, issuer: ApiKeyRecords) {
    this.#near = near;
    this.#issuer = issuer;
  }

  /** The digest of a key string that was found here before. Only those are kept: what is made up cannot push them out. */
  knownDigest(text: string): string | undefined {
    return this.#digests.get(text);
  }

  /** Keeps the digest of a key string that was found. It stays in this isolate's memory, as verified tokens do. */
  keepDigest(text: string, hash: string): void {
    this.#digests.set(text, hash, DIGEST_BYTES);
  }

  /** Whether an answer for `hash` is in memory, so that asking costs nothing. */
  remembers(hash: string, nowMs: number, view: RevocationView): boolean {
    const announced = view.leastEpoch("api_key", hash);
    const held = this.#held.get(hash);
    if (held !== undefined) {
      const { record } = held.key;
      // One that ended is read again now and then: it may have changed while nobody here saw the announcement.
      const keepMs = record.epoch < view.leastEpoch("api_key", record.id) ? ENDED_MS : FORGET_MS;
      return record.epoch >= announced && nowMs - held.readAtMs <= keepMs;
    }
    const absent = this.#absent.get(hash);
    return absent !== undefined && absent.announced === announced && nowMs - absent.atMs <= ABSENT_MS;
  }

  /** The key whose string has the digest `hash`, or null where there is none. Throws `Outage`. */
  async find(hash: string, nowMs: number, view: RevocationView, defer: Defer): Promise<CachedApiKey | null> {
    const held = this.#held.get(hash);
    if (!this.remembers(hash, nowMs, view)) return this.#read(hash, nowMs, view, defer);
    if (held === undefined) return null;
    if (held.key.identities.size > 1) this.#held.resize(hash, bytesOf(held.key));
    if (nowMs - held.readAtMs > REFRESH_MS) defer(this.#read(hash, nowMs, view, defer).catch(() => undefined));
    const { rolesEndAtMs, record } = held.key;
    const isWhole = rolesEndAtMs === null || rolesEndAtMs > nowMs;
    return isWhole ? held.key : this.#keep(hash, record, held.readAtMs, nowMs);
  }

  /** Keeps the key as `record` has it at `nowMs`: roles that have ended are none of its. */
  #keep(hash: string, record: ApiKeyRecord, readAtMs: number, nowMs: number): CachedApiKey {
    const { terms } = record;
    const places = terms === undefined ? null : keyPlaces(terms);
    const key = { record, places, ...credentialOf(record, nowMs), identities: new Map() };
    this.#held.set(hash, { key, readAtMs }, bytesOf(key));
    return key;
  }

  /** One reading per key and announcement, shared by all that wait. */
  #read(hash: string, nowMs: number, view: RevocationView, defer: Defer): Promise<CachedApiKey | null> {
    const announced = view.leastEpoch("api_key", hash);
    return this.#reading.join(`${hash}:${announced}`, nowMs, defer, () => this.#load(hash, nowMs, announced));
  }

  async #load(hash: string, nowMs: number, announced: number): Promise<CachedApiKey | null> {
    const near = await this.#near.find(hash);
    const record = announced > (near?.epoch ?? 0) ? await this.#issuer.find(hash) : near;
    if (record === null) {
      this.#held.delete(hash);
      this.#absent.set(hash, { announced, atMs: nowMs }, ABSENT_BYTES);
      return null;
    }
    return this.#keep(hash, record, nowMs, nowMs);
  }
}

function bytesOf(key: CachedApiKey): number {
  const { terms, scopes, roles } = key.record;
  const termBytes = terms === undefined ? 0 : TERM_FACTOR * JSON.stringify(terms).length;
  // Names are held by themselves and in the first identity.
  const names = 2 * (heldBytes(scopes) + heldBytes(roles) + carriedBytes(key.principal));
  return ENTRY_BYTES + termBytes + names + laterIdentityBytes(key);
}

function credentialOf(
  record: ApiKeyRecord,
  nowMs: number,
): Omit<CredentialEntry, "identities"> & Pick<CachedApiKey, "rolesEndAtMs"> {
  const { roles, assignments = [], attributes = NO_ATTRIBUTES } = record;
  const carried = carriedAt({ roles, assignments, attributes }, nowMs);
  // What is made of it, such as signed identities, outlives no role.
  const ends = [record.expiresAtMs, record.secretExpiresAtMs, carried.endsAtMs].filter((end) => end !== null);
  return {
    principal: {
      v: 1,
      kind: "api_key",
      id: record.id,
      publishable: record.kind === "publishable",
      scopes: record.scopes,
      roles: carried.roles,
      ...describedBy(carried),
    },
    rolesEndAtMs: carried.endsAtMs,
    credentialId: record.id,
    expiresAtMs: ends.length === 0 ? null : Math.min(...ends),
    quota: record.terms === undefined ? undefined : keyQuota(record.id, record.terms),
  };
}
