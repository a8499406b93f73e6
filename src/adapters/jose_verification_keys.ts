import { importJWK } from "jose";
import { Outage } from "../kernel/outage.ts";
import type { Defer } from "../ports/edge_feed.ts";
import type { KeySource, PublishedJwk } from "../ports/key_source.ts";
import type { SignatureAlgorithm } from "../protocol/jws.ts";

const REFRESH_MS = 5 * 60_000;
const STALE_MS = 60 * 60_000;
const COOLDOWN_MS = 2_000;
const STUCK_MS = 5_000;
const MIN_RSA_BITS = 2048;

/** What a key must be for each algorithm (RFC 7518 §3.1, RFC 8037 §3.1). */
const SHAPE: Readonly<Record<SignatureAlgorithm, { readonly kty: string; readonly crv?: string }>> = {
  ES256: { kty: "EC", crv: "P-256" },
  RS256: { kty: "RSA" },
  PS256: { kty: "RSA" },
  EdDSA: { kty: "OKP", crv: "Ed25519" },
};

/**
 * One issuer's public keys in isolate memory. Refreshed behind a request when older than 5 minutes, used for at most an
 * hour while the issuer cannot be reached. A key id that is not known asks the issuer once per cooldown, so that made-up
 * ids cannot become traffic.
 */
export class VerificationKeys {
  readonly #source: KeySource;
  #published: readonly PublishedJwk[] = [];
  #imported = new Map<string, CryptoKey | null>();
  #fetchedAtMs = Number.NEGATIVE_INFINITY;
  #triedAtMs = Number.NEGATIVE_INFINITY;
  /** When an unknown key id last made us ask. */
  #missedAtMs = Number.NEGATIVE_INFINITY;
  #fetching: Promise<void> | null = null;
  /** Whether the last fetch failed. */
  #failing = false;

  constructor(source: KeySource) {
    this.#source = source;
  }

  /** The key called `kid` for `alg`, or null when the issuer has none. Throws `Outage` when it cannot tell. */
  async find(kid: string, alg: SignatureAlgorithm, nowMs: number, defer: Defer): Promise<CryptoKey | null> {
    const ageMs = nowMs - this.#fetchedAtMs;
    if (ageMs > STALE_MS) {
      // Every request needs keys now: without a pause an outage of the issuer would become traffic to it.
      if (!this.#mayTry(nowMs)) throw new Outage("issuer_keys", { cause: "cooldown" });
      await this.#fetch(nowMs, defer);
      return this.#import(kid, alg);
    }
    if (ageMs > REFRESH_MS && this.#mayTry(nowMs)) this.#fetch(nowMs, defer).catch(() => undefined);
    const known = await this.#import(kid, alg);
    if (known !== null) return known;
    if (!this.#mayAskFor(nowMs)) {
      // What the issuer could not be asked for is not known to be absent.
      if (this.#failing) throw new Outage("issuer_keys", { cause: "cooldown" });
      return null;
    }
    await this.#fetch(nowMs, defer);
    return this.#import(kid, alg);
  }

  #mayTry(nowMs: number): boolean {
    return nowMs - this.#triedAtMs > COOLDOWN_MS || this.#fetching !== null;
  }

  /** Whether to ask for a key id that is not known. All that arrive during a fetch wait for its answer. */
  #mayAskFor(nowMs: number): boolean {
    if (this.#fetching !== null) return true;
    if (nowMs - this.#missedAtMs <= COOLDOWN_MS) return false;
    this.#missedAtMs = nowMs;
    return true;
  }

  /**
   * Shared by all requests that wait, and handed to the platform: whoever began it may hang up without ending it. One
   * that never settles all the same is replaced after a while.
   */
  #fetch(nowMs: number, defer: Defer): Promise<void> {
    if (this.#fetching !== null && nowMs - this.#triedAtMs < STUCK_MS) return this.#fetching;
    this.#triedAtMs = nowMs;
    const fetching = this.#replace(nowMs).finally(() => {
      if (this.#fetching === fetching) this.#fetching = null;
    });
    this.#fetching = fetching;
    defer(fetching.catch(() => undefined));
    return fetching;
  }

  async #replace(nowMs: number): Promise<void> {
    this.#failing = true;
    this.#published = await this.#source.fetch();
    this.#failing = false;
    this.#imported = new Map();
    this.#fetchedAtMs = nowMs;
  }

  async #import(kid: string, alg: SignatureAlgorithm): Promise<CryptoKey | null> {
    const name = `${alg}:${kid}`;
    const held = this.#imported.get(name);
    if (held !== undefined) return held;
    const jwk = this.#published.find((key) => key.kid === kid && fits(key, alg));
    if (jwk === undefined) return null;
    const imported = this.#imported;
    const key = await importPublic(jwk, alg);
    imported.set(name, key);
    return key;
  }
}

/** A key serves one algorithm: its `alg`, where given, and its type decide, never the token alone (RFC 8725 §3.1). */
function fits(jwk: PublishedJwk, alg: SignatureAlgorithm): boolean {
  const { kty, crv } = SHAPE[alg];
  const algFits = jwk.alg === undefined || jwk.alg === alg || (alg === "EdDSA" && jwk.alg === "Ed25519");
  return algFits && jwk.kty === kty && (crv === undefined || jwk.crv === crv) && (jwk.use ?? "sig") === "sig";
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
