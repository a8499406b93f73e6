import { importJWK } from "jose";
import { Lru } from "../kernel/lru.ts";
import { Outage } from "../kernel/outage.ts";
import type { KeyStanding } from "../ports/access_tokens.ts";
import type { Defer } from "../ports/edge_feed.ts";
import type { KeptKeys, KeyCopies, KeySource, PublishedJwk } from "../ports/key_source.ts";
import type { SignatureAlgorithm } from "../protocol/jws.ts";
import { keyFor, materialOf, type VerificationJwk, verificationJwks } from "../protocol/published_key.ts";

/** How long keys are used and how often their publisher is asked, in milliseconds. */
export interface KeyTimes {
  /** Older than this they are fetched anew, behind a request. */
  readonly refreshMs: number;
  /** Older than this they prove nothing, whatever the publisher's health. */
  readonly staleMs: number;
  /** The pause between fetches for key ids that nobody knows. */
  readonly cooldownMs: number;
  /** For how long a key id that the publisher did not know is not asked for again. */
  readonly absentMs: number;
}

const OWN_RING: KeyTimes = { refreshMs: 5 * 60_000, staleMs: 60 * 60_000, cooldownMs: 2_000, absentMs: 0 };
/** The pause between fetches that fail. */
const RETRY_MS = 2_000;
const STUCK_MS = 5_000;
const MIN_RSA_BITS = 2048;
const ABSENT = { maxEntries: 1_000, maxBytes: 256 * 1024 };
const ABSENT_BYTES = 128;

/** A key that was imported, for as long as it stays published. */
export interface ProvingKey extends KeyStanding {
  readonly key: CryptoKey;
}

interface Imported {
  readonly kid: string;
  readonly alg: SignatureAlgorithm;
  readonly material: string;
  readonly key: CryptoKey | null;
  isWithdrawn: boolean;
}

/**
 * One issuer's public keys: in isolate memory, else from the copy that another isolate left, else from the issuer. A key
 * that is known is used at once, whatever the issuer does: refreshing goes on behind the request. A key id that is not
 * known asks the issuer once per cooldown, so that made-up ids cannot become traffic.
 */
export class VerificationKeys {
  readonly #source: KeySource;
  readonly #times: KeyTimes;
  readonly #copies: KeyCopies | null;
  #published: readonly VerificationJwk[] = [];
  #imported = new Map<string, Imported>();
  readonly #absent = new Lru<number>(ABSENT);
  #fetchedAtMs = Number.NEGATIVE_INFINITY;
  #copiedAtMs = Number.NEGATIVE_INFINITY;
  #triedAtMs = Number.NEGATIVE_INFINITY;
  /** When an unknown key id last made us ask. */
  #missedAtMs = Number.NEGATIVE_INFINITY;
  #loading: Promise<"source" | "copy"> | null = null;
  /** Whether the last fetch failed. */
  #failing = false;

  constructor(source: KeySource, times = OWN_RING, copies: KeyCopies | null = null) {
    this.#source = source;
    this.#times = times;
    this.#copies = copies;
  }

  /** The key called `kid` for `alg`, or null when the issuer has none. Throws `Outage` when it cannot tell. */
  async find(kid: string, alg: SignatureAlgorithm, nowMs: number, defer: Defer): Promise<CryptoKey | null> {
    return (await this.prove(kid, alg, nowMs, defer))?.key ?? null;
  }

  /** The same, with what tells later whether the key still counts. */
  async prove(kid: string, alg: SignatureAlgorithm, nowMs: number, defer: Defer): Promise<ProvingKey | null> {
    if (this.#isStale(nowMs)) {
      // Every request needs keys now: without a pause an outage of the issuer would become traffic to it.
      if (!this.#mayTry(nowMs)) throw new Outage("issuer_keys", { cause: "cooldown" });
      if ((await this.#load("copy_first", nowMs, defer)) === "source") return this.#import(kid, alg);
    }
    this.#refreshBehind(nowMs, defer);
    return (await this.#import(kid, alg)) ?? this.#seek(kid, alg, nowMs, defer);
  }

  /** Asks the issuer for a key id that is not known. All that arrive during a fetch wait for its answer. */
  async #seek(kid: string, alg: SignatureAlgorithm, nowMs: number, defer: Defer): Promise<ProvingKey | null> {
    const isAbsent = nowMs - (this.#absent.get(kid) ?? Number.NEGATIVE_INFINITY) < this.#times.absentMs;
    const mayAsk = this.#loading !== null || nowMs - this.#missedAtMs > this.#times.cooldownMs;
    if (isAbsent || !mayAsk) {
      // What the issuer could not be asked for is not known to be absent.
      if (this.#failing) throw new Outage("issuer_keys", { cause: "cooldown" });
      return null;
    }
    if (this.#loading === null) this.#missedAtMs = nowMs;
    // What was running may have read a copy: that says nothing of keys newer than it.
    if ((await this.#load("source", nowMs, defer)) === "copy") await this.#load("source", nowMs, defer);
    const found = await this.#import(kid, alg);
    if (found === null) this.#absent.set(kid, nowMs, ABSENT_BYTES + kid.length * 2);
    return found;
  }

  #isStale(nowMs: number): boolean {
    return nowMs - this.#fetchedAtMs > this.#times.staleMs;
  }

  #refreshBehind(nowMs: number, defer: Defer): void {
    if (nowMs - this.#fetchedAtMs <= this.#times.refreshMs || !this.#mayTry(nowMs)) return;
    this.#load("copy_first", nowMs, defer).catch(() => undefined);
  }

  #mayTry(nowMs: number): boolean {
    return nowMs - this.#triedAtMs > RETRY_MS || this.#loading !== null;
  }

  /**
   * Shared by all requests that wait, and handed to the platform: whoever began it may hang up without ending it. One
   * that never settles all the same is replaced after a while.
   */
  #load(how: "copy_first" | "source", nowMs: number, defer: Defer): Promise<"source" | "copy"> {
    if (this.#loading !== null && nowMs - this.#triedAtMs < STUCK_MS) return this.#loading;
    this.#triedAtMs = nowMs;
    const loading = this.#replace(how, nowMs, defer).finally(() => {
      if (this.#loading === loading) this.#loading = null;
    });
    this.#loading = loading;
    defer(loading.catch(() => undefined));
    return loading;
  }

  async #replace(how: "copy_first" | "source", nowMs: number, defer: Defer): Promise<"source" | "copy"> {
    const copy = how === "copy_first" ? await this.#usableCopy(nowMs) : null;
    if (copy !== null) {
      this.#adopt(verificationJwks(copy.keys), copy.fetchedAtMs);
      this.#copiedAtMs = copy.fetchedAtMs;
      return "copy";
    }
    this.#failing = true;
    const keys = verificationJwks(await this.#source.fetch(nowMs));
    this.#failing = false;
    this.#leaveCopy(keys, nowMs, defer);
    this.#adopt(keys, nowMs);
    return "source";
  }

  /** A copy that is worth more than what is here: fresh, or, where nothing here counts any more, not stale. */
  async #usableCopy(nowMs: number): Promise<KeptKeys | null> {
    const copy = (await this.#copies?.read().catch(() => null)) ?? null;
    if (copy === null || copy.fetchedAtMs > nowMs || copy.fetchedAtMs <= this.#fetchedAtMs) return null;
    const oldestMs = this.#isStale(nowMs) ? this.#times.staleMs : this.#times.refreshMs;
    return nowMs - copy.fetchedAtMs <= oldestMs ? copy : null;
  }

  /** Where the keys are the same ones, half the time between refreshes goes by before they are written again. */
  #leaveCopy(keys: readonly PublishedJwk[], nowMs: number, defer: Defer): void {
    const isSame = JSON.stringify(keys) === JSON.stringify(this.#published);
    if (this.#copies === null || (isSame && nowMs - this.#copiedAtMs < this.#times.refreshMs / 2)) return;
    this.#copiedAtMs = nowMs;
    defer(this.#copies.write({ keys, fetchedAtMs: nowMs }).catch(() => undefined));
  }

  /** Takes `keys` in the place of what was known: what is no longer among them proves nothing from now on. */
  #adopt(keys: readonly VerificationJwk[], fetchedAtMs: number): void {
    // A fetch that was given up on may still answer, after its successor did.
    if (fetchedAtMs < this.#fetchedAtMs) return;
    this.#published = keys;
    this.#fetchedAtMs = fetchedAtMs;
    for (const [name, imported] of this.#imported) {
      const jwk = keyFor(keys, imported.kid, imported.alg);
      if (jwk !== null && materialOf(jwk) === imported.material) continue;
      imported.isWithdrawn = true;
      this.#imported.delete(name);
    }
  }

  async #import(kid: string, alg: SignatureAlgorithm): Promise<ProvingKey | null> {
    const name = `${alg}:${kid}`;
    const held = this.#imported.get(name);
    if (held !== undefined) return this.#proving(held);
    const jwk = keyFor(this.#published, kid, alg);
    if (jwk === null) return null;
    const published = this.#published;
    const key = await importPublic(jwk, alg);
    // A set that came meanwhile may lack it.
    if (this.#published !== published) return this.#import(kid, alg);
    const imported = { kid, alg, material: materialOf(jwk), key, isWithdrawn: false };
    this.#imported.set(name, imported);
    return this.#proving(imported);
  }

  #proving(imported: Imported): ProvingKey | null {
    const { key } = imported;
    if (key === null) return null;
    const counts = (nowMs: number, defer: Defer) => {
      if (imported.isWithdrawn || this.#isStale(nowMs)) return false;
      this.#refreshBehind(nowMs, defer);
      return true;
    };
    return { key, counts };
  }
}

async function importPublic(
  { kty, crv, x, y, n, e }: PublishedJwk,
  alg: SignatureAlgorithm,
): Promise<CryptoKey | null> {
  try {
    const members = Object.fromEntries(
      Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => typeof value === "string"),
    );
    const key = await importJWK(members, alg);
    if (!("type" in key) || key.type !== "public") return null;
    return kty === "RSA" && modulusBits(key as CryptoKey) < MIN_RSA_BITS ? null : (key as CryptoKey);
  } catch {
    return null;
  }
}

function modulusBits(key: CryptoKey): number {
  return "modulusLength" in key.algorithm ? Number(key.algorithm.modulusLength) : 0;
}
